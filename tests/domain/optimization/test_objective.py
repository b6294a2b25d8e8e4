"""Objectives: values by hand, minorants that lie below, and gaps in the user's unit."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tangency.domain.errors import InvalidInput
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimates, Sources
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.objective import (
    MaximumReturn,
    MaximumUtility,
    MinimumVolatility,
    MultiObjective,
    Objective,
    RiskParity,
)
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.term import Return, Variance

MEAN = np.array([0.1, 0.05])
S = np.array([[0.04, 0.012], [0.012, 0.09]])
ESTIMATES = Estimates(Universe.of(["A", "B"]), MEAN, DenseCovariance.of(S), Sources("given", "given"))
NO_MEANS = Estimates(Universe.of(["A", "B"]), None, DenseCovariance.of(S), Sources("absent", "given"))
RISKLESS = Estimates(Universe.of(["A", "B"]), MEAN, DenseCovariance.of(np.zeros((2, 2))), Sources("given", "given"))
W = np.array([0.7, 0.3])
VARIANCE = 0.49 * 0.04 + 2 * 0.21 * 0.012 + 0.09 * 0.09
SIGMA = float(np.sqrt(VARIANCE))
RETURN = 0.07 + 0.015

ALL = [MinimumVolatility(), MaximumReturn(), MaximumUtility(4.0), MaximumSharpe(0.02)]
WEIGHTS = st.lists(st.floats(-2, 3), min_size=2, max_size=2).map(np.array)


class TestByHand:
    @pytest.mark.parametrize(
        ("objective", "value", "loss", "magnitude"),
        [
            (MinimumVolatility(), SIGMA, VARIANCE / 2, VARIANCE / 2),
            (MaximumReturn(), RETURN, -RETURN, RETURN),
            (MaximumUtility(4.0), RETURN - 2 * VARIANCE, 2 * VARIANCE - RETURN, 2 * VARIANCE + RETURN),
            (MaximumSharpe(0.02), (RETURN - 0.02) / SIGMA, 0.0, 2 * (RETURN - 0.02)),
        ],
        ids=lambda value: getattr(value, "name", ""),
    )
    def test_figures(self, objective: Objective, value: float, loss: float, magnitude: float) -> None:
        assert objective.value(W, ESTIMATES) == pytest.approx(value, rel=1e-14)
        assert objective.loss(W, ESTIMATES) == pytest.approx(loss, rel=1e-14, abs=1e-16)
        assert objective.magnitude(W, ESTIMATES) == pytest.approx(magnitude, rel=1e-14)
        assert objective.scale(W, ESTIMATES) == pytest.approx(magnitude + 1e-8 * 0.065, rel=1e-14)

    def test_names_are_the_public_ones(self) -> None:
        assert [objective.name for objective in ALL] == ["MIN_VOLATILITY", "MAX_RETURN", "MAX_UTILITY", "MAX_SHARPE"]
        assert [objective.parameters for objective in ALL] == [(), (), ("risk_aversion",), ("risk_free_rate",)]

    def test_only_least_volatility_does_without_means(self) -> None:
        assert [objective.needs_mean for objective in ALL] == [False, True, True, True]
        assert MinimumVolatility().value(W, NO_MEANS) == pytest.approx(SIGMA)
        for objective in ALL[1:]:
            with pytest.raises(InvalidInput, match="needs an expected_return"):
                objective.value(W, NO_MEANS)

    def test_the_magnitude_of_a_short_portfolio_is_not_negative(self) -> None:
        assert MaximumReturn().magnitude(np.array([-1.0, 0.0]), ESTIMATES) == pytest.approx(0.1)

    @pytest.mark.parametrize("aversion", [0.0, -1.0, np.nan, np.inf])
    def test_a_risk_aversion_is_above_zero_and_finite(self, aversion: float) -> None:
        with pytest.raises(InvalidInput) as caught:
            MaximumUtility(aversion)
        assert caught.value.faults[0].path == ("risk_parameters", "risk_aversion")

    def test_terms_scale(self) -> None:
        assert Return(-2.0).value(W, ESTIMATES) == pytest.approx(-2 * RETURN)
        assert Variance(3.0).value(W, ESTIMATES) == pytest.approx(1.5 * VARIANCE)


class TestMinorant:
    @pytest.mark.parametrize("objective", ALL[:3], ids=lambda objective: objective.name)
    @settings(max_examples=60, deadline=None)
    @given(w=WEIGHTS, x=WEIGHTS)
    def test_it_touches_at_w_and_curves_away(self, objective: Objective, w: Vector, x: Vector) -> None:
        constant, slope, curvature = objective.minorant(w, ESTIMATES)
        assert constant + slope @ w == pytest.approx(objective.loss(w, ESTIMATES), abs=1e-13)
        left = objective.loss(x, ESTIMATES) - (constant + slope @ x)
        assert left == pytest.approx(curvature / 2 * (x - w) @ S @ (x - w), abs=1e-13)
        assert left >= -1e-13

    @settings(max_examples=200, deadline=None)
    @given(w=WEIGHTS, x=WEIGHTS, rate=st.floats(-0.05, 0.1))
    def test_below_zero_somewhere_wherever_a_portfolio_has_a_better_ratio(
        self, w: Vector, x: Vector, rate: float
    ) -> None:
        objective = MaximumSharpe(rate)
        if objective.excess(w, ESTIMATES) <= 1e-6 or ESTIMATES.volatility(x) <= 1e-6:
            return
        theta = objective.value(w, ESTIMATES)
        convex = theta * ESTIMATES.volatility(x) - objective.excess(x, ESTIMATES)
        minorant = objective.minorant(w, ESTIMATES)
        assert minorant.constant + minorant.slope @ x <= convex + 1e-9 * max(1.0, theta)
        assert minorant.constant + minorant.slope @ w == pytest.approx(0.0, abs=1e-12)
        assert (convex < 0) == (objective.value(x, ESTIMATES) > theta) or abs(convex) < 1e-9 * max(1.0, theta)


class TestSharpe:
    @pytest.mark.parametrize("rate", [RETURN, 0.2])
    def test_a_portfolio_that_does_not_beat_the_rate_cannot_be_certified(self, rate: float) -> None:
        assert MaximumSharpe(rate).loss(W, ESTIMATES) == np.inf

    def test_its_ratio_is_negative_and_its_minorant_that_of_the_excess_alone(self) -> None:
        assert MaximumSharpe(0.2).value(W, ESTIMATES) == pytest.approx((RETURN - 0.2) / SIGMA)
        np.testing.assert_allclose(MaximumSharpe(0.2).minorant(W, ESTIMATES).slope, 0.2 - MEAN)

    @pytest.mark.parametrize(("rate", "value"), [(0.0, np.inf), (0.2, -np.inf)])
    def test_without_risk_it_is_endless(self, rate: float, value: float) -> None:
        assert MaximumSharpe(rate).value(W, RISKLESS) == value
        assert np.isfinite(MaximumSharpe(rate).minorant(W, RISKLESS).slope).all()

    def test_without_risk_and_excess_it_is_not_a_number(self) -> None:
        nothing = MaximumSharpe(0.1)
        assert np.isnan(nothing.value(np.array([1.0, 0.0]), RISKLESS))


class TestWithoutAFigure:
    """Aims that only rules take so far."""

    @pytest.mark.parametrize("objective", [RiskParity(), MultiObjective()])
    def test_nothing_is_stated_and_nothing_can_be_proven(self, objective: Objective) -> None:
        assert np.isnan(objective.value(W, NO_MEANS))
        assert objective.loss(W, NO_MEANS) == objective.residual_cost(W, W, NO_MEANS) == np.inf
        assert objective.minorant(W, NO_MEANS).slope.tolist() == [0.0, 0.0]
        assert objective.magnitude(W, NO_MEANS) == 0.0
        assert objective.needs_mean == isinstance(objective, MultiObjective)  # among its aims, or to tell its return

    def test_their_names_are_those_of_the_enumeration(self) -> None:
        assert (RiskParity.name, MultiObjective.name) == ("RISK_PARITY", "MULTI_OBJECTIVE")


class TestPrice:
    """How much the value improves as the loss falls, against finite differences along a move of the weights."""

    @pytest.mark.parametrize("objective", ALL, ids=lambda objective: objective.name)
    def test_it_translates_the_slope_of_the_loss(self, objective: Objective) -> None:
        step = 1e-6 * np.array([0.3, -0.5])
        change = objective.minorant(W, ESTIMATES).slope @ step
        improvement = objective.value(W + step, ESTIMATES) - objective.value(W - step, ESTIMATES)
        sign = -1 if objective.name == "MIN_VOLATILITY" else 1
        assert -change * objective.price(W, ESTIMATES) == pytest.approx(sign * improvement / 2, rel=1e-6)

    @pytest.mark.parametrize("objective", [MinimumVolatility(), MaximumSharpe()])
    def test_without_risk_a_volatility_has_no_price(self, objective: Objective) -> None:
        assert objective.price(W, RISKLESS) == 0.0


class TestGap:
    def test_of_a_variance_in_volatility(self) -> None:
        objective, gap = MinimumVolatility(), 0.3 * VARIANCE / 2
        lowest = np.sqrt(VARIANCE - 2 * gap)
        assert objective.gap_in_value(gap, W, ESTIMATES, 0.0) == pytest.approx(SIGMA - lowest, rel=1e-12)

    def test_a_gap_beyond_all_variance_is_all_volatility_at_least(self) -> None:
        gap = MinimumVolatility().gap_in_value(VARIANCE, W, ESTIMATES, 0.0)
        assert gap is not None
        assert gap >= SIGMA

    def test_without_risk_nothing_is_left_to_gain(self) -> None:
        assert MinimumVolatility().gap_in_value(0.0, W, RISKLESS, 0.0) == 0.0

    def test_of_a_ratio_it_is_over_the_least_volatility(self) -> None:
        assert MaximumSharpe().gap_in_value(0.01, W, ESTIMATES, 0.1) == pytest.approx(0.1)
        assert MaximumSharpe().gap_in_value(0.01, W, ESTIMATES, 0.0) is None

    @pytest.mark.parametrize("objective", [MaximumReturn(), MaximumUtility()])
    def test_of_a_mean_and_a_utility_it_is_itself(self, objective: Objective) -> None:
        assert objective.gap_in_value(0.01, W, ESTIMATES, 0.1) == 0.01


class TestResidual:
    """What a slope that nothing bounds can lower the loss by, against a search over the plane."""

    @staticmethod
    def lowest(function: Callable[[Vector], float], around: Vector, reach: float) -> float:
        """The least value on a grid that is refined around the best point."""
        best = around
        for _ in range(60):
            grid = [best + reach * np.array([i, j]) for i in range(-3, 4) for j in range(-3, 4)]
            best = min(grid, key=function)
            reach *= 0.7
        return function(best)

    @settings(max_examples=25, deadline=None)
    @given(residual=st.lists(st.floats(-0.1, 0.1), min_size=2, max_size=2).map(np.array))
    def test_of_a_curved_sum(self, residual: Vector) -> None:
        objective = MaximumUtility(4.0)
        cost = objective.residual_cost(residual, W, ESTIMATES)
        least = self.lowest(lambda x: float(residual @ x + 2.0 * (x - W) @ S @ (x - W)), W, 1.0)
        assert -cost <= least + 1e-12

    @settings(max_examples=25, deadline=None)
    @given(residual=st.lists(st.floats(-0.05, 0.05), min_size=2, max_size=2).map(np.array), x=WEIGHTS)
    def test_of_a_ratio(self, residual: Vector, x: Vector) -> None:
        raised = MaximumSharpe().residual_cost(residual, W, ESTIMATES) / ESTIMATES.volatility(W)
        assert residual @ x >= -raised * ESTIMATES.volatility(x) - 1e-12

    def test_a_straight_or_riskless_loss_can_be_lowered_without_end(self) -> None:
        residual = np.array([1e-9, 0.0])
        assert MaximumReturn().residual_cost(residual, W, ESTIMATES) == np.inf
        assert MinimumVolatility().residual_cost(residual, W, RISKLESS) == np.inf
        assert MaximumSharpe().residual_cost(residual, W, RISKLESS) == np.inf
