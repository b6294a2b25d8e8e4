"""A problem is sound when it is made, or is not made at all."""

from dataclasses import replace

import numpy as np
import pytest

from tangency.domain.errors import Fault, InvalidInput
from tangency.domain.optimization.constraint import (
    Budget,
    LongOnly,
    MaximumWeight,
    SectorLimit,
    TargetReturn,
    TurnoverLimit,
)
from tangency.domain.optimization.objective import MaximumReturn
from tangency.domain.optimization.problem import Problem
from tests.support.posed import LONG_ONLY, estimated, posed

TWO = np.diag([0.04, 0.09])


def faults_of(*limits: object, **changes: object) -> tuple[Fault, ...]:
    market = posed(TWO).market
    with pytest.raises(InvalidInput) as caught:
        Problem(market, MaximumReturn(), (*LONG_ONLY, *limits), **changes)  # type: ignore[arg-type]
    return caught.value.faults


class TestWhatIsRefused:
    def test_every_fault_of_every_constraint_is_told(self) -> None:
        faults = faults_of(MaximumWeight(0.5, "Z"), SectorLimit(0.5, "energy"), MaximumWeight(np.nan))
        assert [fault.path[0] for fault in faults] == ["strategies", "constraints", "constraints"]

    def test_one_constraint_twice(self) -> None:
        (fault,) = faults_of(MaximumWeight(0.5, "A"), MaximumWeight(0.6), MaximumWeight(0.4, "A"))
        assert (fault.path, fault.code) == (("strategies", "A", "max_weight"), "duplicate")
        assert "strategies.A.max_weight is given twice" in fault.detail

    @pytest.mark.parametrize("rate", [np.nan, np.inf, -np.inf])
    def test_a_risk_free_rate_that_is_not_finite(self, rate: float) -> None:
        (fault,) = faults_of(risk_free_rate=rate)
        assert fault.path == ("risk_parameters", "risk_free_rate")

    @pytest.mark.parametrize("current", [np.array([0.5, np.nan]), np.array([0.5]), np.array([0.2, 0.3, 0.5])])
    def test_current_weights_that_are_not_one_finite_figure_per_name(self, current: np.ndarray) -> None:
        (fault,) = faults_of(current=current)
        assert fault.path == ("current",)

    def test_current_weights_that_are(self) -> None:
        current = np.array([0.5, 0.4])
        problem = Problem(posed(TWO).market, MaximumReturn(), LONG_ONLY, current=current)
        assert problem.current is current


class TestRiskMeasure:
    @pytest.mark.parametrize(
        ("method", "options", "measure"),
        [
            ("mean_variance", {}, "volatility"),
            ("mean_risk", {}, "cvar"),
            ("mean_risk", {"risk_measure": "EVaR"}, "evar"),
            ("risk_parity", {"risk_measure": "cdar"}, "cdar"),
        ],
    )
    def test_it_is_what_the_options_say_and_else_what_the_method_takes(
        self, method: str, options: dict[str, object], measure: str
    ) -> None:
        assert replace(posed(TWO), method=method, options=options).risk_measure == measure


class TestRegion:
    def test_it_holds_the_shape_of_every_constraint(self) -> None:
        problem = posed(TWO, [0.1, 0.05], limits=(*LONG_ONLY, TargetReturn(0.06), TurnoverLimit(0.1, (0.5, 0.5))))
        region = problem.region(estimated(problem))
        assert {shape.id for shape in region.shapes} == set(problem.by_id)
        assert region.size == 2

    def test_it_is_kept_for_the_same_estimates_and_made_anew_for_others(self) -> None:
        problem = posed(TWO, [0.1, 0.05], limits=(Budget(), TargetReturn(0.06)))
        first, second = estimated(problem), estimated(problem)
        kept = problem.region(first)
        assert problem.region(first) is kept
        assert problem.region(second) is not kept
        assert problem.region(second) is problem.region(second)

    def test_a_target_return_makes_means_necessary(self) -> None:
        assert posed(TWO, [0.1, 0.05], limits=(Budget(), TargetReturn(0.06))).constraints_need_mean()
        assert not posed(TWO, limits=(Budget(), LongOnly())).constraints_need_mean()
