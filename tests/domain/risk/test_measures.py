"""Every measure against its definition in loops, the laws between them, and what they promise to a proof."""

from collections.abc import Callable
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from tangency.domain.errors import InvalidInput
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates, Sources
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.market.universe import Asset, Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.active_risk import TrackingError
from tangency.domain.risk.measure import MEASURES, Measure
from tangency.domain.risk.portfolio_risk import PortfolioRisk
from tangency.domain.risk.volatility import Volatility
from tests.support.known import known

CONVEX = sorted(set(MEASURES) - {"var"})
HOMOGENEOUS = sorted(set(CONVEX) - {"variance"})

Case = tuple[Estimates, Vector, float]
"""Estimates, two portfolios, and a confidence level."""


def estimates_of(returns: ArrayLike, probabilities: ArrayLike | None = None) -> Estimates:
    rows = np.asarray(returns, dtype=float)
    universe = Universe(tuple(Asset(f"N{i}") for i in range(rows.shape[1])))
    given_probabilities = None if probabilities is None else np.asarray(probabilities, dtype=float)
    sample = Scenarios(universe, rows, given_probabilities, 252.0)
    spread = sample.centred.T @ (sample.centred * sample.weights[:, None]) / sample.unbiased
    return Estimates(universe, 252 * sample.mean, DenseCovariance.of(252 * spread), Sources("given", "given"), sample)


def drawdowns_of(returns: list[float]) -> list[float]:
    total = peak = 0.0
    found = []
    for r in returns:
        total += r
        peak = max(peak, total)
        found.append(peak - total)
    return found


def tail_mean(losses: list[float], p: list[float], level: float) -> float:
    left, total = 1.0 - level, 0.0
    for loss, share in sorted(zip(losses, p, strict=True), reverse=True):
        taken = min(share, left)
        total, left = total + taken * loss, left - taken
    return total / (1.0 - level)


def entropic_tail(losses: list[float], p: list[float], level: float) -> float:
    if level == 0:  # approached as z grows without end
        return float(np.dot(losses, p))
    z = np.geomspace(1e-10, 1e3, 100_001)
    top = max(losses)
    moment = sum(share * np.exp((loss - top) / z) for loss, share in zip(losses, p, strict=True))
    return float((top + z * np.log(moment / (1 - level))).min())


def by_definition(name: str, returns: list[float], p: list[float], level: float, threshold: float) -> float:
    mean = sum(q * r for q, r in zip(p, returns, strict=True))
    unbiased = 1 - sum(q * q for q in p)
    losses, below, falls = [-r for r in returns], [mean - r for r in returns], drawdowns_of(returns)
    short = [threshold - r for r in returns]

    def average(values: list[float]) -> float:
        return sum(q * value for q, value in zip(p, values, strict=True))

    pairs = [(p[s] * p[t], abs(returns[s] - returns[t])) for s in range(len(p)) for t in range(len(p)) if s != t]
    figures: dict[str, Callable[[], float]] = {
        "variance": lambda: 252 * average([d * d for d in below]) / unbiased,
        "volatility": lambda: (252 * average([d * d for d in below]) / unbiased) ** 0.5,
        "mad": lambda: average([abs(d) for d in below]),
        "semi_deviation": lambda: (average([max(d, 0) ** 2 for d in below]) / unbiased) ** 0.5,
        "first_lower_partial_moment": lambda: average([max(d, 0) for d in short]),
        "second_lower_partial_moment": lambda: (average([max(d, 0) ** 2 for d in short]) / unbiased) ** 0.5,
        "var": lambda: min(
            v for v in losses if sum(q for q, x in zip(p, losses, strict=True) if x <= v) >= level - 1e-12
        ),
        "cvar": lambda: tail_mean(losses, p, level),
        "evar": lambda: entropic_tail(losses, p, level),
        "worst_realization": lambda: max(losses),
        "max_drawdown": lambda: max(falls),
        "average_drawdown": lambda: average(falls),
        "cdar": lambda: tail_mean(falls, p, level),
        "edar": lambda: entropic_tail(falls, p, level),
        "ulcer_index": lambda: average([d * d for d in falls]) ** 0.5,
        "gini_mean_difference": lambda: sum(q * d for q, d in pairs) / sum(q for q, _ in pairs),
    }
    return figures[name]()


