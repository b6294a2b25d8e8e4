"""Points spread evenly on curves whose steepness runs over orders of magnitude."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.errors import InvalidInput
from tangency.domain.frontier.question import FrontierQuestion
from tangency.domain.frontier.spacing import EVEN, evenly, steps, unevenness


@given(st.floats(1e-4, 0.3), st.floats(0.01, 100.0), st.integers(2, 200))
def test_points_on_a_hyperbola_are_even(least: float, steepness: float, count: int) -> None:
    def curve(returns: np.ndarray) -> np.ndarray:
        risks: np.ndarray = np.sqrt(least**2 + (steepness * returns) ** 2)
        return risks

    returns = evenly(curve, 0.0, 0.2, count)
    assert (len(returns), returns[0], returns[-1]) == (count, 0.0, 0.2)
    assert unevenness(returns, curve(returns)) <= EVEN


def test_steps_are_measured_on_axes_of_length_one() -> None:
    assert steps(np.array([0.0, 1.0, 4.0]), np.array([0.0, 20.0, 20.0])) == pytest.approx([np.hypot(0.25, 1.0), 0.75])


@pytest.mark.parametrize(
    ("figures", "field"),
    [
        ({"measure": "vol"}, "risk_measure"),
        ({"points": 201}, "points"),
        ({"min_return": np.nan}, "min_return"),
        ({"max_risk": 0.0}, "max_risk"),
    ],
)
def test_a_question_that_means_nothing_is_refused(figures: dict[str, float], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        FrontierQuestion(**figures)  # type: ignore[arg-type]
    assert caught.value.faults[0].path == (field,)
