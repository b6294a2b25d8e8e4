Feature: Factors explain returns and risk
  A portfolio manager learns how much of the risk is a bet on the market, on small or on cheap companies, and how much is the choice of
  names, beside a benchmark.

  Background:
    Given the sample portfolio
    And the house keeps a benchmark of 60% AAPL and 40% XOM under two-names

  Scenario: Exposures and contributions, beside a benchmark
    When it is explained by fama_french_3 beside the benchmark two-names
    Then every exposure has a factor, an exposure, a benchmark exposure and an active exposure
    And every attribution has a factor, a contribution and a percent contribution
    And the factors are Mkt-RF, SMB, HML
    And the contributions sum to the volatility, and their shares to 100%

  Scenario: Missing factors are refused, with what to do
    When it is explained by momentum, which nobody imported
    Then it is refused as invalid
    And the hint is "tangency import factors"

  Scenario: An analysis is kept
    When it is explained by statistical beside the benchmark two-names
    Then the analysis is the newest of the portfolio, and found under its id
