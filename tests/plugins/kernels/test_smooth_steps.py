"""Newton's steps on entropic and root-mean-square risks of losses and drawdowns: as far as doubles go."""

from dataclasses import replace

import numpy as np
import pytest

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import Budget, Constraint, LongOnly, MaximumWeight, TurnoverLimit
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.term import Linear, Return, RiskOf
from tangency.domain.risk.measure import Measure
from tangency.domain.risk.tail import EntropicTail
from tangency.plugins.kernels.composite import minimise
from tangency.plugins.kernels.cutting_planes import CompositePoint
from tangency.plugins.kernels.local_models import local_model
from tangency.plugins.kernels.newton_cuts import proven_gap
from tangency.plugins.kernels.smooth_steps import greatest_over_smooth, least_smooth
from tests.plugins.mean_risk_questions import estimates_of, sample_returns

EVAR = RiskOf(1.0, Measure("evar"))
SMOOTH = [EVAR, RiskOf(1.0, Measure("edar")), RiskOf(1.0, Measure("ulcer_index"))]
LONG: tuple[Constraint, ...] = (Budget(), LongOnly())

smooth_risks = pytest.mark.parametrize("risk", SMOOTH, ids=lambda risk: risk.measure.name)


def region_of(estimates: Estimates, *limits: Constraint) -> Region:
    return Region.of(len(estimates.universe), [limit.shape(estimates.universe, estimates) for limit in limits])


def ends(point: CompositePoint | None) -> Vector:
    assert point is not None
    assert point.weights is not None
    assert point.attempt.solver == "newton"
    return point.weights


@smooth_risks
@pytest.mark.parametrize("days", [120, 5_000])
def test_the_least_is_proven_to_the_last_digits(risk: RiskOf, days: int) -> None:
    estimates = estimates_of(sample_returns(days))
    region = region_of(estimates, *LONG, MaximumWeight(0.3))
    for terms in ([risk], [replace(risk, weight=5.0), Return(-1.0)]):
        point = least_smooth(terms, region, estimates, 60.0)
        weights = ends(point)
        assert point is not None
        loss = sum(term.value(weights, estimates) for term in terms)
        assert proven_gap(terms, region, estimates, point, loss) < 1e-10
        assert max(shape.excess(weights) for shape in region.shapes) <= 1e-10


@smooth_risks
def test_it_is_what_the_cones_find(risk: RiskOf) -> None:
    estimates = estimates_of(sample_returns(250)[:, :8])
    region, measure = region_of(estimates, *LONG), risk.measure.of(estimates)
    beside = [risk, RiskOf(1e-12, Measure("variance"))]  # of no weight, but not among what the steps know
    assert least_smooth(beside, region, estimates, 60.0) is None
    coned = minimise(beside, region, estimates, 1e-10, 60.0)
    assert coned.attempt.solver == "clarabel"
    assert coned.weights is not None
    found = measure.value(ends(least_smooth([risk], region, estimates, 60.0)))
    assert found <= measure.value(coned.weights)
    assert found == pytest.approx(measure.value(coned.weights), rel=1e-7)
    again = least_smooth([risk], region, estimates, 60.0, coned.weights)
    assert measure.value(ends(again)) == pytest.approx(found, rel=1e-12)
    assert again is not None
    assert again.attempt.iterations <= 4


@smooth_risks
def test_the_greatest_ratio_is_above_that_of_everybody_around(risk: RiskOf) -> None:
    estimates = estimates_of(sample_returns(1000))
    region, gain = region_of(estimates, *LONG), estimates.required_mean("a test") - 0.02
    measure = risk.measure.of(estimates)
    best = ends(greatest_over_smooth(gain, risk, region, estimates, 60.0))
    ratio = float(gain @ best) / measure.value(best)
    random = np.random.default_rng(7).dirichlet(np.full(20, 0.3), 300)
    for other in [*random, *(0.99 * best + 0.01 * random), *np.eye(20)]:
        assert float(gain @ other) / measure.value(other) <= ratio * (1 + 1e-12)


@smooth_risks
def test_a_model_is_right_to_the_second_order(risk: RiskOf) -> None:
    estimates = estimates_of(sample_returns(500))
    measure, x = risk.measure.of(estimates), np.full(20, 0.05)
    model = local_model(measure, x, 0.0)
    away = np.random.default_rng(1).normal(0.0, 1.0, 20)
    errors = []
    for step in (1e-4, 5e-5):
        d = np.append(step * away, np.zeros(len(model.slope) - 20))
        said = model.value + float(model.slope @ d) + 0.5 * float(d @ model.curvature @ d)
        errors.append(abs(measure.value(x + step * away) - said))
    assert errors[1] <= errors[0] / 6  # of the third order
    assert errors[0] <= 1e-8 * model.value


def test_a_turnover_limit_holds_beside_a_tail() -> None:
    estimates = estimates_of(sample_returns(500))
    region = region_of(estimates, *LONG, TurnoverLimit(0.2, tuple([0.05] * 20)))
    point = least_smooth([EVAR], region, estimates, 60.0)
    weights = ends(point)
    assert point is not None
    assert proven_gap([EVAR], region, estimates, point, EVAR.value(weights, estimates)) < 1e-10
    assert max(shape.excess(weights) for shape in region.shapes) <= 1e-10


def test_where_nothing_gains_or_nothing_pins_the_size_there_are_no_steps() -> None:
    estimates = estimates_of(sample_returns(120)[:, :4])
    region = region_of(estimates, *LONG)
    assert greatest_over_smooth(-np.ones(4), EVAR, region, estimates, 60.0) is None
    cost = Linear((0.1, 0.1, 0.1, 0.1))
    assert least_smooth([EVAR, cost], region_of(estimates, LongOnly()), estimates, 60.0) is None
    assert least_smooth([EVAR], region, estimates, 0.0) is None


def test_where_only_the_worst_scenario_counts_there_are_none_either() -> None:
    estimates = estimates_of(np.random.default_rng(2).normal(0.0, 0.01, (10, 3)))  # of ten, one is above 95 %
    assert least_smooth([EVAR], region_of(estimates, *LONG), estimates, 60.0) is None


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
