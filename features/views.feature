Feature: Views move the portfolio away from the market
  A portfolio manager who has no opinion holds the market. Each view moves the portfolio towards what it favours, as far as it is
  believed.

  Background:
    Given the sample portfolio
    And the method black_litterman
    And a risk aversion of 2.5

  Scenario: Without a view the market is held
    Given the covariance is taken as it is
    When the maximum utility is asked for
    Then the answer is proven optimal
    And every name weighs 5%

  Scenario: A view favours one name over another
    Given the view "AAPL - XOM = 0.15"
    When the maximum utility is asked for
    Then the answer is proven optimal
    And AAPL weighs more than 5%
    And XOM weighs less than 5%
    And AAPL is expected to return more than the market says

  Scenario: The more a view is believed the further it moves the portfolio
    Given the view that KO returns 2%, with a confidence of 20%
    When the maximum utility is asked for
    And the same is asked with a confidence of 80%
    Then KO weighs less than before

  Scenario: A view on a name that is not there
    Given the view "APPL = 0.15"
    When the maximum utility is asked for
    Then it is refused as invalid
    And the hint is "AAPL"

  Scenario: Two certain views of one name
    Given the view that KO returns 2%, with a confidence of 100%
    And the view that KO returns 9%, with a confidence of 100%
    When the maximum utility is asked for
    Then the limits are refused as contradicting each other
    And the conflict contains the first view
    And the conflict contains the second view

  Scenario: Views that the house keeps
    Given the house keeps the view "AAPL - XOM = 0.15" under the id house
    And the views are those that the house keeps under house
    When the maximum utility is asked for
    Then the answer is proven optimal
    And AAPL weighs more than 5%
    And the answer says that it stands on version 1 of the views of house
