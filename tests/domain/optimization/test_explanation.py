"""Why: every price against the objective solved again with the limit moved."""

from collections.abc import Sequence

import numpy as np
import pytest

from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LeverageLimit,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    SectorLimit,
    TargetReturn,
    TargetVolatility,
    TurnoverLimit,
)
from tangency.domain.optimization.explanation import Explanation, NameAtBound, explain
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status, Witness
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.region import Bounds
from tests.plugins.random_problems import random_problem
from tests.support.posed import LONG_ONLY, answer, best, estimated, posed

STEP = 1e-6
COVARIANCE = np.array(
    [
        [0.0625, 0.02, 0.026, 0.01],
        [0.02, 0.0484, 0.006, 0.012],
        [0.026, 0.006, 0.0225, 0.004],
        [0.01, 0.012, 0.004, 0.03],
    ]
)
MEAN = np.array([0.12, 0.09, 0.05, 0.07])
EVEN = (0.25,) * 4
SHORT: tuple[Constraint, ...] = (Budget(), MinimumWeight(-1.0))


def four(objective: Objective, limits: Sequence[Constraint]) -> Problem:
    return posed(COVARIANCE, MEAN, objective, limits, sectors=["tech", "tech", "food", "food"])


def why(problem: Problem) -> Explanation:
    explanation = best(problem).why
    assert explanation is not None
    return explanation


def moved(problem: Problem, key: str, amount: float) -> Problem:
    """With one limit moved outward by an amount; inward where it is negative."""
    looser = np.sign(problem.by_id[key].sensitivity)
    limits = [c.with_limit(float(c.limit + looser * amount)) if c.id == key else c for c in problem.constraints]
    return Problem(problem.market, problem.objective, tuple(limits))


def rebounded(problem: Problem, name: str, bound: str, amount: float) -> Problem:
    """With the lower or upper limit of one name moved outward by an amount, all others as they are."""
    region = problem.region(estimated(problem))
    shapes = [(c, c.shape(problem.universe, estimated(problem))) for c in problem.constraints]
    limits: list[Constraint] = [c for c, shape in shapes if not isinstance(shape, Bounds)]
    for each, low, high in zip(problem.universe.names, region.lower.tolist(), region.upper.tolist(), strict=True):
        moves = amount if each == name else 0.0
        limits.append(MinimumWeight(low - moves * (bound == "min"), each))
        if np.isfinite(high):
            limits.append(MaximumWeight(high + moves * (bound == "max"), each))
    return Problem(problem.market, problem.objective, tuple(limits))


def slopes(outward: Problem, as_it_is: Problem, inward: Problem) -> tuple[float, float]:
    """Improvement of the objective per unit, going outward and coming from inside (endless without an answer there)."""
    sign = -1.0 if isinstance(as_it_is.objective, MinimumVolatility) else 1.0
    values = [answer(problem).objective_value for problem in (outward, as_it_is, inward)]
    assert values[0] is not None
    assert values[1] is not None
    out = sign * (values[0] - values[1]) / STEP
    return out, np.inf if values[2] is None else sign * (values[1] - values[2]) / STEP


def agrees(price: float, problem: Problem, outward: Problem, inward: Problem) -> bool:
    """Within 1e-4 where the objective is smooth in the limit, and between the two slopes where it has a kink."""
    out, back = slopes(outward, problem, inward)
    tolerance = 1e-4 * abs(price) + 2e-6
    return out - tolerance <= price <= back + tolerance


