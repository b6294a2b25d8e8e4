"""Clarabel behind its kernel: the same answers as the first solver's, proofs of its own, and every ending."""

import numpy as np
import pytest

from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.certificate import certify
from tangency.domain.optimization.constraint import (
    Budget,
    LeverageLimit,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Witness
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.plugins.kernels.conic import ConicPoint, conic
from tests.plugins.random_problems import random_problem
from tests.support.posed import LONG_ONLY, answer, estimated, posed

TWO = np.diag([0.04, 0.09])
MEAN = np.array([0.1, 0.05])


def reached(problem: Problem, tolerance: float = 1e-10, time_limit_s: float = 10.0) -> ConicPoint:
    """What the kernel makes of a problem."""
    estimates, objective = estimated(problem), problem.objective
    ratio, mean = isinstance(objective, MaximumSharpe), estimates.mean
    mean = np.zeros(len(problem.universe)) if mean is None or not objective.needs_mean else mean
    if isinstance(objective, MaximumSharpe):
        mean = objective.gain(estimates)
    risk_weight = {"MIN_VOLATILITY": 1.0, "MAX_UTILITY": getattr(objective, "risk_aversion", 0.0)}
    weight = risk_weight.get(objective.name, 0.0)
    return conic(estimates.covariance, mean, weight, problem.region(estimates), ratio, tolerance, time_limit_s)


def weights(point: ConicPoint) -> Vector:
    assert point.status == "solved"
    assert point.weights is not None
    return point.weights


class TestByHand:
    def test_least_volatility(self) -> None:
        point = reached(posed(TWO))
        np.testing.assert_allclose(weights(point), [9 / 13, 4 / 13], rtol=1e-8)
        assert point.multipliers["budget"] == pytest.approx(-0.36 / 13, rel=1e-8)
        assert (point.attempt.solver, point.attempt.status) == ("clarabel", "solved")

    def test_the_best_ratio(self) -> None:
        point = reached(posed(TWO, [0.12, 0.11], MaximumSharpe(0.02)))
        np.testing.assert_allclose(weights(point), np.array([2.5, 1.0]) / 3.5, rtol=1e-7)

    def test_the_best_ratio_within_limits_that_do_not_scale_by_themselves(self) -> None:
        # Without them (0.714, 0.286); a turnover of 0.1 from (1/2, 1/2) stops at 0.6.
        limits = (*LONG_ONLY, TurnoverLimit(0.1, (0.5, 0.5)))
        turning = reached(posed(TWO, [0.1, 0.09], MaximumSharpe(), limits))
        np.testing.assert_allclose(weights(turning), [0.6, 0.4], rtol=1e-7)
        capped = reached(posed(TWO, [0.1, 0.09], MaximumSharpe(), (*LONG_ONLY, MaximumWeight(0.65))))
        np.testing.assert_allclose(weights(capped), [0.65, 0.35], rtol=1e-7)

    def test_a_leverage_limit(self) -> None:
        limits = (Budget(), MinimumWeight(-1.0), LeverageLimit(1.4))
        np.testing.assert_allclose(weights(reached(posed(TWO, MEAN, MaximumReturn(), limits))), [1.2, -0.2], rtol=1e-7)

    def test_a_volatility_target_and_where_it_touches(self) -> None:
        point = reached(posed(TWO, MEAN, MaximumReturn(), (*LONG_ONLY, TargetVolatility(0.18))))
        x = weights(point)
        assert np.sqrt(0.04 * x[0] ** 2 + 0.09 * x[1] ** 2) == pytest.approx(0.18, rel=1e-8)
        cut = point.cuts["risk_parameters.target_volatility"]
        np.testing.assert_allclose(cut / cut.sum(), x, rtol=1e-4)
        assert point.multipliers["risk_parameters.target_volatility"] > 0


class TestProofs:
    @pytest.mark.parametrize("block", range(3))
    def test_its_multipliers_prove_its_points_and_the_first_solver_agrees(self, block: int) -> None:
        for seed in range(2000 + 8 * block, 2008 + 8 * block):
            problem = random_problem(seed, largest=10)
            first = answer(problem)
            point = reached(problem)
            if first.weights is None:
                assert point.status == "infeasible"  # no multiple of a portfolio has an excess of 1
                continue
            assert point.status == "solved"
            assert point.weights is not None
            witness = Witness(point.multipliers, point.cuts)
            certificate = certify(problem, estimated(problem), point.weights, witness)
            assert certificate.max_violation < 1e-7, seed
            assert certificate.relative_gap is not None
            assert certificate.relative_gap < 1e-6, seed
            assert certificate.objective == pytest.approx(first.objective_value, rel=1e-6, abs=1e-9), seed

    @pytest.mark.parametrize("unit", [1e-6, 1e6])
    @pytest.mark.parametrize("objective", [MaximumSharpe(), MaximumReturn(), MinimumVolatility()], ids=str)
    def test_no_unit_of_returns_spoils_them(self, objective: Objective, unit: float) -> None:
        limits = (*LONG_ONLY, TargetReturn(0.07 * unit), TargetVolatility(0.19 * unit))
        problem = posed(TWO * unit**2, MEAN * unit, objective, limits)
        point = reached(problem)
        certificate = certify(problem, estimated(problem), weights(point), Witness(point.multipliers, point.cuts))
        assert certificate.relative_gap is not None
        assert certificate.relative_gap < 1e-6


class TestEndings:
    def test_infeasible(self) -> None:
        point = reached(posed(TWO, limits=(*LONG_ONLY, MaximumWeight(0.4))))
        assert (point.status, point.weights, point.multipliers, point.cuts) == ("infeasible", None, {}, {})

    def test_a_volatility_target_out_of_reach_is_infeasible(self) -> None:
        point = reached(posed(TWO, MEAN, MaximumReturn(), (*LONG_ONLY, TargetVolatility(0.1))))
        assert (point.status, point.weights) == ("infeasible", None)

    def test_unbounded(self) -> None:
        point = reached(posed(TWO, MEAN, MaximumReturn(), (Budget(),)))
        assert (point.status, point.weights) == ("unbounded", None)

    def test_a_ratio_that_is_approached_and_never_reached(self) -> None:
        # Below the rate of the least risk, the ratio grows with every short sale and has no best portfolio.
        point = reached(posed(TWO, MEAN, MaximumSharpe(0.2), (Budget(),)))
        assert (point.status, point.weights) == ("unbounded", None)

    def test_nothing_beats_the_rate(self) -> None:
        assert reached(posed(TWO, MEAN, MaximumSharpe(0.2), LONG_ONLY)).status == "infeasible"

    def test_out_of_time(self) -> None:
        n = 60
        rng = np.random.default_rng(0)
        loadings = rng.normal(size=(n, n))
        covariance: Matrix = loadings @ loadings.T / n
        problem = posed(covariance, rng.normal(size=n), MaximumUtility(), names=[f"N{i}" for i in range(n)])
        point = reached(problem, time_limit_s=1e-9)
        assert (point.status, point.weights) == ("time_limit", None)

    def test_a_tolerance_out_of_reach_is_no_crash(self) -> None:
        point = reached(posed(TWO, MEAN, MaximumUtility()), tolerance=1e-300)
        assert point.status in {"solved", "almost_solved", "numerical_error", "iteration_limit"}
        assert (point.weights is not None) == (point.status in {"solved", "almost_solved"})


class TestDegenerate:
    def test_a_riskless_name_within_a_limit(self) -> None:
        limits = (Budget(), LongOnly(), MaximumWeight(0.6, "B"))
        point = reached(posed(np.diag([0.04, 0.0]), [0.1, 0.03], MaximumSharpe(0.02), limits))
        np.testing.assert_allclose(weights(point), [0.4, 0.6], atol=1e-6)

    def test_a_riskless_gain_ends_somewhere(self) -> None:
        covariance = DenseCovariance.of(np.zeros((2, 2)))
        problem = posed(np.zeros((2, 2)), [0.1, 0.05], MaximumSharpe())
        point = conic(covariance, MEAN, 0.0, problem.region(estimated(problem)), True, 1e-10, 10.0)
        assert point.weights is None or point.weights.sum() == pytest.approx(1.0, abs=1e-6)

    def test_weights_are_clipped_to_their_bounds(self) -> None:
        for seed in range(20):
            problem = random_problem(3000 + seed, largest=10)
            point = reached(problem)
            if point.weights is not None:
                region = problem.region(estimated(problem))
                assert (point.weights >= region.lower).all()
                assert (point.weights <= region.upper).all()
