"""The whole family, followed to its end through corners where more limits meet than it takes to hold a portfolio."""

from collections.abc import Sequence

import numpy as np
import pytest

from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.numbers import Vector
from tangency.domain.optimization.region import Bounds, Region, Row
from tangency.plugins.kernels.active_set import piece
from tangency.plugins.kernels.critical_line import CriticalLine, Stretch, critical_line
from tangency.plugins.kernels.degeneracy import settled
from tangency.plugins.kernels.interior_point import Leaning
from tangency.plugins.kernels.parametric import Family

GROUPS = 3


def shared_out(sizes: Sequence[float], within: float, most: float, seed: int) -> Family:
    """Names in groups with a limit each, and a greatest weight that a whole number of names fills them with."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2 * GROUPS, 40))
    loadings = rng.normal(0.15, 0.1, (n, 3))
    covariance = DenseCovariance.of(loadings @ loadings.T + np.diag(rng.uniform(0.005, 0.06, n)))
    group = np.arange(n) % GROUPS
    rows = [Row(f"group {k}", (group == k).astype(float), size * within) for k, size in enumerate(sizes)]
    bounds = Bounds("bounds", np.zeros(n), np.full(n, most))
    region = Region.of(n, [Row("budget", np.ones(n), 1.0, equality=True), bounds, *rows])
    return Family(covariance, rng.normal(0.07, 0.06, n), region, 1e-10)


ROUND = {
    "a group that two names fill": ((1.0, 1.0, 1.0), 0.5, 0.25),
    "groups that leave no choice between them": ((0.2, 0.3, 0.5), 1.0, 0.25),
    "a group that one name fills": ((0.4, 1.0, 1.0), 1.0, 0.4),
}


def followed(family: Family) -> CriticalLine:
    line = critical_line(family)
    assert line is not None
    return line


def between(stretch: Stretch) -> list[float]:
    high = stretch.high if np.isfinite(stretch.high) else 2.0 * stretch.low + 1.0
    return [stretch.low, 0.5 * (stretch.low + high), high]


def regret(family: Family, stretch: Stretch, tau: float) -> float:
    """How far a point is from the best at its tau, and from the limits: by what every name would gain by moving."""
    region = family.polyhedron
    x, prices, _ = stretch.line.at(tau)
    slope = stretch.line.gradient(tau) + prices @ region.rows
    down, up = np.where(x > region.lower + 1e-9, slope, 0.0), np.where(x < region.upper - 1e-9, -slope, 0.0)
    over = region.rows @ x - region.limits
    broken = np.concatenate([region.lower - x, x - region.upper, np.where(region.equality, np.abs(over), over)])
    paid = np.where(region.equality, 0.0, np.maximum(-prices, np.where(over < -1e-9, np.abs(prices), 0.0)))
    return float(max(down.max(), up.max(), broken.max(), paid.max()))


@pytest.mark.parametrize("limits", ROUND.values(), ids=ROUND)
@pytest.mark.parametrize("seed", range(15))
def test_round_limits_that_meet_are_passed(limits: tuple[Sequence[float], float, float], seed: int) -> None:
    family = shared_out(*limits, seed=seed)
    line = followed(family)
    assert line.stretches[0].low == 0.0
    assert np.isinf(line.stretches[-1].high)
    assert max(regret(family, s, tau) / max(1.0, tau) for s in line.stretches for tau in between(s)) < 1e-8
    for before, after in zip(line.stretches[:-1], line.stretches[1:], strict=True):
        ends, begins = (s.line.start + before.high * s.line.direction for s in (before, after))
        assert after.low == pytest.approx(before.high, rel=1e-12)
        np.testing.assert_allclose(begins, ends, atol=1e-6)


def nearly_the_same(seed: int) -> Family:
    """Correlations of 0.999 and more, round means that several names share, and groups of which two hold everything."""
    rng = np.random.default_rng(seed)
    n, correlation = int(rng.integers(4, 12)), (0.999, 0.9999, 0.99999)[seed % 3]
    volatilities = rng.choice([0.1, 0.15, 0.2, 0.3, 0.25], n)
    mean = rng.choice([0.08, 0.05, 0.12, 0.03, 0.1, 0.06], n)
    correlations = np.where(np.eye(n) > 0, 1.0, correlation)
    group = np.arange(n) * GROUPS // n
    rows = [Row(f"group {k}", (group == k).astype(float), 0.5) for k in range(GROUPS)]
    bounds = Bounds("bounds", np.zeros(n), np.full(n, rng.choice([0.25, 0.5, 1.0])))
    region = Region.of(n, [Row("budget", np.ones(n), 1.0, equality=True), bounds, *rows])
    return Family(DenseCovariance.of(correlations * np.outer(volatilities, volatilities)), mean, region, 1e-10)


@pytest.mark.parametrize("seed", [73, 133, 372, 394, 445, 550, 562, 570])
def test_rounding_is_not_followed_to_another_corner_that_earns_as_much(seed: int) -> None:
    line = followed(nearly_the_same(seed))
    taken = [(s, s.low + 1.0 if np.isinf(s.high) else s.high) for s in line.stretches]
    risks = [float(end @ line.family.covariance.times(end)) for end in (s.line.at(tau)[0] for s, tau in taken)]
    earned = [line.family.linear(s.line.at(tau)[0]) for s, tau in taken]
    least = min(risk for risk, mean in zip(risks, earned, strict=True) if mean >= earned[-1] - 1e-9)
    assert risks[-1] == pytest.approx(least, rel=1e-6)


class TestSettled:
    """Names 0 and 1 are a group that may be a half; name 2 earns least and is worth having for its variance alone."""

    S = np.diag([1.0, 1.0, 0.5])
    M = np.array([1.0, 0.9, 0.0])
    REGION = Family(
        DenseCovariance.of(S),
        M,
        Region.of(
            3,
            [
                Row("budget", np.ones(3), 1.0, equality=True),
                Row("group", np.array([1.0, 1.0, 0.0]), 0.5),
                Bounds("bounds", np.zeros(3), np.array([0.25, 0.25, 1.0])),
            ],
        ),
        1e-10,
    ).polyhedron

    def leaning(self, parked: Vector, group: bool) -> Leaning:
        return Leaning(parked, np.array([True, group]), np.zeros(0, dtype=bool))

    def test_of_multipliers_that_have_a_choice_few_are_kept(self) -> None:
        held_twice = self.leaning(np.array([0.25, 0.25, np.nan]), True)
        line = piece(self.S, self.M, self.REGION, held_twice, held_twice.parked)
        assert line is not None
        found = settled(self.REGION, line, 2.0)
        assert found is not None
        # Both names want more: their bounds pay for it, and the group costs nothing.
        assert found.rows.tolist() == [True, False]
        np.testing.assert_array_equal(found.parked, held_twice.parked)

    def test_where_they_have_none_there_is_nothing_to_settle(self) -> None:
        held_once = self.leaning(np.array([0.25, np.nan, np.nan]), True)
        line = piece(self.S, self.M, self.REGION, held_once, np.zeros(3))
        assert line is not None
        assert settled(self.REGION, line, 2.0) is None

    def test_nor_where_none_of_them_prove_the_point(self) -> None:
        held_twice = self.leaning(np.array([0.25, 0.25, np.nan]), True)
        line = piece(self.S, -self.M, self.REGION, held_twice, held_twice.parked)
        assert line is not None
        assert settled(self.REGION, line, 2.0) is None
