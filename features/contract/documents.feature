Feature: The documents of the contract, each as it is written there
  Thirty names of three asset classes and six sectors are held, and a little cash.

  Scenario: An optimization that is carried out later
    Given the portfolio port-123456 with costs of 0.001 stored in its configuration
    And tax lots for all that it holds, bought at 99% of the latest price
    When an optimization is created with
      """
      {
        "portfolio_id": "port-123456",
        "optimization_type": "mean_variance",
        "objective": "maximize_sharpe",
        "risk_measure": "volatility",
        "constraints": {
          "max_position_size": 0.05,
          "min_position_size": 0.01,
          "max_sector_exposure": 0.30,
          "max_asset_class_exposure": 0.60,
          "max_turnover": 0.20,
          "target_volatility": 0.15
        },
        "preferences": {
          "risk_aversion": 4.0,
          "include_transaction_costs": true,
          "consider_tax_implications": true
        }
      }
      """
    Then it is accepted with the names and types of
      """
      {
        "optimization_id": "opt-789012",
        "portfolio_id": "port-123456",
        "status": "processing",
        "created_at": "2025-06-20T14:30:00Z",
        "estimated_completion_time": "2025-06-20T14:32:00Z"
      }
      """
    And once it has ended it has the names and types of
      """
      {
        "optimization_id": "opt-789012",
        "portfolio_id": "port-123456",
        "status": "completed",
        "created_at": "2025-06-20T14:30:00Z",
        "completed_at": "2025-06-20T14:31:45Z",
        "optimization_type": "mean_variance",
        "objective": "maximize_sharpe",
        "risk_measure": "volatility",
        "metrics": {
          "expected_return": 0.085,
          "expected_volatility": 0.145,
          "sharpe_ratio": 0.586,
          "max_drawdown": 0.185,
          "turnover": 0.175,
          "information_ratio": 0.42
        },
        "current_allocation": {"*": 0.04},
        "target_allocation": {"*": 0.05},
        "trades": [
          {
            "instrument_id": "AAPL",
            "action": "buy",
            "quantity": 100.0,
            "estimated_value": 17500.00,
            "weight_change": 0.01
          }
        ],
        "efficient_frontier": [
          {
            "return": 0.05,
            "risk": 0.08,
            "sharpe": 0.625
          }
        ]
      }
      """
    And every limit holds, and the turnover of 20% is used up
    And it is proven to be the best after the tax of 23.8% on what the sales gained

  Scenario: An efficient frontier
    Given the portfolio port-123456 with costs of 0.001 stored in its configuration
    When its efficient frontier is read
    Then the answer has the names and types of
      """
      {
        "portfolio_id": "port-123456",
        "risk_measure": "volatility",
        "efficient_frontier": [{"return": 0.04, "risk": 0.06, "sharpe": 0.667, "weights": {"*": 0.02}}],
        "current_portfolio": {"return": 0.075, "risk": 0.12, "sharpe": 0.625},
        "optimal_portfolio": {"return": 0.085, "risk": 0.11, "sharpe": 0.773},
        "min_risk_portfolio": {"return": 0.04, "risk": 0.06, "sharpe": 0.667},
        "max_return_portfolio": {"return": 0.12, "risk": 0.22, "sharpe": 0.545}
      }
      """
    And the frontier has 20 points

  Scenario: A rebalance plan
    Given the portfolio port-123456 with costs of 0.001 stored in its configuration
    And tax lots for all that it holds, bought at 60% of the latest price
    When a rebalance plan is asked for with
      """
      {
        "target_type": "optimal",
        "constraints": {
          "max_turnover": 0.15,
          "min_trade_size": 1000.00,
          "max_trades": 10,
          "consider_tax_implications": true
        }
      }
      """
    Then the answer has the names and types of
      """
      {
        "portfolio_id": "port-123456",
        "rebalance_id": "reb-345678",
        "created_at": "2025-06-20T15:30:00Z",
        "current_allocation": {"*": 0.04},
        "target_allocation": {"*": 0.05},
        "trades": [
          {
            "instrument_id": "AAPL",
            "action": "buy",
            "quantity": 100.0,
            "estimated_value": 17500.00,
            "weight_change": 0.01,
            "priority": 1
          }
        ],
        "metrics": {
          "turnover": 0.125,
          "expected_improvement": {"return": 0.005, "risk": -0.01, "sharpe": 0.08},
          "transaction_costs": 1250.00,
          "tax_implications": 3500.00
        }
      }
      """
    And there are at most 10 trades, none worth less than 1000
    And the tax is 23.8% of what the sales gained, as the settings of the service say