class TestShadowPrices:
    """One limit that binds at a time, under every objective that it can bind under."""

    CASES = (
        (MinimumVolatility(), (*LONG_ONLY, TurnoverLimit(0.1, EVEN)), "constraints.turnover_limit"),
        (MaximumSharpe(0.02), (*LONG_ONLY, TurnoverLimit(0.1, EVEN)), "constraints.turnover_limit"),
        (MaximumUtility(3.0), (*LONG_ONLY, TurnoverLimit(0.1, EVEN)), "constraints.turnover_limit"),
        (MaximumReturn(), (*LONG_ONLY, TurnoverLimit(0.1, EVEN)), "constraints.turnover_limit"),
        (MinimumVolatility(), (*SHORT, LeverageLimit(1.02)), "constraints.leverage_limit"),
        (MaximumSharpe(0.04), (*SHORT, LeverageLimit(1.1)), "constraints.leverage_limit"),
        (MaximumUtility(1.0), (*SHORT, LeverageLimit(1.3)), "constraints.leverage_limit"),
        (MaximumReturn(), (*SHORT, LeverageLimit(1.3)), "constraints.leverage_limit"),
        (MinimumVolatility(), (*LONG_ONLY, SectorLimit(0.6, "food")), "constraints.sector_limits.food"),
        (MaximumSharpe(0.02), (*LONG_ONLY, SectorLimit(0.3, "tech")), "constraints.sector_limits.tech"),
        (MaximumUtility(2.0), (*LONG_ONLY, SectorLimit(0.4, "tech")), "constraints.sector_limits.tech"),
        (MaximumReturn(), (*LONG_ONLY, SectorLimit(0.4, "tech")), "constraints.sector_limits.tech"),
        (MinimumVolatility(), (*LONG_ONLY, TargetReturn(0.08)), "risk_parameters.target_return"),
        (MaximumSharpe(0.02), (*LONG_ONLY, TargetReturn(0.105)), "risk_parameters.target_return"),
        (MaximumUtility(9.0), (*LONG_ONLY, TargetReturn(0.09)), "risk_parameters.target_return"),
        (MaximumSharpe(0.02), (*LONG_ONLY, TargetVolatility(0.13)), "risk_parameters.target_volatility"),
        (MaximumUtility(1.0), (*LONG_ONLY, TargetVolatility(0.15)), "risk_parameters.target_volatility"),
        (MaximumReturn(), (*LONG_ONLY, TargetVolatility(0.15)), "risk_parameters.target_volatility"),
    )

    @pytest.mark.parametrize(("objective", "limits", "key"), CASES, ids=str)
    def test_each_is_the_change_of_the_objective(
        self, objective: Objective, limits: tuple[Constraint, ...], key: str
    ) -> None:
        problem = four(objective, limits)
        (binding,) = why(problem).binding
        assert binding.constraint == key
        assert binding.shadow_price > 1e-3
        out, back = slopes(moved(problem, key, STEP), problem, moved(problem, key, -STEP))
        assert (out + back) / 2 == pytest.approx(binding.shadow_price, rel=1e-4)

    def test_by_hand_for_turnover(self) -> None:
        # From (1/2, 1/2), each unit of one-way turnover swaps a mean of 0.05 for one of 0.1.
        limits = (*LONG_ONLY, TurnoverLimit(0.1, (0.5, 0.5)))
        (binding,) = why(posed(np.diag([0.04, 0.09]), [0.1, 0.05], MaximumReturn(), limits)).binding
        assert binding.shadow_price == pytest.approx(0.05, rel=1e-9)
        assert binding.sentence == (
            "One-way turnover from the current weights is at most 0.1. It binds: moving the limit by 0.01 improves the "
            "objective by about 0.0005."
        )

    def test_by_hand_for_a_target_return(self) -> None:
        # Two names leave one portfolio for each mean: d sigma / d target = (Sw)'d / sigma over the means' difference.
        problem = posed(np.diag([0.04, 0.09]), [0.05, 0.1], limits=(*LONG_ONLY, TargetReturn(0.08)))
        (binding,) = why(problem).binding
        sigma = np.sqrt(0.16 * 0.04 + 0.36 * 0.09)
        assert binding.shadow_price == pytest.approx((0.6 * 0.09 - 0.4 * 0.04) / sigma / 0.05, rel=1e-9)

    def test_what_binds_most_comes_first(self) -> None:
        limits = (*LONG_ONLY, SectorLimit(0.4, "tech"), TurnoverLimit(0.3, EVEN), MaximumWeight(0.5))
        prices = [each.shadow_price for each in why(four(MaximumReturn(), limits)).binding]
        assert len(prices) == 2
        assert prices == sorted(prices, reverse=True)

    def test_a_limit_with_room_left_does_not_bind(self) -> None:
        loose = (
            *LONG_ONLY,
            TurnoverLimit(1.0, EVEN),
            SectorLimit(1.0, "tech"),
            TargetReturn(0.01),
            TargetVolatility(1.0),
        )
        assert why(four(MaximumSharpe(), loose)).binding == ()

    def test_the_budget_and_bounds_are_never_among_them(self) -> None:
        problem = four(
            MaximumReturn(), (*LONG_ONLY, MaximumWeight(0.4), MinimumWeight(0.1, "C"), MaximumWeight(0.35, "A"))
        )
        assert why(problem).binding == ()


