Feature: Every limit that is written holds
  A portfolio manager answers for each limit of a mandate, whatever the objective.

  Background:
    Given the sample portfolio
    And a risk-free rate of 2%

  Scenario: A smallest weight for every name
    Given every name must weigh at least 2%
    When the maximum Sharpe ratio is asked for
    Then the answer is proven optimal
    And every name weighs at least 2%

  Scenario: A largest weight for every name
    Given no name may weigh more than 8%
    When the maximum Sharpe ratio is asked for
    Then the answer is proven optimal
    And no name weighs more than 8%

  Scenario: The tighter of the common limit and a name's own
    Given a portfolio of
      | name | expected return | volatility | at least | at most |
      | AAPL | 11%             | 25%        |          | 20%     |
      | XOM  | 8%              | 22%        | 10%      | 90%     |
      | JNJ  | 6%              | 15%        |          |         |
    And no name may weigh more than 60%
    And every name must weigh at least 5%
    When the maximum Sharpe ratio is asked for
    Then the answer is proven optimal
    And AAPL weighs at most 20%
    And XOM weighs at least 10%
    And no name weighs more than 60%
    And every name weighs at least 5%
    And AAPL is held at its largest weight

  Scenario: A largest weight for a sector
    Given sector technology may not weigh more than 10%
    And sector health_care may not weigh more than 15%
    When the maximum Sharpe ratio is asked for
    Then the answer is proven optimal
    And sector technology weighs at most 10%
    And sector health_care weighs at most 15%

  Scenario: A limit on turnover
    Given at most 10% of the portfolio may be turned over
    When the minimum volatility is asked for
    Then the answer is proven optimal
    And at most 10% of the portfolio is turned over

  Scenario: Long and short within a gross exposure
    Given every name must weigh at least -20%
    And gross exposure may not exceed 150%
    When the maximum Sharpe ratio is asked for
    Then the answer is proven optimal
    And every name weighs at least -20%
    And some name is sold short
    And gross exposure is at most 150%

  Scenario: A return to reach, at the least risk
    Given the expected return must reach 22%
    When the minimum volatility is asked for
    Then the answer is proven optimal
    And the expected return is at least 22%
    And what binds is
      | limit         |
      | target return |

  Scenario: A volatility not to exceed, at the highest return
    Given volatility may not exceed 18%
    When the maximum return is asked for
    Then the answer is proven optimal
    And volatility is at most 18%
    And what binds is
      | limit             |
      | target volatility |
