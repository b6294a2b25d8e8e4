"""Kelly's portfolio: published bets, the conditions of its optimum, and what ruin does to it."""

import numpy as np
import pytest

from tangency.adapters.entry_points.options import bind_options
from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.errors import InvalidInput
from tangency.domain.market.market import Market
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LeverageLimit,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    TurnoverLimit,
)
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.log_growth import LogGrowth
from tangency.domain.optimization.objective import MaximumReturn
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.solution import Solution
from tangency.plugins.maximum_growth import MaximumGrowth
from tests.plugins.mean_risk_questions import LONG_ONLY, estimates_of, sample_returns
from tests.support.known import known


def grown(
    returns: np.ndarray, limits: tuple[Constraint, ...] = LONG_ONLY, per_year: float = 252.0, **options: object
) -> Solution:
    estimates = estimates_of(returns, per_year)
    problem = Problem(Market(estimates.universe, periods_per_year=per_year), MaximumReturn(), limits, "maximum_growth")
    method = MaximumGrowth()
    return solve_with(problem, estimates, method, bind_options(method.options, options), HighsLinearPrograms())


@pytest.mark.parametrize(
    ("p", "odds", "fraction", "growth"),
    [
        (0.53, 1.0, 0.06, 0.0018010815582060503),
        (0.6, 1.0, 0.2, 0.020135513550688863),
        (0.7, 1.0, 0.4, 0.08228287850505175),
        (0.6, 2.0, 0.4, 0.14834174943487513),
        (0.2, 5.0, 0.04, 0.003806715742586786),
    ],
)
def test_a_bet_takes_kellys_fraction(p: float, odds: float, fraction: float, growth: float) -> None:
    """Kelly (1956); Thorp (2006), The Kelly criterion in blackjack, sports betting and the stock market, section 2."""
    bet = np.array([[odds, 0.0], [-1.0, 0.0]])
    solution = grown(bet, per_year=1.0, probabilities=(p, 1.0 - p))
    assert solution.status is Status.OPTIMAL
    assert known(solution.weights)[0] == pytest.approx(fraction, abs=1e-12)
    assert solution.objective_value == pytest.approx(growth, abs=1e-12)


def test_the_best_growth_of_the_sample_is_proven_and_no_name_would_add_to_it() -> None:
    """At the optimum E[r_i / wealth] is the same for every name held, and no more for any other (Breiman 1961)."""
    returns = sample_returns(250)
    solution = grown(returns)
    assert solution.status is Status.OPTIMAL
    assert known(known(solution.certificate).relative_gap) < 1e-8
    relative = ((1.0 + returns) / (1.0 + returns @ known(solution.weights))[:, None]).mean(axis=0)
    assert relative.max() <= 1.0 + 1e-9
    assert relative[known(solution.weights) > 1e-6] == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("scale", [1e-3, 1e-6])
def test_growth_by_small_returns_is_proven_too(scale: float) -> None:
    """Means of the order of variances, so that several names are held."""
    noise = sample_returns(250)[:, :6]
    returns = scale * (noise - noise.mean(axis=0)) + scale**2 * np.linspace(0.7, 0.3, 6) * noise.var()
    solution = grown(returns)
    assert solution.status is Status.OPTIMAL
    weights = known(solution.weights)
    assert (weights > 1e-3).sum() > 1
    slopes = (returns / (1.0 + returns @ weights)[:, None]).mean(axis=0)
    assert slopes[weights > 1e-6] == pytest.approx(slopes.max(), rel=0, abs=1e-6 * scale**2 * noise.var())


@pytest.mark.parametrize("scale", [1e-9, 1e-12])
def test_where_returns_are_tiny_the_greatest_mean_grows_fastest(scale: float) -> None:
    returns = scale * sample_returns(250)
    solution = grown(returns, (*LONG_ONLY, MaximumWeight(0.3)))
    assert solution.status is Status.OPTIMAL
    best = np.argsort(-returns.mean(axis=0))[:4]
    assert known(solution.weights)[best] == pytest.approx([0.3, 0.3, 0.3, 0.1], abs=1e-9)


def test_limits_hold_and_a_limit_costs_growth() -> None:
    returns = sample_returns(250)
    held = grown(returns, (*LONG_ONLY, MaximumWeight(0.2)))
    assert held.status is Status.OPTIMAL
    assert known(held.weights).max() <= 0.2 + 1e-9
    assert known(held.objective_value) < known(grown(returns).objective_value)


def test_a_turnover_limit_that_holds_the_portfolio_costs_no_digits() -> None:
    rng = np.random.default_rng(27)
    market = rng.normal(0.0, 0.04, (178, 1))
    rows = market + rng.standard_t(4, (178, 40)) * rng.uniform(0.02, 0.08, 40) + rng.normal(0.006, 0.005, 40)
    current = rng.dirichlet(np.ones(40))
    turnover = TurnoverLimit(float(rng.uniform(0.1, 0.6)), tuple(current.tolist()))
    solution = grown(np.maximum(rows, -0.9), (*LONG_ONLY, MaximumWeight(0.06), turnover), 12.0)
    assert solution.status is Status.OPTIMAL
    assert known(known(solution.certificate).relative_gap) < 1e-9


def test_borrowing_stops_short_of_ruin() -> None:
    returns = np.array([[0.5, 0.0], [0.4, 0.0], [-0.4, 0.0]])
    limits = (Budget(), MinimumWeight(-9.0), LeverageLimit(9.0))
    solution = grown(returns, limits, 1.0)
    assert solution.status is Status.OPTIMAL
    assert (1.0 + returns @ known(solution.weights)).min() > 0
    f = known(solution.weights)[0]
    assert (returns[:, 0] / (1.0 + f * returns[:, 0])).mean() == pytest.approx(0.0, abs=1e-10)


def test_certain_ruin_is_no_problem_with_a_best_portfolio() -> None:
    solution = grown(np.array([[0.5], [-1.0]]))
    assert solution.status is Status.NOT_APPLICABLE
    assert "loses everything in some scenario" in solution.message


def test_contradicting_limits_are_explained_as_such() -> None:
    solution = grown(sample_returns(60)[:, :3], (*LONG_ONLY, MaximumWeight(0.2)))
    assert solution.status is Status.INFEASIBLE


def test_moments_alone_are_not_enough() -> None:
    estimates = estimates_of(sample_returns(30)[:, :2])
    problem = Problem(Market(estimates.universe), MaximumReturn(), (Budget(), LongOnly()), "maximum_growth")
    method = MaximumGrowth()
    without = type(estimates)(estimates.universe, estimates.mean, estimates.covariance, estimates.sources)
    with pytest.raises(InvalidInput, match="needs the returns of every name"):
        solve_with(problem, without, method, bind_options(method.options, {}), HighsLinearPrograms())


def test_no_minorant_is_above_the_growth() -> None:
    estimates, random = estimates_of(sample_returns(40)[:, :4]), np.random.default_rng(2)
    term = LogGrowth(2.0)
    for _ in range(50):
        w, x = random.dirichlet(np.ones(4), 2)
        for dual in (None, random.uniform(0.5, 2.0, 40), -np.ones(40), np.ones(3)):
            below = term.minorant(w, estimates, dual)
            assert below.constant + below.slope @ x <= term.value(x, estimates) + 1e-9
        tangent = term.minorant(w, estimates)
        assert tangent.constant + tangent.slope @ w == pytest.approx(term.value(w, estimates), abs=1e-11)
