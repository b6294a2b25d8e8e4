Feature: Methods from other packages
  A method that an installed package adds is asked for by its name, and its answers are proven like any other.

  Background:
    Given a portfolio of
      | name | expected return | volatility |
      | AAPL | 11%             | 25%        |
      | XOM  | 8%              | 22%        |
      | JNJ  | 6%              | 15%        |
    And a method from another package

  Scenario: It is listed with its package
    Then it is listed with its citation and its package

  Scenario: It is asked for by name
    When the minimum volatility is asked for
    Then the answer is proven optimal
    And the answer names the package of the method
    And it is the portfolio that mean_variance finds

  Scenario: It is asked for by name in capitals
    Given its name is written in capitals
    When the minimum volatility is asked for
    Then the answer is proven optimal

  Scenario: A limit that it does not support is refused, not ignored
    Given gross exposure may not exceed 150%
    When the minimum volatility is asked for
    Then it is refused as unsupported
    And the mistake is in gross exposure