class TestReducedCosts:
    @pytest.mark.parametrize(
        "objective",
        [MinimumVolatility(), MaximumSharpe(0.03), MaximumUtility(2.0), MaximumReturn()],
        ids=lambda objective: objective.name,
    )
    def test_each_is_the_change_of_the_objective(self, objective: Objective) -> None:
        bounds = (MaximumWeight(0.36), MinimumWeight(0.3, "B"), MaximumWeight(0.1, "A"))
        problem = four(objective, (*LONG_ONLY, *bounds))
        held = why(problem).at_bound
        assert len(held) >= 2
        for each in held:
            outward, inward = (rebounded(problem, each.name, each.bound, amount) for amount in (STEP, -STEP))
            out, back = slopes(outward, problem, inward)
            assert (out + back) / 2 == pytest.approx(each.reduced_cost, rel=1e-4, abs=1e-7), each

    def test_by_hand(self) -> None:
        problem = posed(
            np.diag([0.04, 0.09, 0.01]), [0.1, 0.05, 0.07], MaximumReturn(), (*LONG_ONLY, MaximumWeight(0.6))
        )
        assert why(problem).at_bound == (
            NameAtBound("A", "max", 0.6, pytest.approx(0.03)),  # type: ignore[arg-type]  # compares as a float does
            NameAtBound("B", "min", 0.0, pytest.approx(0.02)),  # type: ignore[arg-type]
        )

    def test_a_name_whose_bounds_meet_is_at_its_minimum(self) -> None:
        problem = four(MaximumReturn(), (*LONG_ONLY, MinimumWeight(0.2, "B"), MaximumWeight(0.2, "B")))
        held = {each.name: each for each in why(problem).at_bound}
        assert (held["B"].bound, held["B"].limit) == ("min", 0.2)
        assert held["B"].reduced_cost == pytest.approx(0.03)

    def test_next_to_a_current_weight_only_the_way_out_counts(self) -> None:
        # D is held at nothing and at its lower bound at once: selling it short also costs turnover, buying it does too.
        limits = (*LONG_ONLY, TurnoverLimit(0.15, (0.3, 0.3, 0.4, 0.0)))
        problem = four(MaximumReturn(), limits)
        held = {each.name: each for each in why(problem).at_bound}
        assert set(held) == {"D"}
        outward, inward = (rebounded(problem, "D", "min", amount) for amount in (STEP, -STEP))
        assert agrees(held["D"].reduced_cost, problem, outward, inward)
        out, _ = slopes(outward, problem, inward)
        assert held["D"].reduced_cost == pytest.approx(max(0.0, out), abs=1e-6)

    def test_an_upper_bound_at_the_current_weight(self) -> None:
        limits = (*LONG_ONLY, MaximumWeight(0.3, "A"), TurnoverLimit(0.1, (0.3, 0.2, 0.3, 0.2)))
        problem = four(MaximumReturn(), limits)
        held = {each.name: each for each in why(problem).at_bound}
        assert (held["A"].bound, held["A"].limit) == ("max", 0.3)
        outward, inward = (rebounded(problem, "A", "max", amount) for amount in (STEP, -STEP))
        assert agrees(held["A"].reduced_cost, problem, outward, inward)

    def test_names_inside_their_bounds_are_not_told(self) -> None:
        assert why(four(MinimumVolatility(), (*LONG_ONLY, MaximumWeight(0.9)))).at_bound == tuple(
            each for each in why(four(MinimumVolatility(), LONG_ONLY)).at_bound
        )
        assert why(four(MinimumVolatility(), (Budget(),))).at_bound == ()


