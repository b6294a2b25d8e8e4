Feature: The portfolio with the highest Sharpe ratio
  A portfolio manager wants the most excess return for the risk that is taken,
  and a proof that nobody could have done better within the same limits.

  Background:
    Given the sample portfolio
    And a risk-free rate of 2%

  Scenario: Fully invested, without short positions
    When the maximum Sharpe ratio is asked for
    Then the answer is proven optimal
    And the weights of all 20 names sum to 100%
    And no name is sold short
    And none of 20,000 random portfolios has a higher Sharpe ratio
    And expected return, volatility and Sharpe ratio agree with the prices

  Scenario: Within the limits of a real mandate
    Given no name may weigh more than 12%
    And sector technology may not weigh more than 25%
    And at most 30% of the portfolio may be turned over
    When the maximum Sharpe ratio is asked for
    Then the answer is proven optimal
    And no name weighs more than 12%
    And sector technology weighs at most 25%
    And at most 30% of the portfolio is turned over
    And what binds is
      | limit             |
      | turnover          |
      | sector technology |
    And each of them has a price above zero

  Scenario: Nothing beats cash
    Given a risk-free rate of 90%
    When the maximum Sharpe ratio is asked for
    Then it is refused as not applicable
    And the reason tells the best excess return
