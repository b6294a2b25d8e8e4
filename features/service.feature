Feature: A service that a desk can rely on
  Mistakes are refused with a hint, one bad request does not affect the others, and the last answer can be read again.

  Scenario: A misspelt sector is refused with a hint
    Given the sample portfolio
    And sector tecnology may not weigh more than 25%
    When the maximum Sharpe ratio is asked for
    Then it is refused as invalid
    And the mistake is in sector tecnology
    And the hint is "did you mean technology"

  Scenario: A misspelt name is refused with a hint
    Given a portfolio of
      | name | expected return | volatility |
      | AAPL | 11%             | 25%        |
      | XOM  | 8%              | 22%        |
    And the covariance calls AAPL "APPL"
    When the maximum Sharpe ratio is asked for
    Then it is refused as invalid
    And the mistake is in the first name of the covariance
    And the hint is "did you mean AAPL?"

  Scenario: An unknown method is refused with those that there are
    Given the sample portfolio
    And the method MEAN_VARIANTS
    When the maximum Sharpe ratio is asked for
    Then it is refused as unsupported
    And the hint is "did you mean mean_variance"

  Scenario: A batch with one bad request
    Given a batch of a good request, one with contradicting limits, one that is not a request, and another good one
    When the batch is sent
    Then the first and the last are answered, and the others are refused
    And the good ones have the answers that they would have had alone
    And one of the bad ones has contradicting limits, and the other is not a request

  Scenario: The latest answer is kept, and a failure does not replace it
    Given a portfolio of
      | name | expected return | volatility |
      | AAPL | 11%             | 25%        |
      | XOM  | 8%              | 22%        |
    And nothing has been asked about it before
    Then there is no latest answer
    When the maximum Sharpe ratio is asked for
    Then the latest answer is the one that was given
    When more return is asked for than any name has
    Then the limits are refused as contradicting each other
    And the latest answer is the one that was given