@pytest.mark.parametrize("block", range(5))
def test_every_price_of_random_problems_agrees_with_solving_again(block: int) -> None:
    told = 0
    for seed in range(5000 + 6 * block, 5006 + 6 * block):
        problem = random_problem(seed, largest=10)
        solution = answer(problem)
        if solution.status is Status.NOT_APPLICABLE:
            continue
        assert solution.why is not None
        prices = {binding.constraint: binding.shadow_price for binding in solution.why.binding}
        for constraint in problem.constraints:
            if isinstance(constraint.shape(problem.universe, estimated(problem)), Bounds) or isinstance(
                constraint, Budget
            ):
                assert constraint.id not in prices
                continue
            price = prices.get(constraint.id, 0.0)
            outward, inward = (moved(problem, constraint.id, amount) for amount in (STEP, -STEP))
            assert agrees(price, problem, outward, inward), (seed, constraint.id, price)
            told += 1
        for each in solution.why.at_bound[:2]:
            outward, inward = (rebounded(problem, each.name, each.bound, amount) for amount in (STEP, -STEP))
            assert each.reduced_cost >= 0
            assert agrees(each.reduced_cost, problem, outward, inward), (seed, each)
            told += 1
    assert told > 10


class TestReading:
    """What is made of a witness, whoever gave it."""

    LIMITS = (*LONG_ONLY, SectorLimit(0.4, "tech"), TurnoverLimit(0.5, EVEN))

    def read(self, objective: Objective, witness: Witness) -> tuple[Explanation, Estimates]:
        problem = four(objective, self.LIMITS)
        return explain(problem, estimated(problem), np.array(EVEN), witness), estimated(problem)

    def test_a_multiplier_of_rounding_is_no_price(self) -> None:
        mean = float(MEAN.mean())
        found, _ = self.read(MaximumReturn(), Witness({"constraints.sector_limits.tech": 0.99e-7 * mean}))
        assert found.binding == ()
        found, _ = self.read(MaximumReturn(), Witness({"constraints.sector_limits.tech": 1.01e-7 * mean}))
        assert [each.constraint for each in found.binding] == ["constraints.sector_limits.tech"]

    def test_a_negative_multiplier_is_no_price(self) -> None:
        found, _ = self.read(MaximumReturn(), Witness({"constraints.sector_limits.tech": -1.0}))
        assert found.binding == ()

    def test_volatility_and_ratio_are_priced_per_unit_of_volatility(self) -> None:
        witness = Witness({"constraints.sector_limits.tech": 0.01, "constraints.turnover_limit": 0.02})
        for objective in (MinimumVolatility(), MaximumSharpe()):
            found, estimates = self.read(objective, witness)
            sigma = estimates.volatility(np.array(EVEN))
            prices = {each.constraint: each.shadow_price for each in found.binding}
            assert prices["constraints.sector_limits.tech"] == pytest.approx(0.01 / sigma)
            assert prices["constraints.turnover_limit"] == pytest.approx(0.04 / sigma)  # half the L1 distance
            assert found.binding[0].constraint == "constraints.turnover_limit"

    def test_a_name_is_at_its_bound_within_a_billionth(self) -> None:
        problem = four(MaximumReturn(), LONG_ONLY)
        weights = np.array([0.9e-9, 1.1e-9, 0.5, 0.5])
        found = explain(problem, estimated(problem), weights, Witness())
        assert [each.name for each in found.at_bound] == ["A"]

    def test_where_all_means_are_zero_nothing_breaks(self) -> None:
        problem = posed(np.diag([0.04, 0.09]), [0.0, 0.0], MaximumReturn(), LONG_ONLY)
        found = explain(problem, estimated(problem), np.array([1.0, 0.0]), Witness({"budget": 0.0}))
        assert found.at_bound == (NameAtBound("B", "min", 0.0, 0.0),)


def test_long_only_is_told_by_its_names() -> None:
    problem = posed(np.diag([0.04, 0.09]), [0.1, 0.05], MaximumReturn(), (Budget(), LongOnly()))
    assert why(problem).binding == ()
    assert [(each.name, each.bound) for each in why(problem).at_bound] == [("B", "min")]


def test_a_pinned_name_that_nothing_holds_back_is_listed_at_its_lower_bound() -> None:
    """Where every mean is the same, its slope is rounding, above 0 or below."""
    for mean in np.linspace(0.01, 0.2, 39).tolist():
        pinned = (*LONG_ONLY, MinimumWeight(0.1, "B"), MaximumWeight(0.1, "B"))
        problem = posed(COVARIANCE, np.full(4, mean), MaximumReturn(), pinned)
        for slip in (-1.0, 0.0, 1.0):
            witness = Witness({"budget": mean * (1.0 + slip * 2.0**-52)})
            told = explain(problem, estimated(problem), np.array([0.3, 0.1, 0.3, 0.3]), witness)
            assert [(each.name, each.bound) for each in told.at_bound] == [("B", "min")]