@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize("name", sorted(MEASURES))
def test_a_measure_is_its_definition(name: str, weighed: bool) -> None:
    random = np.random.default_rng(4)
    returns = 0.02 * random.standard_t(4, size=(23, 3)) + 0.002
    p = random.dirichlet(np.ones(23)) if weighed else np.full(23, 1 / 23)
    estimates = estimates_of(returns, p if weighed else None)
    w = np.array([0.5, 0.7, -0.2])
    for level in (0.0, 0.6, 0.8, 0.95):
        measure = Measure(name, level, threshold=0.001)
        expected = by_definition(name, list(returns @ w), list(p), level, 0.001)
        assert measure.of(estimates).value(w) == pytest.approx(
            expected, rel=1e-7 if name in ("evar", "edar") else 1e-12
        )


def test_a_tail_takes_the_fraction_of_a_scenario() -> None:
    estimates = estimates_of([[-0.10], [-0.04], [0.01], [0.02]])
    w = np.ones(1)
    assert Measure("cvar", 0.625).of(estimates).value(w) == pytest.approx((0.10 + 0.5 * 0.04) / 1.5)
    assert Measure("var", 0.75).of(estimates).value(w) == 0.04
    assert Measure("var", 0.74).of(estimates).value(w) == 0.04
    assert Measure("var", 0.76).of(estimates).value(w) == 0.10


def test_five_of_a_hundred_scenarios_are_five_whatever_the_last_bit_says() -> None:
    losses = np.arange(1.0, 101.0)
    estimates = estimates_of(-losses[:, None])
    assert Measure("var", 0.95).of(estimates).value(np.ones(1)) == 95.0
    weighed = estimates_of(-losses[:, None], np.full(100, 0.01))
    assert Measure("var", 0.95).of(weighed).value(np.ones(1)) == 95.0


def test_entropic_value_at_risk_of_a_normal_has_a_closed_form() -> None:
    mean, deviation, level = 0.01, 0.05, 0.9
    grid = np.linspace(-12, 12, 6001)
    p = np.array([NormalDist().pdf(z) for z in grid])
    estimates = estimates_of((mean + deviation * grid)[:, None], p / p.sum())
    closed = -mean + deviation * np.sqrt(-2 * np.log(1 - level))
    assert Measure("evar", level).of(estimates).value(np.ones(1)) == pytest.approx(closed, rel=1e-9)


def test_a_cumulative_sum_starts_at_zero_and_never_compounds() -> None:
    estimates = estimates_of([[-0.1], [0.3], [-0.2], [-0.2]])
    w = np.ones(1)
    assert Measure("max_drawdown").of(estimates).value(w) == pytest.approx(0.4)
    assert Measure("average_drawdown").of(estimates).value(w) == pytest.approx((0.1 + 0 + 0.2 + 0.4) / 4)
    assert Measure("max_drawdown").of(estimates_of([[-0.1], [-0.2]])).value(w) == pytest.approx(0.3)


FIGURES = [-0.1, -0.03, -0.01, 0.0, 0.0, 0.005, 0.01, 0.02, 0.2]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    rows, names = draw(st.integers(2, 12)), draw(st.integers(1, 3))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))  # figure by figure it would take most of the time
    returns = random.choice(FIGURES, (rows, names)) * draw(st.sampled_from([1.0, 1e-12, 1e12]))
    parts = random.choice([1.0, 2.0, 5.0, 0.0], rows)
    possible = int((parts > 0).sum()) > 1 and draw(st.booleans())
    estimates = estimates_of(returns, parts / parts.sum() if possible else None)
    points = random.choice([-1.0, -0.3, 0.0, 0.4, 1.0], (2, names))
    return estimates, points, draw(st.sampled_from([0.0, 0.3, 0.75, 0.95, 0.999]))


@given(cases())
def test_measures_of_one_kind_are_in_order(case: Case) -> None:
    estimates, (x, _), level = case
    size = 1e-12 * float(np.abs(known(estimates.scenarios).returns).sum() + 1e-300)

    def risk(name: str) -> float:
        return Measure(name, level).of(estimates).value(x)

    for chain in (
        ["var", "cvar", "evar", "worst_realization"],
        ["average_drawdown", "cdar", "edar", "max_drawdown"],
        ["average_drawdown", "ulcer_index", "max_drawdown"],
    ):
        figures = [risk(name) for name in chain]
        assert all(low <= high + size for low, high in pairwise(figures)), (chain, figures)
    assert Measure("cvar", 0.0).of(estimates).value(x) == pytest.approx(
        -float(known(estimates.scenarios).mean @ x), abs=size
    )


