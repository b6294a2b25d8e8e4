Feature: Other ways to a portfolio keep the same promises
  Whatever the method, every limit holds, and what is claimed is proven.

  Background:
    Given the sample portfolio
    And a risk-free rate of 2%

  Scenario: Hierarchical risk parity within a limit
    Given the method hierarchical_risk_parity
    And no name may weigh more than 7%
    When risk parity is asked for
    Then every limit holds, and nothing more is claimed
    And no name weighs more than 7%
    And it says how far the limit moved it

  Scenario: Hierarchical risk parity without a limit that matters
    Given the method hierarchical_risk_parity
    When risk parity is asked for
    Then every limit holds, and nothing more is claimed
    And it was not moved

  Scenario: A limit on the average loss of the worst days
    Given the method mean_risk
    And the worst 5% of days may lose 2.5% on average
    When the maximum return is asked for
    Then the answer is proven optimal
    And the worst 5% of days lose 2.5% on average
    And what binds is
      | limit                          |
      | average loss of the worst days |

  Scenario: Robust against returns that are less than they look
    Given the method robust_optimization
    And a risk aversion of 4
    And expected returns may be off by as much as the data say
    When the maximum utility is asked for
    Then the answer is proven optimal
    And being robust costs something, and the worst case is told

  Scenario: A trade-off between return and risk
    Given the method multi_objective
    And the aims are return and risk
    When the trade-off is asked for
    Then the answer is proven optimal
    And no point of the trade-off is better than another in both aims
    And the answer lies between the best and the worst of each aim
