Feature: The efficient frontier of a portfolio
  Least risk for each return, evenly spread, every point proven, and kept for whoever asks the same again.

  Scenario: The frontier of what is held
    Given the sample portfolio
    When its efficient frontier is asked for
    Then the frontier has 20 points
    And each of its portfolios has weights, return, risk and Sharpe ratio
    And return and risk grow along the frontier, and what more risk earns falls
    And no two steps along the frontier differ by more than 5%
    And every point of the frontier is proven

  Scenario Outline: Other measures of risk
    Given the sample portfolio
    When its efficient frontier of <measure> is asked for in 6 points
    Then the frontier has 6 points
    And return and risk grow along the frontier, and what more risk earns falls
    And every point of the frontier is proven

    Examples:
      | measure    |
      | volatility |
      | variance   |

  Scenario: The same question is answered by the frontier that is kept
    Given the sample portfolio
    When its efficient frontier of volatility is asked for in 7 points
    And it is asked for again
    Then the answer is the frontier that is kept
    And whoever has it already is told that nothing changed

  Scenario: A return that no portfolio is expected to earn
    Given the sample portfolio
    When its efficient frontier is asked for from a return of 900%
    Then the frontier is refused at min_return
