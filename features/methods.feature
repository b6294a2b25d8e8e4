Feature: Methods that somebody else brought
  A method that is installed beside the service is asked for by its name, and its answers are proven like any other's.

  Background:
    Given a portfolio of
      | name | expected return | volatility |
      | AAPL | 11%             | 25%        |
      | XOM  | 8%              | 22%        |
      | JNJ  | 6%              | 15%        |
    And a method that a stranger brought

  Scenario: It is offered with the name of its distribution
    Then it is offered with its citation and the distribution that brought it

  Scenario: It is asked for by name
    When the minimum volatility is asked for
    Then the answer is proven optimal
    And it says which distribution it comes from
    And it is the portfolio that mean_variance finds

  Scenario: It is asked for by name in capitals
    Given its name is written in capitals
    When the minimum volatility is asked for
    Then the answer is proven optimal

  Scenario: What it cannot honour is refused, not dropped
    Given gross exposure may not exceed 150%
    When the minimum volatility is asked for
    Then it is refused as unsupported
    And the mistake is at /constraints/leverage_limit