@pytest.mark.parametrize("name", CONVEX)
@given(case=cases(), seed=st.integers(0, 2**32 - 1))
def test_nothing_below_a_risk_is_above_it(name: str, case: Case, seed: int) -> None:
    estimates, (x, z), level = case
    risk = Measure(name, level, threshold=0.002).of(estimates)
    size = 1e-11 * (abs(risk.value(x)) + abs(risk.value(z)) + np.abs(known(estimates.scenarios).returns).sum() + 1e-300)
    worst = risk.worst_case(z)
    noise = np.random.default_rng(seed).choice([-2.0, -0.1, 0.0, 0.1, 1.0, 30.0], worst.shape)
    for dual in (worst, worst + noise, noise, 1e9 * worst, -worst):
        below = risk.below(dual)
        if below is not None:
            assert below.constant + below.slope @ x <= risk.value(x) + size
    touching = risk.tangent(z)
    assert touching.constant + touching.slope @ z == pytest.approx(risk.value(z), abs=size)


@pytest.mark.parametrize("away", [0.0, 1e-8, 1e-7, 1e-6, 1e-5, 1e-3])
@pytest.mark.parametrize("active", [False, True])
def test_no_bound_rises_along_a_hedge_that_has_no_risk(active: bool, away: float) -> None:
    """Dividing by a risk that is itself what rounding leaves made slopes of 1e-8 out of nothing."""
    covariance = DenseCovariance.of(np.outer([0.3, 0.7], [0.3, 0.7]))
    risk = TrackingError(covariance, np.zeros(2)) if active else Volatility(covariance)
    hedge = np.array([0.7, -0.3])
    assert risk.value(3.0 * hedge) == 0.0
    below = risk.below(3.0 * hedge + away)
    if below is not None:
        assert abs(below.slope @ hedge) < 1e-11
    assert risk.tangent(np.ones(2)).slope == pytest.approx([0.3, 0.7], abs=1e-15)


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_what_no_dual_vector_can_be_stands_for_none(name: str) -> None:
    estimates = estimates_of([[-0.10, 0.02], [-0.04, 0.01], [0.01, 0.0], [0.02, -0.03]])
    risk = Measure(name, 0.75).of(estimates)
    assert risk.below(np.ones(101)) is None
    if name not in ("volatility", "variance"):
        assert risk.below(np.full_like(risk.worst_case(np.ones(len(estimates.universe))), np.nan)) is None


@pytest.mark.parametrize("name", sorted(set(MEASURES) - {"first_lower_partial_moment", "second_lower_partial_moment"}))
def test_contributions_sum_to_the_risk_and_their_shares_to_one(name: str) -> None:
    returns = np.random.default_rng(1).normal(0.0, 0.01, size=(60, 4)) - 0.001
    estimates = estimates_of(returns)
    risk = Measure(name, 0.9).of(estimates)
    parts = PortfolioRisk.of(name, risk, np.array([0.4, 0.3, 0.2, 0.1]))
    assert parts.absolute.sum() == pytest.approx(parts.total, rel=1e-9)
    assert known(parts.shares).sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("name", HOMOGENEOUS)
def test_risk_grows_in_proportion(name: str) -> None:
    estimates = estimates_of(np.random.default_rng(2).normal(size=(15, 2)))
    risk, x = Measure(name).of(estimates), np.array([0.3, -0.8])
    assert risk.value(1e3 * x) == pytest.approx(1e3 * risk.value(x), rel=1e-12)


@pytest.mark.parametrize("name", ["mad", "semi_deviation", "second_lower_partial_moment", "gini_mean_difference"])
def test_one_scenario_has_no_deviation(name: str) -> None:
    universe = Universe((Asset("A"),))
    sample = Scenarios(universe, np.array([[0.01]]))
    alone = Estimates(universe, None, DenseCovariance.of(np.eye(1)), Sources("absent", "given"), sample)
    with pytest.raises(InvalidInput, match="needs two scenarios"):
        Measure(name).of(alone)


def test_a_measure_of_scenarios_says_what_it_misses() -> None:
    universe = Universe((Asset("A"),))
    without = Estimates(universe, None, DenseCovariance.of(np.eye(1)), Sources("absent", "given"))
    with pytest.raises(InvalidInput, match="risk measure 'cvar' needs the returns of every name"):
        Measure("cvar").of(without)
