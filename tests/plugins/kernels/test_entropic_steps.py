"""Newton's steps on the entropic value at risk: as far as doubles go, and only where it is smooth."""

from dataclasses import replace

import numpy as np
import pytest

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import Budget, Constraint, LongOnly, MaximumWeight, TurnoverLimit
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.term import Linear, Return, RiskOf
from tangency.domain.risk.envelope import LossRisk
from tangency.domain.risk.measure import Measure
from tangency.domain.risk.tail import EntropicTail
from tangency.plugins.kernels.composite import minimise
from tangency.plugins.kernels.cutting_planes import CompositePoint
from tangency.plugins.kernels.entropic_steps import greatest_over_entropic_tail, least_with_entropic_tail
from tangency.plugins.kernels.newton_cuts import proven_gap
from tests.plugins.mean_risk_questions import estimates_of, sample_returns

EVAR = RiskOf(1.0, Measure("evar"))
LONG: tuple[Constraint, ...] = (Budget(), LongOnly())


def region_of(estimates: Estimates, *limits: Constraint) -> Region:
    return Region.of(len(estimates.universe), [limit.shape(estimates.universe, estimates) for limit in limits])


def evar(estimates: Estimates) -> LossRisk:
    risk = EVAR.measure.of(estimates)
    assert isinstance(risk, LossRisk)
    return risk


def ends(point: CompositePoint | None) -> Vector:
    assert point is not None
    assert point.weights is not None
    return point.weights


@pytest.mark.parametrize("days", [120, 20_000])
@pytest.mark.parametrize("turnover", [False, True])
def test_the_least_is_proven_to_the_last_digits(days: int, turnover: bool) -> None:
    estimates = estimates_of(sample_returns(days))
    current = TurnoverLimit(0.4, tuple([0.05] * 20))
    region = region_of(estimates, *LONG, MaximumWeight(0.3), *([current] if turnover else []))
    for terms in ([EVAR], [replace(EVAR, weight=5.0), Return(-1.0)]):
        point = least_with_entropic_tail(terms, region, estimates, 60.0)
        weights = ends(point)
        assert point is not None
        loss = sum(term.value(weights, estimates) for term in terms)
        assert proven_gap(terms, region, estimates, point, loss) < 1e-10
        assert max(shape.excess(weights) for shape in region.shapes) <= 1e-10


def test_it_is_what_the_cones_find() -> None:
    estimates = estimates_of(sample_returns(250)[:, :8])
    region = region_of(estimates, *LONG)
    beside = [EVAR, RiskOf(1e-12, Measure("variance"))]  # of no weight, but not among what the steps know
    assert least_with_entropic_tail(beside, region, estimates, 60.0) is None
    coned = minimise(beside, region, estimates, 1e-10, 60.0)
    assert coned.attempt.solver == "clarabel"
    found = evar(estimates).value(ends(least_with_entropic_tail([EVAR], region, estimates, 60.0)))
    assert found <= evar(estimates).value(ends(coned))
    assert found == pytest.approx(evar(estimates).value(ends(coned)), rel=1e-7)


def test_the_greatest_ratio_is_above_that_of_everybody_around() -> None:
    estimates = estimates_of(sample_returns(1000))
    region, gain, risk = region_of(estimates, *LONG), estimates.required_mean("a test") - 0.02, evar(estimates)
    best = ends(greatest_over_entropic_tail(gain, EVAR, region, estimates, 60.0))
    ratio = float(gain @ best) / risk.value(best)
    random = np.random.default_rng(7).dirichlet(np.full(20, 0.3), 300)
    for other in [*random, *(0.99 * best + 0.01 * random), *np.eye(20)]:
        assert float(gain @ other) / risk.value(other) <= ratio * (1 + 1e-12)


def test_where_nothing_gains_or_nothing_pins_the_size_there_are_no_steps() -> None:
    estimates = estimates_of(sample_returns(120)[:, :4])
    region = region_of(estimates, *LONG)
    assert greatest_over_entropic_tail(-np.ones(4), EVAR, region, estimates, 60.0) is None
    cost = Linear((0.1, 0.1, 0.1, 0.1))
    assert least_with_entropic_tail([EVAR, cost], region_of(estimates, LongOnly()), estimates, 60.0) is None
    assert least_with_entropic_tail([EVAR], region, estimates, 0.0) is None


def kinked() -> Matrix:
    """Ten scenarios, so that at a level of 95 % only the worst counts: the measure has a kink wherever two tie."""
    return np.random.default_rng(2).normal(0.0, 0.01, (10, 3))


def test_where_only_the_worst_scenario_counts_there_are_none_either() -> None:
    estimates = estimates_of(kinked())
    assert least_with_entropic_tail([EVAR], region_of(estimates, *LONG), estimates, 60.0) is None


def test_the_exponent_that_attains_the_value() -> None:
    losses = np.random.default_rng(4).normal(0.0, 0.02, 400)
    tail = EntropicTail(np.full(400, 1 / 400), 0.95)
    value, weights, z = tail.attained(losses)
    assert z * np.log(np.exp(losses / z).mean() / 0.05) == pytest.approx(value, rel=1e-12)
    assert weights @ losses == pytest.approx(value, rel=1e-12)
    for other in (0.9 * z, 1.1 * z):
        assert other * np.log(np.exp(losses / other).mean() / 0.05) > value
    assert EntropicTail(np.full(400, 1 / 400), 0.999).attained(losses)[2] == 0.0
    assert EntropicTail(np.full(400, 1 / 400), 0.0).attained(losses)[2] == np.inf
