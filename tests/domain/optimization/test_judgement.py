"""Nobody's word is taken: what liars propose is never served as optimal, and the truth is found without them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.errors import (
    NoAnswer,
    NotApplicable,
    NumericalFailure,
    ProblemInfeasible,
    ProblemUnbounded,
    ResourcesExhausted,
    TimeLimitReached,
    Unsupported,
)
from tangency.domain.optimization.constraint import (
    Budget,
    Constraint,
    LeverageLimit,
    LongOnly,
    MaximumWeight,
    MinimumWeight,
    SectorLimit,
    TargetReturn,
    TurnoverLimit,
)
from tangency.domain.optimization.judgement import Outcome, judge, propose, required_answer, solve_with
from tangency.domain.optimization.method import Capabilities, NoOptions, needs, refuse_unsupported
from tangency.domain.optimization.objective import (
    MaximumReturn,
    MaximumUtility,
    MinimumVolatility,
    MultiObjective,
    Objective,
    RiskParity,
)
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, SolverAttempt, Status, Witness
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.solution import Solution
from tangency.plugins.mean_variance import MeanVariance
from tests.plugins.random_problems import random_problem
from tests.support.posed import LONG_ONLY, answer, estimated, posed

TWO = np.diag([0.04, 0.09])
BEST = np.array([9.0, 4.0]) / 13
RIGHT = Witness({"budget": -0.36 / 13})
EVEN = np.array([0.5, 0.5])


@dataclass(eq=False)
class Saying:
    """A method that says what it was told to say."""

    proposal: Proposal
    capabilities: Capabilities = MeanVariance.capabilities
    name: str = "saying"
    citation: str = ""
    options: type = NoOptions

    def solve(self, problem: Problem, estimates: object, options: object) -> Proposal:
        return self.proposal


def said(proposal: Proposal, problem: Problem | None = None) -> Solution:
    """What is made of a proposal, by default for least volatility of two unrelated names."""
    return answer(problem or posed(TWO, [0.1, 0.05]), Saying(proposal))


class TestWeightsThatAreNone:
    @pytest.mark.parametrize(
        "weights",
        [
            None,
            np.array([np.nan, 1.0]),
            np.array([np.inf, -np.inf]),
            np.array([1.0]),
            np.array([0.5, 0.3, 0.2]),
            np.array([[0.5, 0.5]]),
            np.array(1.0),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("status", [Status.OPTIMAL, Status.FEASIBLE])
    def test_they_are_not_served(self, weights: np.ndarray | None, status: Status) -> None:
        solution = said(Proposal(status, weights, RIGHT))
        assert solution.status is Status.NUMERICAL_ERROR
        assert solution.weights is None
        assert solution.weights_by_name == {}


class TestWeightsThatBreakALimit:
    @pytest.mark.parametrize("weights", [[0.6, 0.5], [1.1, -0.1], [0.5, 0.5 + 2e-8], [1.0 + 2e-8, -2e-8]])
    @pytest.mark.parametrize("status", [Status.OPTIMAL, Status.FEASIBLE])
    def test_they_are_not_served_and_the_worst_is_named(self, weights: list[float], status: Status) -> None:
        solution = said(Proposal(status, np.array(weights), RIGHT))
        assert solution.status is Status.NUMERICAL_ERROR
        assert solution.weights is None
        assert solution.certificate is not None
        worst = max(solution.certificate.violations, key=lambda key: solution.certificate.violations[key])  # type: ignore[union-attr]
        assert f"break {worst} by" in solution.message

    def test_rounding_is_served(self) -> None:
        solution = said(Proposal(Status.FEASIBLE, np.array([0.5, 0.5 + 0.9e-8])))
        assert solution.status is Status.FEASIBLE

    def test_where_nothing_satisfies_the_limits_that_is_the_answer(self) -> None:
        problem = posed(TWO, limits=(*LONG_ONLY, MaximumWeight(0.4)))
        for proposal in (Proposal(Status.OPTIMAL, EVEN, RIGHT), Proposal(Status.FEASIBLE, np.array([0.4, 0.4]))):
            solution = said(proposal, problem)
            assert solution.status is Status.INFEASIBLE
            assert solution.message == "No portfolio satisfies budget, constraints.max_weight together."
            assert solution.infeasibility is not None
            assert [member.constraint for member in solution.infeasibility.conflict] == [
                "budget",
                "constraints.max_weight",
            ]

    def test_a_limit_that_nothing_satisfies_alone_is_told_alone(self) -> None:
        problem = posed(TWO, limits=(*LONG_ONLY, TurnoverLimit(0.1, (-5.0, 0.5))))
        assert said(Proposal(Status.OPTIMAL, EVEN, RIGHT), problem).message.endswith("constraints.turnover_limit.")


class TestOptimality:
    def test_of_the_best_weights_with_the_right_witness(self) -> None:
        solution = said(Proposal(Status.OPTIMAL, BEST, RIGHT, iterations=7))
        assert solution.status is Status.OPTIMAL
        assert (solution.message, solution.iterations) == ("Proven optimal.", 7)
        assert solution.weights_by_name == {"A": pytest.approx(9 / 13), "B": pytest.approx(4 / 13)}
        assert solution.why is not None

    @pytest.mark.parametrize(
        "witness", [None, Witness(), Witness({"budget": 1.0}), Witness({"budget": np.nan})], ids=str
    )
    def test_of_the_best_weights_with_another_witness_is_not_believed(self, witness: Witness | None) -> None:
        solution = said(Proposal(Status.OPTIMAL, BEST, witness))
        assert solution.status is Status.FEASIBLE
        assert solution.message == "Satisfies every constraint; not proven optimal."
        assert (solution.why is None) == (witness is None)

    @pytest.mark.parametrize("weights", [EVEN, BEST + np.array([1e-3, -1e-3]), np.array([1.0, 0.0])])
    def test_of_lesser_weights_is_not_believed(self, weights: np.ndarray) -> None:
        assert said(Proposal(Status.OPTIMAL, weights, RIGHT)).status is Status.FEASIBLE

    def test_is_not_claimed_for_who_does_not_claim_it(self) -> None:
        assert said(Proposal(Status.FEASIBLE, BEST, RIGHT)).status is Status.FEASIBLE

    @pytest.mark.parametrize("objective", [RiskParity(), MultiObjective()])
    def test_of_an_aim_without_a_figure_is_not_believed(self, objective: Objective) -> None:
        capable = Capabilities(objectives=frozenset({objective.name}), constraints=frozenset({"budget", "long_only"}))
        solution = answer(posed(TWO, None, objective), Saying(Proposal(Status.OPTIMAL, EVEN, Witness()), capable))
        assert (solution.status, solution.objective_value) == (Status.FEASIBLE, None)
        assert solution.certificate is not None
        assert solution.certificate.relative_gap is None

    @settings(max_examples=80, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def test_is_served_only_where_it_is_true(self, seed: int) -> None:
        rng, problem = np.random.default_rng(seed), random_problem(seed, largest=6)
        truth = answer(problem)
        right = MeanVariance().solve(problem, estimated(problem), None)
        if truth.weights is None or right.witness is None:
            return
        off = 10.0 ** rng.uniform(-12, 0) * rng.normal(size=len(truth.weights))
        weights = truth.weights + (off - off.mean() if rng.random() < 0.8 else off)
        prices = {key: price * (1 + 10.0 ** rng.uniform(-14, 0)) for key, price in right.witness.multipliers.items()}
        witness = Witness(prices if rng.random() < 0.7 else right.witness.multipliers, right.witness.cuts)
        solution = answer(problem, Saying(Proposal(Status.OPTIMAL, weights, witness)))
        assert solution.status in {Status.OPTIMAL, Status.FEASIBLE, Status.NUMERICAL_ERROR}
        if solution.status is Status.OPTIMAL:
            assert solution.objective_value is not None
            assert truth.objective_value is not None
            estimates = estimated(problem)
            scale = problem.objective.scale(weights, estimates) * problem.objective.price(weights, estimates)
            assert abs(solution.objective_value - truth.objective_value) <= 2e-6 * scale + 1e-7


class TestInfeasibility:
    def test_claimed_falsely_is_an_error(self) -> None:
        for witness in (None, Witness({"budget": -1.0}), Witness({"budget": np.nan})):
            solution = said(Proposal(Status.INFEASIBLE, None, witness))
            assert solution.status is Status.NUMERICAL_ERROR
            assert solution.infeasibility is None

    @pytest.mark.parametrize(
        "status", [Status.INFEASIBLE, Status.TIME_LIMIT, Status.RESOURCE_EXHAUSTED, Status.NUMERICAL_ERROR]
    )
    def test_true_is_found_whatever_the_method_says(self, status: Status) -> None:
        solution = said(Proposal(status), posed(TWO, limits=(*LONG_ONLY, MaximumWeight(0.4))))
        assert solution.status is Status.INFEASIBLE
        assert solution.infeasibility is not None
        assert solution.infeasibility.bound == pytest.approx(0.2)

    @pytest.mark.parametrize("multipliers", [{"budget": 1.0}, {}, {"budget": np.nan}, {"budget": np.inf}], ids=str)
    def test_with_a_proof_that_does_not_hold_is_an_error(self, multipliers: dict[str, float]) -> None:
        problem = posed(TWO, limits=(*LONG_ONLY, MaximumWeight(0.4)))
        outcome = propose(problem, estimated(problem), Saying(Proposal(Status.INFEASIBLE)), None, HighsLinearPrograms())
        assert outcome.infeasibility is not None
        forged = replace(outcome, infeasibility=replace(outcome.infeasibility, proof=Witness(multipliers)))
        assert judge(problem, forged).status is Status.NUMERICAL_ERROR

    def test_the_bound_is_computed_again(self) -> None:
        problem = posed(TWO, limits=(*LONG_ONLY, MaximumWeight(0.4)))
        outcome = propose(problem, estimated(problem), Saying(Proposal(Status.INFEASIBLE)), None, HighsLinearPrograms())
        assert outcome.infeasibility is not None
        boasting = replace(outcome, infeasibility=replace(outcome.infeasibility, bound=17.0))
        found = judge(problem, boasting).infeasibility
        assert found is not None
        assert found.bound == pytest.approx(0.2)

    def test_of_another_problem_does_not_stop_weights_that_hold(self) -> None:
        narrow, wide = posed(TWO, limits=(*LONG_ONLY, MaximumWeight(0.4))), posed(TWO)
        other = propose(narrow, estimated(narrow), Saying(Proposal(Status.INFEASIBLE)), None, HighsLinearPrograms())
        outcome = Outcome(estimated(wide), Proposal(Status.OPTIMAL, BEST, RIGHT), other.infeasibility)
        assert judge(wide, outcome).status is Status.OPTIMAL

    def test_is_not_looked_for_behind_weights_that_hold(self) -> None:
        class Refusing(HighsLinearPrograms):
            def minimise(self, program: object) -> object:  # type: ignore[override]
                raise AssertionError("nobody asked")

        problem = posed(TWO)
        outcome = propose(problem, estimated(problem), Saying(Proposal(Status.FEASIBLE, EVEN)), None, Refusing())  # type: ignore[arg-type]
        assert outcome.infeasibility is None


class TestNotApplicable:
    LOSING = posed(TWO, [-0.1, -0.05], MaximumSharpe())

    def test_is_proven_by_a_bound_on_the_best_excess(self) -> None:
        solution = said(Proposal(Status.NOT_APPLICABLE, witness=Witness({"budget": -0.05})), self.LOSING)
        assert solution.status is Status.NOT_APPLICABLE
        assert solution.bound == pytest.approx(-0.05)
        assert "the best excess return is -0.05." in solution.message

    @pytest.mark.parametrize("bound", [None, 3.0, np.nan])
    def test_the_bound_is_computed_again(self, bound: float | None) -> None:
        proposal = Proposal(Status.NOT_APPLICABLE, witness=Witness({"budget": -0.05}), bound=bound)
        assert said(proposal, self.LOSING).bound == pytest.approx(-0.05)

    def test_at_a_best_excess_of_exactly_zero(self) -> None:
        problem = posed(TWO, [0.05, 0.02], MaximumSharpe(0.05))
        solution = said(Proposal(Status.NOT_APPLICABLE, witness=Witness({"budget": 0.0})), problem)
        assert (solution.status, solution.bound) == (Status.NOT_APPLICABLE, 0.0)
        assert "the best excess return is 0." in solution.message

    @pytest.mark.parametrize(
        "witness", [None, Witness(), Witness({"budget": 0.1}), Witness({"budget": np.nan})], ids=str
    )
    def test_claimed_falsely_is_an_error(self, witness: Witness | None) -> None:
        problem = posed(TWO, [1e-6, -0.05], MaximumSharpe())
        assert said(Proposal(Status.NOT_APPLICABLE, witness=witness), problem).status is Status.NUMERICAL_ERROR

    @pytest.mark.parametrize("objective", [MinimumVolatility(), MaximumReturn(), MaximumUtility()])
    def test_of_what_always_applies_is_an_error(self, objective: Objective) -> None:
        problem = posed(TWO, [-0.1, -0.05], objective)
        proposal = Proposal(Status.NOT_APPLICABLE, witness=Witness({"budget": -0.05}), bound=-0.05)
        assert said(proposal, problem).status is Status.NUMERICAL_ERROR


class TestUnbounded:
    def test_a_riskless_gain_has_no_largest_ratio_whoever_calls_it_optimal(self) -> None:
        problem = posed(np.diag([0.04, 0.0]), [0.1, 0.03], MaximumSharpe(0.02))
        solution = said(Proposal(Status.OPTIMAL, np.array([0.0, 1.0]), Witness()), problem)
        assert solution.status is Status.UNBOUNDED
        assert "earns 0.01 a year over the risk-free rate" in solution.message

    def test_a_riskless_gain_that_breaks_a_limit_is_none(self) -> None:
        limits = (*LONG_ONLY, MaximumWeight(0.6, "B"))
        problem = posed(np.diag([0.04, 0.0]), [0.1, 0.03], MaximumSharpe(0.02), limits)
        solution = said(Proposal(Status.OPTIMAL, np.array([0.0, 1.0]), Witness()), problem)
        assert solution.status is Status.NUMERICAL_ERROR

    def test_a_riskless_portfolio_without_a_gain_is_no_best_ratio(self) -> None:
        problem = posed(np.diag([0.04, 0.0]), [0.01, 0.02], MaximumSharpe(0.02))
        solution = said(Proposal(Status.OPTIMAL, np.array([0.0, 1.0]), Witness({"budget": 0.0})), problem)
        assert solution.status is Status.FEASIBLE
        assert solution.sharpe_ratio is None or solution.expected_volatility is not None

    def test_the_method_s_word_is_passed_on(self) -> None:
        solution = said(Proposal(Status.UNBOUNDED), posed(TWO, [0.1, 0.05], MaximumReturn(), (Budget(),)))
        assert solution.status is Status.UNBOUNDED
        assert "Add a limit on weights or leverage" in solution.message


class TestOtherOutcomes:
    @pytest.mark.parametrize("status", [Status.TIME_LIMIT, Status.RESOURCE_EXHAUSTED, Status.NUMERICAL_ERROR])
    def test_the_method_s_message_is_kept_and_there_always_is_one(self, status: Status) -> None:
        assert said(Proposal(status, message="too late")).message == "too late"
        assert len(said(Proposal(status)).message) > 20
        assert said(Proposal(status, iterations=3)).iterations == 3

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            (Status.INFEASIBLE, ProblemInfeasible),
            (Status.UNBOUNDED, ProblemUnbounded),
            (Status.NOT_APPLICABLE, NotApplicable),
            (Status.TIME_LIMIT, TimeLimitReached),
            (Status.NUMERICAL_ERROR, NumericalFailure),
            (Status.RESOURCE_EXHAUSTED, ResourcesExhausted),
        ],
    )
    def test_each_is_an_error_where_an_answer_is_required(self, status: Status, error: type[NoAnswer]) -> None:
        solution = Solution(status, posed(TWO).universe, "no portfolio")
        with pytest.raises(error, match="no portfolio") as caught:
            required_answer(solution)
        assert caught.value.solution is solution
        assert not status.answered

    @pytest.mark.parametrize("status", [Status.OPTIMAL, Status.FEASIBLE])
    def test_answers_pass(self, status: Status) -> None:
        solution = Solution(status, posed(TWO).universe, "fine", EVEN)
        assert required_answer(solution) is solution

    def test_an_answer_without_weights_cannot_be_judged(self) -> None:
        solution = said(Proposal(Status.OPTIMAL))
        with pytest.raises(NumericalFailure):
            required_answer(solution)


class TestFigures:
    def test_of_an_answer(self) -> None:
        problem = Problem(posed(TWO, [0.1, 0.05]).market, MinimumVolatility(), LONG_ONLY, risk_free_rate=0.02)
        solution = answer(problem, Saying(Proposal(Status.OPTIMAL, BEST, RIGHT)))
        sigma, mean = np.sqrt(0.36 / 13), 0.9 / 13 + 0.2 / 13
        assert solution.objective_value == solution.expected_volatility == pytest.approx(sigma)
        assert solution.expected_return == pytest.approx(mean)
        assert solution.sharpe_ratio == pytest.approx((mean - 0.02) / sigma)
        assert solution.risk_shares is not None
        np.testing.assert_allclose(solution.risk_shares, BEST, rtol=1e-12)  # at the least variance, shares are weights
        assert solution.risk_shares.sum() == pytest.approx(1.0, rel=1e-14)

    def test_without_means_there_are_none_of_them(self) -> None:
        solution = said(Proposal(Status.OPTIMAL, BEST, RIGHT), posed(TWO))
        assert (solution.expected_return, solution.sharpe_ratio) == (None, None)

    def test_without_risk_there_are_no_shares_and_no_ratio(self) -> None:
        problem = posed(np.zeros((2, 2)), [0.1, 0.05])
        solution = said(Proposal(Status.OPTIMAL, EVEN, Witness()), problem)
        assert solution.status is Status.OPTIMAL
        assert (solution.risk_shares, solution.sharpe_ratio, solution.expected_volatility) == (None, None, 0.0)

    def test_an_endless_ratio_is_not_told_as_a_number(self) -> None:
        problem = posed(np.zeros((2, 2)), [0.1, 0.05], MaximumSharpe(), LONG_ONLY)
        solution = answer(problem, Saying(Proposal(Status.FEASIBLE, EVEN), Capabilities(rule=True)))
        assert (solution.status, solution.objective_value) == (Status.FEASIBLE, None)

    def test_there_are_no_negative_zeros(self) -> None:
        solution = said(Proposal(Status.FEASIBLE, np.array([1.0, -0.0])))
        assert solution.weights is not None
        assert not np.signbit(solution.weights).any()

    def test_shares_of_a_hedge_are_negative_and_still_sum_to_one(self) -> None:
        problem = posed([[0.04, 0.03], [0.03, 0.09]], limits=(Budget(),))
        solution = said(Proposal(Status.FEASIBLE, np.array([1.2, -0.2])), problem)
        assert solution.risk_shares is not None
        assert solution.risk_shares[1] < 0
        assert solution.risk_shares.sum() == pytest.approx(1.0)


RULE = Capabilities(rule=True)


class TestRules:
    @staticmethod
    def ruled(proposal: Proposal, problem: Problem) -> Solution:
        return answer(problem, Saying(proposal, RULE))

    @pytest.mark.parametrize("objective", [MinimumVolatility(), MaximumReturn(), MaximumSharpe(0.5), MaximumUtility()])
    def test_their_weights_are_feasible_and_never_optimal(self, objective: Objective) -> None:
        solution = self.ruled(Proposal(Status.OPTIMAL, BEST, RIGHT), posed(TWO, [0.1, 0.05], objective))
        assert solution.status is Status.FEASIBLE
        assert solution.why is None
        assert solution.certificate is not None
        assert solution.certificate.duality_gap is None

    def test_they_need_no_means_for_an_objective_of_means(self) -> None:
        solution = self.ruled(Proposal(Status.FEASIBLE, EVEN), posed(TWO, None, MaximumSharpe()))
        assert (solution.status, solution.objective_value) == (Status.FEASIBLE, None)

    def test_every_limit_that_their_weights_break_is_refused(self) -> None:
        limits: Sequence[Constraint] = (*LONG_ONLY, MaximumWeight(0.4), MinimumWeight(0.55, "B"), SectorLimit(0.6, "s"))
        problem = posed(TWO, limits=limits, sectors=["s", None])
        with pytest.raises(Unsupported) as caught:
            self.ruled(Proposal(Status.FEASIBLE, EVEN), problem)
        first, second = caught.value.faults
        assert (first.path, first.code) == (("constraints", "max_weight"), "refused")
        assert first.detail.startswith("is broken by 0.1: The weight of any name is at most 0.4. 'mean_variance' is")
        assert second.path == ("strategies", "B", "min_weight")

    def test_a_broken_turnover_is_told_one_way_as_it_is_limited(self) -> None:
        problem = posed(TWO, limits=(*LONG_ONLY, TurnoverLimit(0.1, (0.8, 0.2))))
        with pytest.raises(Unsupported, match=r"is broken by 0\.2: One-way turnover .* at most 0\.1\."):
            self.ruled(Proposal(Status.FEASIBLE, EVEN), problem)

    def test_why_nothing_is_feasible_is_not_asked_of_them(self) -> None:
        problem = posed(TWO, limits=(*LONG_ONLY, MaximumWeight(0.4)))
        outcome = propose(
            problem, estimated(problem), Saying(Proposal(Status.FEASIBLE, EVEN), RULE), None, HighsLinearPrograms()
        )
        assert outcome.infeasibility is None

    def test_a_rule_without_weights_says_why(self) -> None:
        problem = posed(np.zeros((2, 2)))
        solution = self.ruled(Proposal(Status.NOT_APPLICABLE, message="nothing varies"), problem)
        assert (solution.status, solution.message) == (Status.NOT_APPLICABLE, "nothing varies")


class TestCapabilities:
    ONE = Capabilities(objectives=frozenset({"MIN_VOLATILITY"}), constraints=frozenset({"budget", "long_only"}))

    def refused(self, problem: Problem) -> Unsupported:
        with pytest.raises(Unsupported) as caught:
            answer(problem, Saying(Proposal(Status.FEASIBLE, EVEN), self.ONE))
        return caught.value

    def test_an_objective_that_it_has_not_is_refused_with_those_it_has(self) -> None:
        error = self.refused(posed(TWO, [0.1, 0.05], MaximumReturn()))
        assert error.faults[0].path == ("objective",)
        assert "MIN_VOLATILITY" in error.detail

    def test_every_constraint_that_it_cannot_honour_is_named(self) -> None:
        error = self.refused(posed(TWO, [0.1, 0.05], limits=(*LONG_ONLY, LeverageLimit(1.0), TargetReturn(0.01))))
        assert [fault.path for fault in error.faults] == [
            ("constraints", "leverage_limit"),
            ("risk_parameters", "target_return"),
        ]
        assert "constraints.leverage_limit" in error.detail

    def test_what_it_has_is_not_refused(self) -> None:
        refuse_unsupported(posed(TWO), Saying(Proposal(Status.FEASIBLE), self.ONE))

    def test_a_rule_refuses_nothing_beforehand(self) -> None:
        refuse_unsupported(
            posed(TWO, None, MaximumReturn(), (LeverageLimit(1.0),)), Saying(Proposal(Status.FEASIBLE), RULE)
        )

    @pytest.mark.parametrize(
        ("objective", "limits", "capabilities", "needed"),
        [
            (MinimumVolatility(), LONG_ONLY, ONE, False),
            (MaximumSharpe(), LONG_ONLY, ONE, True),
            (MaximumSharpe(), LONG_ONLY, RULE, False),
            (MinimumVolatility(), (Budget(), TargetReturn(0.1)), ONE, True),
            (MaximumSharpe(), (Budget(), TargetReturn(0.1)), RULE, True),
            (MinimumVolatility(), LONG_ONLY, Capabilities(needs_mean=True), True),
        ],
    )
    def test_who_needs_means(
        self, objective: Objective, limits: Sequence[Constraint], capabilities: Capabilities, needed: bool
    ) -> None:
        problem = posed(TWO, [0.1, 0.05], objective, limits)
        assert needs(problem, Saying(Proposal(Status.FEASIBLE), capabilities)).mean is needed


def test_attempts_are_the_method_s_own_story() -> None:
    told = SolverAttempt("piqp", "solved", 9, 0.5)
    problem = posed(TWO)
    method = Saying(Proposal(Status.OPTIMAL, BEST, RIGHT, attempts=(told,)))
    assert propose(problem, estimated(problem), method, NoOptions(), HighsLinearPrograms()).proposal.attempts == (told,)


def test_solving_in_one_process_is_proposing_and_judging() -> None:
    problem = posed(TWO, limits=(Budget(), LongOnly()))
    whole = solve_with(problem, estimated(problem), MeanVariance(), NoOptions(), HighsLinearPrograms())
    outcome = propose(problem, estimated(problem), MeanVariance(), NoOptions(), HighsLinearPrograms())
    assert judge(problem, outcome).weights_by_name == whole.weights_by_name
