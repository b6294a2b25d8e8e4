"""Risk counted from a benchmark, or in units of each name: values, and affine functions below them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.market.universe import Universe
from tangency.domain.optimization.active_risk import (
    ActiveVariance,
    MinimumActiveRisk,
    TrackingError,
    TrackingErrorLimit,
)
from tests.support.posed import estimated, posed

COVARIANCE = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.16]])
CENTER = (0.5, 0.3, 0.2)
points = st.lists(st.floats(-1.0, 2.0), min_size=3, max_size=3).map(np.array)


@given(at=points, x=points, units=st.sampled_from([None, (0.2, 0.3, 0.4)]), center=st.sampled_from([None, CENTER]))
def test_the_tangent_is_below_the_variance_and_touches_it(
    at: np.ndarray, x: np.ndarray, units: tuple[float, ...] | None, center: tuple[float, ...] | None
) -> None:
    term, estimates = ActiveVariance(3.0, center, units), estimated(posed(COVARIANCE))
    below = term.minorant(at, estimates)
    step = x - at
    room = term.value(x, estimates) - below.constant - float(below.slope @ x)
    assert room >= 0.5 * below.curvature * float(step @ COVARIANCE @ step) - 1e-9
    assert below.constant + float(below.slope @ at) == pytest.approx(term.value(at, estimates), abs=1e-12)
    away = x - term.middle(3)
    assert term.value(x, estimates) == pytest.approx(1.5 * away @ term.matrix(estimates) @ away, abs=1e-12)


@given(z=points, x=points)
def test_active_weights_stand_for_a_half_space_that_holds_what_keeps_the_limit(z: np.ndarray, x: np.ndarray) -> None:
    risk = TrackingError(estimated(posed(COVARIANCE)).covariance, np.array(CENTER))
    below = risk.below(z)
    assert below is not None
    assert below.constant + float(below.slope @ x) <= risk.value(x) + 1e-12
    at = risk.tangent(x)
    assert at.constant + float(at.slope @ x) == pytest.approx(risk.value(x), abs=1e-12)
    assert risk.below(np.ones(2)) is None


def test_its_objective_is_in_the_unit_of_a_volatility() -> None:
    estimates, w = estimated(posed(COVARIANCE)), np.array([0.6, 0.3, 0.1])
    aim = MinimumActiveRisk(CENTER)
    error = np.sqrt((w - CENTER) @ COVARIANCE @ (w - CENTER))
    assert aim.value(w, estimates) == pytest.approx(error, rel=1e-12)
    assert aim.loss(w, estimates) == pytest.approx(error**2 / 2, rel=1e-12)
    assert aim.price(w, estimates) == pytest.approx(1 / error)
    least = np.sqrt(error**2 - 2e-4)
    assert aim.gap_in_value(1e-4, w, estimates, 0.0) == pytest.approx(error - least, rel=1e-9)
    assert aim.gap_in_value(1.0, np.array(CENTER), estimates, 0.0) == 0.0
    assert aim.price(np.array(CENTER), estimates) == 0.0


@pytest.mark.parametrize(
    ("limit", "said"),
    [(TrackingErrorLimit(0.1, (1.0,)), "there are 1"), (TrackingErrorLimit(-0.1, CENTER), "at least 0")],
)
def test_a_limit_without_a_meaning_says_so(limit: TrackingErrorLimit, said: str) -> None:
    (fault,) = limit.faults(Universe.of(["A", "B", "C"]))
    assert said in fault.detail
    assert fault.path == ("method_options", "tracking_error_limit")
