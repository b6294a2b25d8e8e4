Feature: Risk is spread as budgeted
  Weights that are alike are not risks that are alike. A portfolio manager states who may carry how much of the risk.

  Background:
    Given the sample portfolio
    And the method risk_parity

  Scenario: Everybody carries the same
    When risk parity is asked for
    Then the answer is proven optimal
    And every name carries 5% of the risk
    And the budgets are met

  Scenario: Sectors with budgets of their own
    Given these budgets of risk
      | sector                 | share |
      | technology             | 40%   |
      | health_care            | 10%   |
      | energy                 | 10%   |
      | financials             | 10%   |
      | industrials            | 10%   |
      | consumer_staples       | 10%   |
      | consumer_discretionary | 10%   |
    When risk parity is asked for
    Then the answer is proven optimal
    And sector technology carries 40% of the risk
    And sector energy carries 10% of the risk

  Scenario: A limit that does not let budgets be met
    Given no name may weigh more than 6%
    When risk parity is asked for
    Then the answer is proven optimal
    And no name weighs more than 6%
    And the budgets are not met, and it says for which names

  Scenario: As much risk as is wanted, the rest in cash
    Given all of it may have a volatility of 8%
    When risk parity is asked for
    Then volatility is 8%
    And what is not in the names is cash
