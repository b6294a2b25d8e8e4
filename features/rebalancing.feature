Feature: From what is held to what should be
  A portfolio manager learns which trades lead to a target, in which order, what they cost and which tax they owe, and decides on the plan.

  Background:
    Given the sample portfolio

  Scenario: One name pays for another
    Given JPM is to be replaced by XOM
    When the trades toward it are planned
    Then the trades are
      | priority | action | name | quantity | value     |
      | 1        | sell   | JPM  | 440      | 57,013.00 |
      | 2        | buy    | XOM  | 534.6957 | 57,013.00 |
    And the trades lead to the target allocation
    And 25,000.00 of cash are left

  Scenario: Costs are paid out of cash
    Given JPM is to be replaced by XOM
    And every trade costs 0.1% of its value
    When the trades toward it are planned
    Then the costs are 114.03
    And 24,885.97 of cash are left

  Scenario: A few trades, each worth making
    Given every name is to have the same weight
    And at most 4 trades may be made, none of them below 10,000
    When the trades toward it are planned
    Then there are 4 trades, none of them below 10,000
    And no part of the list takes more cash than there is

  Scenario Outline: Which lots are sold decides what is due
    Given half of JPM is to be replaced by XOM
    And JPM was bought in lots of
      | lot   | quantity | cost   | date       |
      | first | 240      | 50.00  | 2015-01-05 |
      | later | 200      | 120.00 | 2018-06-01 |
    And gains of long term are taxed by 15%
    And lots are sold by <rule>
    When the trades toward it are planned
    Then the tax is <tax>
    And <cash> of cash are left

    Examples:
      | rule    | tax      | cash      |
      | fifo    | 2,625.98 | 22,374.02 |
      | hifo    | 525.98   | 24,474.02 |
      | min_tax | 525.98   | 24,474.02 |

  Scenario Outline: A loss does not count for what is bought back within 30 days
    Given JPM is to be replaced by XOM
    And JPM was bought in lots of
      | lot | quantity | cost   | date       |
      | all | 440      | 200.00 | 2018-06-01 |
    And gains of long term are taxed by 15%
    And 100,000 were gained this year
    And 100 units of JPM are to be bought in <days> days
    When the trades toward it are planned
    Then the tax is <tax>

    Examples:
      | days | tax       |
      | 30   | -3,591.68 |
      | 31   | -4,648.05 |

  Scenario: Somebody decides once
    Given JPM is to be replaced by XOM
    When the trades toward it are planned
    And the plan is approved
    Then the plan is listed as approved
    And it cannot be rejected any more
