Feature: Limits that contradict each other are explained
  If no portfolio satisfies every limit, the answer names a smallest set of limits that contradict each other, the value
  at which each of them alone would be sufficient, and the smallest change that makes the problem solvable.

  Background:
    Given the sample portfolio
    And a risk-free rate of 2%

  Scenario: Smallest weights that sum to more than everything
    Given every name must weigh at least 6%
    When the minimum volatility is asked for
    Then the limits are refused as contradicting each other
    And the conflict is
      | limit           | sufficient alone     |
      | the budget      |                      |
      | smallest weight | 5%                   |
    And the smallest change that resolves it is
      | limit           | from | to |
      | smallest weight | 6%   | 5% |

  Scenario: Sectors that leave too little room
    Given sector technology may not weigh more than 30%
    And each of the other sectors may not weigh more than 10%
    When the minimum volatility is asked for
    Then the limits are refused as contradicting each other
    And the conflict is
      | limit                         | sufficient alone     |
      | the budget                    |                      |
      | sector technology             | 40%                  |
      | sector health_care            | 20%                  |
      | sector energy                 | 20%                  |
      | sector financials             | 20%                  |
      | sector industrials            | 20%                  |
      | sector consumer_staples       | 20%                  |
      | sector consumer_discretionary | 20%                  |
    And the smallest change that resolves it is
      | limit             | from | to  |
      | sector technology | 30%  | 40% |

  Scenario: A smallest weight against the limit of a sector
    Given every name must weigh at least 4%
    And sector technology may not weigh more than 9%
    When the maximum Sharpe ratio is asked for
    Then the limits are refused as contradicting each other
    And the conflict is
      | limit             | sufficient alone     |
      | smallest weight   | 3%                   |
      | sector technology | 12%                  |
    And the smallest change that resolves it is
      | limit           | from | to |
      | smallest weight | 4%   | 3% |

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
      | limit                  | sufficient alone     |
      | largest weight of AAPL | 46%                  |
      | turnover               | 10%                  |
    And the smallest change that resolves it is
      | limit                  | from | to  |
      | largest weight of AAPL | 40%  | 46% |

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
      | limit              | sufficient alone     |
      | the budget         |                      |
      | no short positions |                      |
      | target return      | 11%                  |
    And the smallest change that resolves it is
      | limit         | from | to  |
      | target return | 12%  | 11% |

  Scenario: A volatility that no portfolio has
    Given volatility may not exceed 10%
    When the maximum return is asked for
    Then the limits are refused as contradicting each other
    And the conflict contains target volatility
    And the smallest change that resolves it is to allow the lowest volatility that there is
