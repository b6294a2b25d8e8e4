"""Infeasibility: conflicts and relaxations by hand, proofs in exact rationals, and another solver as the judge."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice

import numpy as np
import pytest

from tangency import solve
from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.optimization.active_risk import TrackingErrorLimit
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
from tangency.domain.optimization.infeasibility import (
    Infeasibility,
    Relaxation,
    explain_infeasibility,
    with_names,
)
from tangency.domain.optimization.lagrangian import SMALLEST_FARKAS_BOUND, farkas_bound
from tangency.domain.optimization.linear_programs import LinearProgram, LinearSolution
from tangency.domain.optimization.objective import MaximumReturn, MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status, Witness
from tests.plugins.random_problems import broken_problem, in_cvxpy
from tests.support.elastic_limits import least_change, relative_change
from tests.support.exact_bound import bounds_cross, exact_bound
from tests.support.posed import LONG_ONLY, answer, estimated, posed

TWO = np.diag([0.04, 0.09])
FOUR = np.diag([0.04, 0.09, 0.01, 0.05])
SECTORS = ["tech", "tech", "food", "food"]


def explained(problem: Problem) -> Infeasibility | None:
    return explain_infeasibility(problem, estimated(problem), HighsLinearPrograms())


def found(problem: Problem) -> Infeasibility:
    infeasibility = explained(problem)
    assert infeasibility is not None
    return infeasibility


def conflict(infeasibility: Infeasibility) -> dict[str, float | None]:
    """Each member of the conflict, and the value of it alone that would do."""
    return {member.constraint: member.sufficient for member in infeasibility.conflict}


def given(problem: Problem, limits: Mapping[str, float]) -> Problem:
    """The same with other values of some limits."""
    changed = (c.with_limit(limits.get(c.id, c.limit)) for c in problem.constraints)
    return Problem(problem.market, problem.objective, tuple(changed))


class TestByHand:
    def test_lower_bounds_that_sum_above_one(self) -> None:
        # 0.5 + 0.4 + 0.3 is 0.2 too much. Taking it from the largest is the smallest relative change.
        lows = [MinimumWeight(0.5, "A"), MinimumWeight(0.4, "B"), MinimumWeight(0.3, "C")]
        why = found(posed(np.diag([0.04, 0.09, 0.01]), limits=(*LONG_ONLY, *lows)))
        assert conflict(why) == {
            "budget": None,
            "strategies.A.min_weight": pytest.approx(0.3, abs=1e-9),
            "strategies.B.min_weight": pytest.approx(0.2, abs=1e-9),
            "strategies.C.min_weight": pytest.approx(0.1, abs=1e-9),
        }
        assert why.relaxation == (Relaxation("strategies.A.min_weight", 0.5, 0.3),)
        assert why.conflict[1].sentence == "The weight of A is at least 0.5."
        assert why.conflict[1].limit == 0.5

    def test_a_lower_bound_without_which_it_is_as_bad_has_no_part_in_it(self) -> None:
        lows = [MinimumWeight(0.1, "A"), MinimumWeight(0.5, "B"), MinimumWeight(0.6, "C")]
        why = found(posed(np.diag([0.04, 0.09, 0.01]), limits=(*LONG_ONLY, *lows)))
        assert set(conflict(why)) == {"budget", "long_only", "strategies.B.min_weight", "strategies.C.min_weight"}

    def test_one_lower_bound_for_all_that_sums_above_one(self) -> None:
        why = found(posed(np.diag([0.04, 0.09, 0.01]), limits=(*LONG_ONLY, MinimumWeight(0.4))))
        assert conflict(why) == {"budget": None, "constraints.min_weight": 0.333333333}  # the side that is feasible
        assert why.relaxation == (Relaxation("constraints.min_weight", 0.4, 0.333333333),)

    @pytest.mark.parametrize("least", [5.0, 1e4, 1e9, 1e12])
    def test_a_lower_bound_beyond_all_reach(self, least: float) -> None:
        problem = posed(np.diag([0.04, 0.09, 0.01]), limits=(*LONG_ONLY, MinimumWeight(least)))
        why = found(problem)
        [relaxed] = why.relaxation
        assert conflict(why) == {"budget": None, "constraints.min_weight": relaxed.needed}
        assert relaxed.needed == pytest.approx(1 / 3, abs=max(1e-9, 1e-14 * least))
        assert explained(given(problem, {relaxed.constraint: relaxed.needed})) is None

    @pytest.mark.parametrize("least", [1e4, 1e9])
    def test_a_lower_bound_of_one_name_beyond_all_reach(self, least: float) -> None:
        limits = (*LONG_ONLY, MinimumWeight(least, "B"), SectorLimit(0.4, "food"))
        problem = posed(TWO, limits=limits, sectors=["tech", "food"])
        why = found(problem)
        assert set(conflict(why)) == {"budget", "long_only", "strategies.B.min_weight"}
        applied = {relaxed.constraint: relaxed.needed for relaxed in why.relaxation}
        assert explained(given(problem, applied)) is None

    def test_upper_bounds_that_leave_too_little_room(self) -> None:
        why = found(posed(np.diag([0.04, 0.09, 0.01]), limits=(*LONG_ONLY, MaximumWeight(0.3))))
        assert conflict(why) == {"budget": None, "constraints.max_weight": 0.333333334}

    def test_sector_caps_that_leave_too_little_room(self) -> None:
        limits = (*LONG_ONLY, SectorLimit(0.3, "tech"), SectorLimit(0.4, "food"))
        why = found(posed(FOUR, limits=limits, sectors=SECTORS))
        assert conflict(why) == {
            "budget": None,
            "constraints.sector_limits.tech": pytest.approx(0.6, abs=1e-9),
            "constraints.sector_limits.food": pytest.approx(0.7, abs=1e-9),
        }
        assert why.relaxation == (Relaxation("constraints.sector_limits.food", 0.4, 0.7),)

    def test_a_minimum_weight_against_a_sector_cap(self) -> None:
        # The other name of the sector could only make room by being sold short.
        limits = (*LONG_ONLY, MinimumWeight(0.5, "C"), SectorLimit(0.4, "food"))
        why = found(posed(FOUR, limits=limits, sectors=SECTORS))
        assert conflict(why) == {
            "long_only": None,
            "strategies.C.min_weight": pytest.approx(0.4, abs=1e-9),
            "constraints.sector_limits.food": pytest.approx(0.5, abs=1e-9),
        }
        assert why.relaxation == (Relaxation("strategies.C.min_weight", 0.5, 0.4),)

    def test_a_minimum_weight_against_the_cap_of_a_sector_of_its_own(self) -> None:
        limits = (*LONG_ONLY, MinimumWeight(0.5, "B"), SectorLimit(0.4, "food"))
        why = found(posed(TWO, limits=limits, sectors=["tech", "food"]))
        assert set(conflict(why)) == {"strategies.B.min_weight", "constraints.sector_limits.food"}

    def test_a_turnover_limit_too_small_for_a_new_cap(self) -> None:
        # From (0.8, 0.2) to at most 0.6 takes 0.2; with 0.1 the first name gets down to 0.7.
        limits = (*LONG_ONLY, MaximumWeight(0.6, "A"), TurnoverLimit(0.1, (0.8, 0.2)))
        why = found(posed(TWO, limits=limits))
        assert conflict(why) == {
            "budget": None,
            "strategies.A.max_weight": pytest.approx(0.7, abs=1e-9),
            "constraints.turnover_limit": pytest.approx(0.2, abs=1e-9),
        }
        assert why.relaxation == (Relaxation("strategies.A.max_weight", 0.6, 0.7),)

    def test_a_turnover_limit_too_small_to_invest_the_cash(self) -> None:
        # A fifth is in cash, so at least a fifth must move: one way, 0.2. Turnover means that all of it is invested.
        why = found(posed(TWO, limits=(*LONG_ONLY, TurnoverLimit(0.05, (0.4, 0.4)))))
        assert conflict(why) == {"constraints.turnover_limit": pytest.approx(0.2, abs=1e-9)}

    def test_a_target_return_above_the_best_asset(self) -> None:
        why = found(posed(TWO, [0.1, 0.05], limits=(*LONG_ONLY, TargetReturn(0.12))))
        expected = {"budget": None, "long_only": None, "risk_parameters.target_return": pytest.approx(0.1, abs=1e-9)}
        assert conflict(why) == expected
        assert why.relaxation == (Relaxation("risk_parameters.target_return", 0.12, 0.1),)

    @pytest.mark.parametrize("target", [0.05, 1e-7, 1e3])
    def test_a_target_return_where_nothing_earns_anything(self, target: float) -> None:
        why = found(posed(TWO, np.zeros(2), limits=(*LONG_ONLY, TargetReturn(target))))
        assert conflict(why) == {"risk_parameters.target_return": pytest.approx(0.0, abs=1e-9)}

    def test_a_target_return_that_a_cap_keeps_out_of_reach(self) -> None:
        # At most 0.6 of the best name earns 0.08; for 0.09 it takes 0.8 of it.
        why = found(posed(TWO, [0.1, 0.05], limits=(*LONG_ONLY, MaximumWeight(0.6), TargetReturn(0.09))))
        assert conflict(why) == {
            "budget": None,
            "constraints.max_weight": pytest.approx(0.8, abs=1e-9),
            "risk_parameters.target_return": pytest.approx(0.08, abs=1e-9),
        }
        assert why.relaxation == (Relaxation("risk_parameters.target_return", 0.09, 0.08),)

    def test_a_leverage_below_the_budget(self) -> None:
        why = found(posed(TWO, limits=(Budget(), MinimumWeight(-1.0), LeverageLimit(0.9))))
        assert conflict(why) == {"budget": None, "constraints.leverage_limit": pytest.approx(1.0, abs=1e-9)}

    def test_a_minimum_above_a_maximum(self) -> None:
        why = found(posed(FOUR, limits=(*LONG_ONLY, MaximumWeight(0.3), MinimumWeight(0.5, "A"))))
        assert conflict(why) == {
            "constraints.max_weight": pytest.approx(0.5, abs=1e-9),
            "strategies.A.min_weight": pytest.approx(0.3, abs=1e-9),
        }
        assert why.relaxation == (Relaxation("strategies.A.min_weight", 0.5, 0.3),)

    def test_one_limit_that_gives_may_settle_two_quarrels(self) -> None:
        # At most 0.3 in each of two names contradicts the budget and the minimum; at most 0.5 contradicts neither.
        why = found(posed(TWO, limits=(*LONG_ONLY, MaximumWeight(0.3), MinimumWeight(0.5, "A"))))
        assert conflict(why) == {"budget": None, "constraints.max_weight": pytest.approx(0.5, abs=1e-9)}
        assert why.relaxation == (Relaxation("constraints.max_weight", 0.3, 0.5),)

    def test_a_volatility_target_below_the_least(self) -> None:
        # 1 / sqrt(1/0.04 + 1/0.09), rounded up.
        why = found(posed(TWO, limits=(*LONG_ONLY, TargetVolatility(0.1))))
        assert conflict(why) == {"budget": None, "risk_parameters.target_volatility": 0.166410059}
        assert why.relaxation == (Relaxation("risk_parameters.target_volatility", 0.1, 0.166410059),)

    def test_a_volatility_target_against_a_target_return(self) -> None:
        # 0.087 takes 0.74 of the first name; its share at the target is the larger root of the variance.
        limits = (*LONG_ONLY, TargetReturn(0.087), TargetVolatility(0.1668))
        why = found(posed(TWO, [0.1, 0.05], limits=limits))
        share = max(np.roots([0.13, -0.18, 0.09 - 0.1668**2]).real)
        assert conflict(why) == {
            "budget": None,
            "risk_parameters.target_return": pytest.approx(0.05 + 0.05 * share, abs=2e-9),
            "risk_parameters.target_volatility": pytest.approx(np.sqrt(0.74**2 * 0.04 + 0.26**2 * 0.09), abs=2e-9),
        }

    def test_a_return_that_no_portfolio_of_that_risk_earns_whatever_it_invests(self) -> None:
        # The best ratio of all is sqrt(0.01 / 0.04 + 0.0025 / 0.09) = 0.527, and 0.17 times it is below 0.09.
        limits = (*LONG_ONLY, TargetReturn(0.09), TargetVolatility(0.17))
        why = found(posed(TWO, [0.1, 0.05], limits=limits))
        assert set(conflict(why)) == {"risk_parameters.target_return", "risk_parameters.target_volatility"}

    def test_a_volatility_target_without_any_bound_on_weights(self) -> None:
        why = found(posed([[0.04, 0.013], [0.013, 0.09]], limits=(Budget(), TargetVolatility(0.1))))
        least = 1 / np.sqrt(np.linalg.solve([[0.04, 0.013], [0.013, 0.09]], np.ones(2)).sum())
        assert conflict(why) == {"budget": None, "risk_parameters.target_volatility": pytest.approx(least, abs=2e-9)}

    def test_a_volatility_target_against_a_tracking_error(self) -> None:
        # The benchmark has 0.3, which is more than 0.17 and 0.1 together, whatever is invested. Within the budget,
        # 0.1 / sqrt(0.13) of the first name is near enough to the second, and 0.17 takes the smaller root.
        limits = (*LONG_ONLY, TargetVolatility(0.17), TrackingErrorLimit(0.1, (0.0, 1.0)))
        why = found(posed(TWO, limits=limits))
        near, share = 0.1 / np.sqrt(0.13), min(np.roots([0.13, -0.18, 0.09 - 0.17**2]).real)
        least = np.sqrt(0.04 * near**2 + 0.09 * (1.0 - near) ** 2)
        assert conflict(why) == {
            "risk_parameters.target_volatility": pytest.approx(least, abs=2e-9),
            "method_options.tracking_error_limit": pytest.approx(share * np.sqrt(0.13), abs=2e-9),
        }
        assert [each.constraint for each in why.relaxation] == ["risk_parameters.target_volatility"]

    def test_what_a_tracking_error_needs_for_a_volatility_target_is_the_least_that_does(self) -> None:
        rng = np.random.default_rng(5)
        loadings, benchmark = rng.normal(0.15, 0.1, (5, 3)), tuple(rng.dirichlet(np.full(5, 0.3)).tolist())
        covariance = loadings @ loadings.T + np.diag(rng.uniform(0.005, 0.06, 5))

        def within(error: float) -> Problem:
            limits = TargetVolatility(0.24), TrackingErrorLimit(error, benchmark)
            return posed(covariance, limits=(*LONG_ONLY, *limits))

        error = conflict(found(within(0.03)))["method_options.tracking_error_limit"]
        assert error is not None
        assert explained(within(error)) is None
        assert explained(within(error * (1.0 - 1e-6))) is not None

    def test_a_volatility_target_and_a_tracking_error_that_agree(self) -> None:
        limits = (*LONG_ONLY, TargetVolatility(0.224), TrackingErrorLimit(0.1, (0.0, 1.0)))
        assert explained(posed(TWO, limits=limits)) is None

    def test_two_quarrels_at_once_need_two_to_give(self) -> None:
        lows = (MinimumWeight(0.4, "A"), MinimumWeight(0.45, "C"))
        caps = (SectorLimit(0.3, "tech"), SectorLimit(0.3, "food"), MaximumWeight(0.9, "B"))
        why = found(posed(FOUR, limits=(*LONG_ONLY, *lows, *caps), sectors=SECTORS))
        assert len(why.conflict) == 3
        assert {member.sufficient for member in why.conflict} == {None}
        needed = {each.constraint: each.needed for each in why.relaxation}
        # The budget needs 1 of both sectors together, so a cap that is loosened for it does for the minimum too.
        assert len(needed) == 2
        assert all(key.startswith("constraints.sector_limits.") for key in needed)
        assert sum(needed.values()) == pytest.approx(1.0, abs=1e-8)

    def test_a_relaxation_may_have_to_cross_zero(self) -> None:
        why = found(posed(TWO, [-0.1, -0.2], limits=(*LONG_ONLY, TargetReturn(0.05))))
        assert conflict(why)["risk_parameters.target_return"] == pytest.approx(-0.1, abs=1e-9)

    def test_a_limit_of_zero_gives_in_plain_units(self) -> None:
        why = found(posed(TWO, limits=(*LONG_ONLY, MaximumWeight(0.0))))
        assert conflict(why) == {"budget": None, "constraints.max_weight": 0.5}

    @pytest.mark.parametrize("tiny", [5e-324, 1e-310, 1e-30, 1e-10, 1e-6])
    def test_a_limit_next_to_nothing_gives_as_one_of_zero_does(self, tiny: float) -> None:
        why = found(posed(TWO, limits=(*LONG_ONLY, MaximumWeight(tiny))))
        assert conflict(why) == {"budget": None, "constraints.max_weight": 0.5}
        least = pytest.approx(float(np.sqrt(0.04 * 0.09 / 0.13)), abs=2e-9)
        assert conflict(found(posed(TWO, limits=(*LONG_ONLY, TargetVolatility(tiny))))) == {
            "budget": None,
            "risk_parameters.target_volatility": least,
        }

    @pytest.mark.parametrize("vast", [1e8, 1e16, 1e100])
    def test_a_limit_beyond_all_reach_hides_no_quarrel_of_others(self, vast: float) -> None:
        quarrel = (SectorLimit(0.05, "tech"), MinimumWeight(0.1, "A"), MaximumWeight(vast))
        why = found(posed(TWO, limits=(*LONG_ONLY, *quarrel), sectors=["tech", "food"]))
        assert conflict(why) == pytest.approx({"constraints.sector_limits.tech": 0.1, "strategies.A.min_weight": 0.05})

    def test_members_stand_in_the_order_of_the_constraints(self) -> None:
        limits = (SectorLimit(0.4, "food"), MinimumWeight(0.5, "C"), LongOnly(), Budget())
        why = found(posed(FOUR, limits=limits, sectors=SECTORS))
        assert list(conflict(why)) == ["constraints.sector_limits.food", "strategies.C.min_weight", "long_only"]

    def test_a_sector_of_any_name_is_named(self) -> None:
        limits = (*LONG_ONLY, MinimumWeight(0.5, "B"), SectorLimit(0.4, "odd#link"))
        why = found(posed(TWO, limits=limits, sectors=["tech", "odd#link"]))
        assert "constraints.sector_limits.odd#link" in conflict(why)

    def test_the_user_s_own_limits_stand_before_the_bounds_of_names(self) -> None:
        # Either the cap of all names or those of each name would do as a conflict; the one limit is told.
        own = [MaximumWeight(0.25, name) for name in "AB"]
        why = found(posed(TWO, limits=(*LONG_ONLY, MaximumWeight(0.25), *own)))
        assert set(conflict(why)) == {"budget", "constraints.max_weight"}


class TestFeasible:
    @pytest.mark.parametrize(
        "limits",
        [
            LONG_ONLY,
            (*LONG_ONLY, MaximumWeight(0.5)),
            (*LONG_ONLY, MinimumWeight(0.5)),
            (*LONG_ONLY, TargetReturn(0.1)),
            (*LONG_ONLY, TurnoverLimit(0.0, (0.7, 0.3))),
            (*LONG_ONLY, MinimumWeight(0.1 + 0.2, "A"), MaximumWeight(0.3, "A")),
            (*LONG_ONLY, TargetVolatility(0.1664100589)),
            (Budget(), LeverageLimit(1.0)),
            (),
        ],
        ids=str,
    )
    def test_what_can_be_satisfied_is_no_conflict(self, limits: Sequence[Constraint]) -> None:
        assert explained(posed(TWO, [0.1, 0.05], limits=limits)) is None

    @pytest.mark.parametrize("short", [1e-6, 1e-7, 1e-8])
    def test_a_hair_less_than_can_be_satisfied_is_one(self, short: float) -> None:
        assert explained(posed(TWO, limits=(*LONG_ONLY, MaximumWeight(0.5 - short)))) is not None
        assert explained(posed(TWO, [0.1, 0.05], limits=(*LONG_ONLY, TargetReturn(0.1 + short)))) is not None

    @pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
    def test_the_unit_of_returns_does_not_matter(self, scale: float) -> None:
        limits = (*LONG_ONLY, TargetReturn(0.09 * scale), TargetVolatility(0.17 * scale))
        why = found(posed(TWO * scale**2, np.array([0.1, 0.05]) * scale, limits=limits))
        expected = np.sqrt(0.64 * 0.04 + 0.04 * 0.09)
        sufficient = conflict(why)["risk_parameters.target_volatility"]
        assert sufficient == pytest.approx(expected * scale, rel=1e-7, abs=2e-9)


@dataclass(eq=False)
class FailingPrograms:
    """HiGHS that stops with ``failed`` after some calls."""

    calls: int
    solver: HighsLinearPrograms = field(default_factory=HighsLinearPrograms)

    def minimise(self, program: LinearProgram) -> LinearSolution:
        self.calls -= 1
        if self.calls >= 0:
            return self.solver.minimise(program)
        nowhere = np.full(len(program.cost), np.nan)
        return LinearSolution("failed", nowhere, np.zeros(len(program.row_lower)))


class TestASolverThatFails:
    LIMITS = (*LONG_ONLY, MaximumWeight(0.4), TargetVolatility(0.1))

    def test_from_the_start_nothing_is_claimed(self) -> None:
        problem = posed(TWO, limits=self.LIMITS)
        assert explain_infeasibility(problem, estimated(problem), FailingPrograms(0)) is None

    def test_later_what_was_proven_stays_proven_and_the_rest_unknown(self) -> None:
        problem, whole = posed(TWO, limits=self.LIMITS), None
        for calls in range(1, 700):
            programs = FailingPrograms(calls)
            why = explain_infeasibility(problem, estimated(problem), programs)
            if why is None:
                continue
            assert farkas_bound(problem.region(estimated(problem)), why.proof) > SMALLEST_FARKAS_BOUND
            assert all(member.sufficient is None or member.sufficient > member.limit for member in why.conflict)
            if programs.calls >= 0:
                whole = why
                break
        assert whole is not None
        assert whole.relaxation


@cache
def broken(seed: int) -> tuple[Problem, Infeasibility | None]:
    """A problem, and what whoever solves it is told of why nothing does."""
    problem = broken_problem(seed)
    solution = solve(problem)
    assert (solution.infeasibility is not None) == (solution.status is Status.INFEASIBLE), seed
    return problem, solution.infeasibility


BROKEN = range(150)
"""Of these, at least a hundred are infeasible without two bounds of one name that cross."""


def infeasible_ones(seeds: Iterable[int] = BROKEN) -> Iterator[tuple[int, Problem, Infeasibility]]:
    """One after the other, so that a process solves no more of them than its tests look at."""
    answers = ((seed, *broken(seed)) for seed in seeds)
    return ((seed, problem, why) for seed, problem, why in answers if why is not None)


def test_a_hundred_random_proofs_hold_in_exact_rationals() -> None:
    proven = 0
    for seed, problem, why in infeasible_ones():
        assert why.bound > SMALLEST_FARKAS_BOUND
        if bounds_cross(problem):
            continue
        value = exact_bound(problem, [member.constraint for member in why.conflict], why.proof)
        assert value is not None, seed
        assert value > 0, seed
        proven += 1
    assert proven >= 100


# cvxpy warns where Clarabel stops short of 1e-10; of what is infeasible, the verdict is what is compared.
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate:UserWarning")
def test_cvxpy_agrees_on_a_hundred_that_are_infeasible() -> None:
    verdicts: Counter[bool] = Counter()
    for seed in BROKEN:
        problem, why = broken(seed)
        theirs, _, _ = in_cvxpy(replace(problem, objective=MinimumVolatility()))
        assert (why is not None) == theirs.startswith("infeasible"), seed
        verdicts[why is not None] += 1
        if verdicts[True] == 100:
            return
    pytest.fail(f"of {verdicts.total()} only {verdicts[True]} are infeasible")


def test_the_exact_bound_is_no_pushover() -> None:
    """Where a member is loosened to what suffices, or the multipliers are turned around, it proves nothing."""
    for seed, problem, why in islice((case for case in infeasible_ones() if not bounds_cross(case[1])), 40):
        members = [member.constraint for member in why.conflict]
        for member in why.conflict:
            if member.sufficient is not None:
                value = exact_bound(given(problem, {member.constraint: member.sufficient}), members, why.proof)
                assert value is None or value <= 1e-7, seed
        turned = Witness({key: -price for key, price in why.proof.multipliers.items()}, why.proof.cuts)
        value = exact_bound(problem, members, turned)
        assert value is None or value <= 0, seed


JUDGED = range(40)


@pytest.mark.parametrize("block", range(4))
class TestJudgedByAnotherSolver:
    @staticmethod
    def cases(block: int) -> list[tuple[int, Problem, Infeasibility]]:
        cases = list(infeasible_ones(JUDGED[block::4]))
        assert len(cases) >= 6
        return cases

    def test_the_verdict_is_the_same(self, block: int) -> None:
        for seed in JUDGED:
            if seed % 4 == block:
                problem, why = broken(seed)
                assert (why is None) == (least_change(problem, problem.by_id, ()) is not None), seed

    def test_the_conflict_is_one_and_loses_its_point_with_any_member(self, block: int) -> None:
        for seed, problem, why in self.cases(block):
            members = [member.constraint for member in why.conflict]
            assert least_change(problem, members, ()) is None, seed
            for left_out in members:
                rest = [key for key in members if key != left_out]
                assert least_change(problem, rest, ()) is not None, (seed, left_out)

    def test_the_relaxation_makes_it_feasible_and_no_other_changes_less(self, block: int) -> None:
        for seed, problem, why in self.cases(block):
            needed = {each.constraint: each.needed for each in why.relaxation}
            least = least_change(problem, problem.by_id, [c.id for c in problem.constraints if c.relaxable])
            assert least is not None
            assert relative_change(problem, needed) == pytest.approx(least, rel=1e-6, abs=1e-7), seed
            relaxed = given(problem, needed)
            assert explained(relaxed) is None, seed
            assert {each.constraint: each.limit for each in why.relaxation} == {
                key: problem.by_id[key].limit for key in needed
            }

    def test_what_suffices_alone_does_and_a_little_less_does_not(self, block: int) -> None:
        for seed, problem, why in self.cases(block):
            for member in why.conflict:
                if not problem.by_id[member.constraint].relaxable:
                    assert member.sufficient is None
                    continue
                least = least_change(problem, problem.by_id, [member.constraint])
                assert (member.sufficient is None) == (least is None), (seed, member)
                if member.sufficient is None or least is None:
                    continue
                alone = {member.constraint: member.sufficient}
                assert relative_change(problem, alone) == pytest.approx(least, rel=1e-6, abs=1e-7), (seed, member)
                assert explained(given(problem, alone)) is None, (seed, member)
                back = member.sufficient + 1e-5 * (member.limit - member.sufficient)
                assert explained(given(problem, {member.constraint: back})) is not None, (seed, member)


def test_the_answer_to_an_infeasible_problem_is_the_same_under_every_objective() -> None:
    limits = (*LONG_ONLY, MaximumWeight(0.6), TargetReturn(0.09))
    first, second = (posed(TWO, [0.1, 0.05], aim, limits) for aim in (None, MaximumReturn()))
    reasons = [answer(problem).infeasibility for problem in (first, second)]
    assert reasons[0] is not None
    assert reasons[1] is not None
    assert reasons[0].conflict == reasons[1].conflict
    assert reasons[0].relaxation == reasons[1].relaxation


def test_limits_get_other_names_once_and_no_new_name_is_taken_for_an_old_one() -> None:
    names = {"strategies.A.max_weight": "constraints.max_weight.A", "constraints.max_weight": "max_position_size"}
    message = "strategies.A.max_weight and constraints.max_weight contradict each other"
    assert with_names(message, names) == "constraints.max_weight.A and max_position_size contradict each other"
    assert with_names(message, {}) == message
