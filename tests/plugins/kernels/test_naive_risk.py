"""Cluster risk at inverse-risk weights: a second way to it, and where it has no meaning."""

import numpy as np
import pytest

from tangency.plugins.kernels.naive_risk import NaiveRisk, NoNaiveRisk, share_of_first
from tests.support.history import of_history, of_sample

MEMBERS = [3, 1, 7]


@pytest.mark.parametrize("name", ["volatility", "mad", "cvar", "max_drawdown"])
def test_weights_times_risks_are_equal_and_the_risk_is_that_of_the_weights(name: str) -> None:
    estimates = of_sample()[1]
    risk = NaiveRisk(name, 0.9, estimates)
    weights = risk.weights(MEMBERS)
    assert weights.sum() == pytest.approx(1.0, abs=1e-14)
    np.testing.assert_allclose(weights * risk.alone[MEMBERS], (weights * risk.alone[MEMBERS])[0], rtol=1e-12)
    together = estimates.required_scenarios("this test").returns[:, MEMBERS] @ weights
    held = NaiveRisk(name, 0.9, of_history(together[:, None])[1])
    assert risk.of(MEMBERS) == pytest.approx(held.alone[0], rel=1e-9)


def test_variance_is_volatility_squared_name_by_name() -> None:
    estimates = of_sample()[1]
    variance, volatility = (NaiveRisk(name, 0.95, estimates) for name in ("variance", "volatility"))
    np.testing.assert_allclose(variance.alone, volatility.alone**2, rtol=1e-12)
    assert variance.of([4]) == pytest.approx(volatility.of([4]) ** 2, rel=1e-12)


def test_a_cluster_that_gains_whatever_happens_has_no_naive_risk() -> None:
    swings = np.array([0.1, -0.1] * 20)
    estimates = of_history(np.column_stack([0.01 + swings, 0.01 - swings]))[1]
    risk = NaiveRisk("cvar", 0.9, estimates)
    with pytest.raises(NoNaiveRisk, match=r"cvar of N0, N1 is -0\.01"):
        risk.of([0, 1])


def test_shares_go_to_the_smaller_risk() -> None:
    assert share_of_first(1.0, 3.0) == 0.75
    assert share_of_first(0.0, 3.0) == 1.0
    assert share_of_first(0.0, 0.0) == 0.5
