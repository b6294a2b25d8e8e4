Feature: Limits that contradict each other are explained
  No portfolio can satisfy every wish. The answer then names a smallest set of limits that contradict each other, what
  each of them alone would have to be, and the least that has to give way.

  Background:
    Given the sample portfolio
    And a risk-free rate of 2%

  Scenario: Smallest weights that sum to more than everything
    Given every name must weigh at least 6%
    When the minimum volatility is asked for
    Then the limits are refused as contradicting each other
    And the conflict is
      | limit                  | alone it would do at |
      | budget                 |                      |
      | constraints.min_weight | 5%                   |
    And the least that has to give way is
      | limit                  | from | to |
      | constraints.min_weight | 6%   | 5% |

  Scenario: Sectors that leave too little room
    Given sector technology may not weigh more than 30%
    And each of the other sectors may not weigh more than 10%
    When the minimum volatility is asked for
    Then the limits are refused as contradicting each other
    And the conflict is
      | limit                                            | alone it would do at |
      | budget                                           |                      |
      | constraints.sector_limits.technology             | 40%                  |
      | constraints.sector_limits.health_care            | 20%                  |
      | constraints.sector_limits.energy                 | 20%                  |
      | constraints.sector_limits.financials             | 20%                  |
      | constraints.sector_limits.industrials            | 20%                  |
      | constraints.sector_limits.consumer_staples       | 20%                  |
      | constraints.sector_limits.consumer_discretionary | 20%                  |
    And the least that has to give way is
      | limit                                | from | to  |
      | constraints.sector_limits.technology | 30%  | 40% |

  Scenario: A smallest weight against the limit of a sector
    Given every name must weigh at least 4%
    And sector technology may not weigh more than 9%
    When the maximum Sharpe ratio is asked for
    Then the limits are refused as contradicting each other
    And the conflict is
      | limit                                | alone it would do at |
      | constraints.min_weight               | 3%                   |
      | constraints.sector_limits.technology | 12%                  |
    And the least that has to give way is
      | limit                  | from | to |
      | constraints.min_weight | 4%   | 3% |

  Scenario: Too little turnover for a new limit
    Given a portfolio of
      | name | expected return | volatility | held |
      | AAPL | 11%             | 25%        | 50%  |
      | XOM  | 8%              | 22%        | 30%  |
      | JNJ  | 6%              | 15%        | 20%  |
    And AAPL may not weigh more than 40%
    And at most 4% of the portfolio may be turned over
    When the maximum Sharpe ratio is asked for
    Then the limits are refused as contradicting each other
    And the conflict is
      | limit                      | alone it would do at |
      | strategies.AAPL.max_weight | 46%                  |
      | constraints.turnover_limit | 10%                  |
    And the least that has to give way is
      | limit                      | from | to  |
      | strategies.AAPL.max_weight | 40%  | 46% |

  Scenario: A return that no name has
    Given a portfolio of
      | name | expected return | volatility |
      | AAPL | 11%             | 25%        |
      | XOM  | 8%              | 22%        |
      | JNJ  | 6%              | 15%        |
    And the expected return must reach 12%
    When the minimum volatility is asked for
    Then the limits are refused as contradicting each other
    And the conflict is
      | limit                         | alone it would do at |
      | budget                        |                      |
      | long_only                     |                      |
      | risk_parameters.target_return | 11%                  |
    And the least that has to give way is
      | limit                         | from | to  |
      | risk_parameters.target_return | 12%  | 11% |

  Scenario: A volatility that no portfolio has
    Given volatility may not exceed 10%
    When the maximum return is asked for
    Then the limits are refused as contradicting each other
    And the conflict contains risk_parameters.target_volatility
    And the least that has to give way is the lowest volatility that the minimum has
