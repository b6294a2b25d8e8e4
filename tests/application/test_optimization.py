"""Optimizing through the whole service: real solvers in their own processes, a real database."""

import asyncio
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from tangency.adapters.entry_points import EntryPointPlugins
from tangency.application.answering import AnswerBatch
from tangency.application.frontier import around
from tangency.application.optimization import LatestOptimization, OptimizePortfolio, SolveProblem
from tangency.application.portfolio import ImportHoldings, ImportPrices
from tangency.application.question import NamedCovariance, Question, RiskParameters, Strategy
from tangency.domain.errors import (
    InvalidInput,
    MethodCrashed,
    NoFreeSolver,
    NotApplicable,
    NotFound,
    ProblemInfeasible,
    TimeLimitReached,
    Unsupported,
)
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.universe import Asset
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.optimization import Optimization, Stage
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.solution import Solution
from tangency.domain.portfolio.portfolio import Holding, Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tests.support.posed import posed
from tests.support.questions import COVARIANCE, RISK, STRATEGIES, limited, question, strategies
from tests.support.service import Door


class Solvers:
    """Solvers that raise what a test wants."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def solve(self, problem: Problem, deadline_s: float) -> Solution:
        raise self.error


class CountingSolvers:
    """Hands on to other solvers and remembers how many problems were there at once."""

    def __init__(self, others: Any) -> None:
        self.others, self.now, self.most = others, 0, 0

    async def solve(self, problem: Problem, deadline_s: float) -> Solution:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.05)
        solution: Solution = await self.others.solve(problem, deadline_s)
        self.now -= 1
        return solution


def kept(door: Door, portfolio_id: str) -> Optimization | None:
    """The last completed optimization of a portfolio, read from the database."""

    async def read() -> Optimization | None:
        async with door.service.context.units() as unit:
            return await unit.optimizations.latest(portfolio_id)

    return door.run(read)


def kept_as(door: Door, identity: UUID) -> Optimization | None:
    async def read() -> Optimization | None:
        async with door.service.context.units() as unit:
            return await unit.optimizations.get(identity)

    return door.run(read)


class Ids:
    """One identity, known beforehand."""

    def __init__(self, identity: UUID) -> None:
        self.identity = identity

    def new(self) -> UUID:
        return self.identity


def test_an_answer_is_proven_kept_and_served_again(door: Door, portfolio_id: str) -> None:
    answer = door.handle(OptimizePortfolio(question(portfolio_id)))
    assert answer.solution.status is Status.OPTIMAL
    assert sum(answer.solution.weights_by_name.values()) == pytest.approx(1.0, abs=1e-12)
    latest = door.handle(LatestOptimization(portfolio_id))
    assert latest.solution.weights_by_name == answer.solution.weights_by_name
    for part in ("certificate", "why", "provenance"):
        assert asdict(getattr(latest.solution, part)) == asdict(getattr(answer.solution, part))
    assert (latest.optimization_id, latest.answered_at, latest.time_ms, latest.turnover) == (
        answer.optimization_id,
        answer.answered_at,
        answer.time_ms,
        answer.turnover,
    )


def test_a_stored_answer_can_be_solved_again_to_the_last_bit(door: Door, portfolio_id: str) -> None:
    rng = np.random.default_rng(3)
    returns = rng.normal(0.0005, 0.01, (300, 3))
    returns[7, 1] = np.nan
    series = {s.asset.name: [None if np.isnan(r) else r for r in returns[:, i]] for i, s in enumerate(STRATEGIES)}
    asked = replace(
        limited(portfolio_id, max_weight=0.6, turnover_limit=0.3, sector_limits={"energy": 0.5}),
        strategies=tuple(s._replace(expected_return=None, returns=series[s.asset.name]) for s in STRATEGIES),
        risk=RiskParameters(covariance_estimator=EstimatorChoice("ewma", {"half_life": 60}), target_volatility=0.3),
    )
    answer = door.handle(OptimizePortfolio(asked))
    optimization = kept(door, portfolio_id)
    assert optimization is not None
    assert optimization.id == answer.optimization_id
    again = door.handle(SolveProblem(optimization.problem))
    assert answer.solution.weights is not None
    assert again.weights is not None
    assert again.weights.tobytes() == answer.solution.weights.tobytes()
    assert again.provenance is not None
    assert answer.solution.provenance is not None
    assert again.provenance.problem_hash == answer.solution.provenance.problem_hash


def test_a_failure_is_kept_and_never_replaces_the_latest(door: Door, portfolio_id: str) -> None:
    answer = door.handle(OptimizePortfolio(question(portfolio_id)))
    identity = UUID(int=11)
    with pytest.raises(ProblemInfeasible) as caught:
        door.with_ports(ids=Ids(identity)).handle(OptimizePortfolio(limited(portfolio_id, max_weight=0.2)))
    solution = caught.value.solution
    assert isinstance(solution, Solution)
    assert solution.infeasibility is not None
    assert [member.constraint for member in solution.infeasibility.conflict] == ["budget", "constraints.max_weight"]
    assert door.handle(LatestOptimization(portfolio_id)).optimization_id == answer.optimization_id
    failed = kept_as(door, identity)
    assert failed is not None
    assert failed.stage is Stage.INFEASIBLE
    assert failed.solution is not None
    assert failed.solution.infeasibility is not None
    assert failed.solution.infeasibility.conflict == solution.infeasibility.conflict
    assert failed.solution.infeasibility.relaxation == solution.infeasibility.relaxation
    with pytest.raises(ProblemInfeasible):
        door.handle(SolveProblem(failed.problem))


@pytest.mark.parametrize(
    ("error", "number"),
    [(MethodCrashed("the method took its process down"), 21), (TimeLimitReached("after 30 s"), 22)],
)
def test_a_solver_that_brings_nothing_leaves_a_record(
    door: Door, portfolio_id: str, error: MethodCrashed | TimeLimitReached, number: int
) -> None:
    identity = UUID(int=number)
    with pytest.raises(type(error)):
        door.with_ports(ids=Ids(identity), solvers=Solvers(error)).handle(OptimizePortfolio(question(portfolio_id)))
    failed = kept_as(door, identity)
    assert failed is not None
    assert (failed.stage, failed.outcome, failed.message) == (Stage.FAILED, error.outcome, str(error))
    assert failed.solution is None


@pytest.mark.parametrize(
    ("error", "number"), [(NoFreeSolver("busy", 1.0), 31), (InvalidInput.at(("strategies",), "too few rows"), 32)]
)
def test_what_was_never_solved_leaves_no_record(
    door: Door, portfolio_id: str, error: NoFreeSolver | InvalidInput, number: int
) -> None:
    identity = UUID(int=number)
    with pytest.raises(type(error)):
        door.with_ports(ids=Ids(identity), solvers=Solvers(error)).handle(OptimizePortfolio(question(portfolio_id)))
    assert kept_as(door, identity) is None


def test_nothing_has_been_optimized_yet(door: Door, portfolio_id: str) -> None:
    with pytest.raises(NotFound, match="nothing has been optimized for portfolio"):
        door.handle(LatestOptimization(portfolio_id))


def test_the_later_of_two_answers_is_the_latest_though_their_clock_stands_still(door: Door, portfolio_id: str) -> None:
    class Stopped:
        def now(self) -> Any:
            return first.answered_at

        def monotonic(self) -> float:
            return 0.0

    first = door.handle(OptimizePortfolio(question(portfolio_id)))
    second = door.with_ports(clock=Stopped()).handle(OptimizePortfolio(limited(portfolio_id, max_weight=0.5)))
    assert second.answered_at == first.answered_at
    assert door.handle(LatestOptimization(portfolio_id)).optimization_id == second.optimization_id


def test_one_bad_item_does_not_spoil_the_batch(door: Door, portfolio_id: str) -> None:
    good, bad = question(portfolio_id), limited(portfolio_id, max_weight=0.2)
    results = door.handle(AnswerBatch((good, bad, replace(good, method="nonsense"), good)))
    assert [type(each).__name__ for each in results] == ["Answer", "ProblemInfeasible", "Unsupported", "Answer"]


def test_a_defect_in_one_item_stays_there(door: Door, portfolio_id: str) -> None:
    broken = door.with_ports(solvers=Solvers(ZeroDivisionError("ours")))
    results = broken.handle(AnswerBatch((question(portfolio_id), question(portfolio_id, method="nonsense"))))
    assert [type(each) for each in results] == [ZeroDivisionError, Unsupported]


def test_a_batch_never_has_more_in_the_solvers_than_it_may(door: Door, portfolio_id: str) -> None:
    counting = CountingSolvers(door.service.context.solvers)
    results = door.with_ports(solvers=counting, side_by_side=3).handle(AnswerBatch((question(portfolio_id),) * 8))
    assert len(results) == 8
    assert counting.most == 3


def test_an_empty_batch_is_answered(door: Door) -> None:
    assert door.handle(AnswerBatch(())) == ()


def test_more_names_than_allowed_are_refused(door: Door, portfolio_id: str) -> None:
    with pytest.raises(InvalidInput, match="has 3 names; this service takes 2 at most"):
        door.with_ports(names_limit=2).handle(OptimizePortfolio(question(portfolio_id)))


def test_nothing_beats_the_risk_free_rate(door: Door, portfolio_id: str) -> None:
    with pytest.raises(NotApplicable, match="Lower risk_free_rate"):
        door.handle(OptimizePortfolio(question(portfolio_id, risk=replace(RISK, risk_free_rate=0.5))))


def test_an_aim_that_a_method_does_not_take_is_refused(door: Door, portfolio_id: str) -> None:
    with pytest.raises(Unsupported, match="'MAX_RATIO' is not an objective of method 'mean_variance'"):
        door.handle(OptimizePortfolio(question(portfolio_id, objective="MAX_RATIO")))


@pytest.mark.parametrize("objective", ["RISK_PARITY", "MULTI_OBJECTIVE"])
def test_an_aim_that_a_rule_takes_no_notice_of_has_no_value(door: Door, portfolio_id: str, objective: str) -> None:
    answer = door.handle(OptimizePortfolio(question(portfolio_id, objective=objective, method="EQUAL_WEIGHT")))
    assert answer.solution.status is Status.FEASIBLE
    assert answer.solution.objective_value is None
    assert door.handle(LatestOptimization(portfolio_id)).solution.objective_value is None


# --- imported portfolios ----------------------------------------------------------------------------------------------

DAYS = tuple(date(2024, 1, 1) + timedelta(days=i) for i in range(60))


def prices(seed: int = 5) -> PriceHistory:
    growth = 1.0 + np.random.default_rng(seed).normal(0.001, 0.01, (len(DAYS), 3))
    values: Matrix = (100.0 * np.cumprod(growth, axis=0)).astype(np.float64)
    return PriceHistory(("AAPL", "XOM", "JNJ"), DAYS, values)


def left_out(portfolio_id: str, **changes: Any) -> Question:
    return replace(question(portfolio_id), strategies=None, risk=RiskParameters(), **changes)


def test_a_request_without_strategies_takes_what_was_imported(door: Door, portfolio_id: str) -> None:
    history = prices()
    held = Portfolio(portfolio_id, (Holding("JNJ", 5, "health_care"), Holding("AAPL", 10, "technology")), cash=300.0)
    door.handle(ImportPrices(portfolio_id, history))
    door.handle(ImportHoldings(held))
    asked = left_out(portfolio_id, limits=limited(turnover_limit=0.5, sector_limits={"technology": 0.4}).limits)
    answer = door.handle(OptimizePortfolio(asked))
    assert set(answer.solution.weights_by_name) == {"AAPL", "XOM", "JNJ"}
    assert answer.solution.weights_by_name["AAPL"] <= 0.4 + 1e-8
    assert answer.turnover is not None
    assert answer.turnover.one_way <= 0.5 + 1e-8
    optimization = kept(door, portfolio_id)
    assert optimization is not None
    returns = optimization.problem.market.returns
    assert returns is not None
    assert returns.values.tolist() == history.returns().tolist()
    assert optimization.problem.current is not None
    weights = held.weights(history.latest())
    assert optimization.problem.current.tolist() == [weights["AAPL"], 0.0, weights["JNJ"]]


def test_prices_alone_will_do_where_nothing_asks_for_current_weights(door: Door, portfolio_id: str) -> None:
    door.handle(ImportPrices(portfolio_id, prices()))
    answer = door.handle(OptimizePortfolio(left_out(portfolio_id, objective="MIN_VOLATILITY")))
    assert answer.turnover is None
    limits = limited(turnover_limit=0.3).limits
    with pytest.raises(InvalidInput, match="missing: AAPL, XOM, JNJ"):
        door.handle(OptimizePortfolio(left_out(portfolio_id, objective="MIN_VOLATILITY", limits=limits)))


def test_a_new_import_replaces_the_one_before(door: Door, portfolio_id: str) -> None:
    door.handle(ImportPrices(portfolio_id, prices(5)))
    first = door.handle(OptimizePortfolio(left_out(portfolio_id, objective="MIN_VOLATILITY")))
    door.handle(ImportPrices(portfolio_id, prices(6)))
    second = door.handle(OptimizePortfolio(left_out(portfolio_id, objective="MIN_VOLATILITY")))
    assert first.solution.weights_by_name != second.solution.weights_by_name
    door.handle(ImportHoldings(Portfolio(portfolio_id, (Holding("AAPL", 1),))))
    door.handle(ImportHoldings(Portfolio(portfolio_id, (Holding("XOM", 1),))))
    portfolio = door.run(lambda: door.service.context.portfolios.portfolio(portfolio_id))
    assert portfolio == Portfolio(portfolio_id, (Holding("XOM", 1.0),))


def test_a_name_that_is_held_and_has_no_price_is_refused(door: Door, portfolio_id: str) -> None:
    door.handle(ImportPrices(portfolio_id, prices()))
    door.handle(ImportHoldings(Portfolio(portfolio_id, (Holding("IBM", 1),))))
    with pytest.raises(InvalidInput, match="'IBM' is held and has no price"):
        door.handle(OptimizePortfolio(left_out(portfolio_id)))


def test_nothing_stated_and_nothing_imported_is_refused(door: Door, portfolio_id: str) -> None:
    with pytest.raises(InvalidInput, match="no prices are imported under"):
        door.handle(OptimizePortfolio(left_out(portfolio_id)))


@pytest.mark.parametrize("wrong", ["", "  ", "x" * 101, "a/b", "a\nb"])
def test_an_import_needs_an_id_that_a_request_could_name(door: Door, wrong: str) -> None:
    with pytest.raises(InvalidInput, match="characters"):
        door.handle(ImportPrices(wrong, prices()))
    with pytest.raises(InvalidInput, match="characters"):
        door.handle(ImportHoldings(Portfolio(wrong, (Holding("A", 1),))))


@pytest.mark.parametrize("wrong", [".", ".."])
def test_an_id_that_means_a_folder_in_an_address_is_refused(door: Door, wrong: str) -> None:
    with pytest.raises(InvalidInput, match="means a folder"):
        door.handle(ImportPrices(wrong, prices()))


# --- what was stated and not used -------------------------------------------------------------------------------------

SERIES = {
    name: {"returns": list(column), "expected_return": None}
    for name, column in zip(("AAPL", "XOM", "JNJ"), np.random.default_rng(1).normal(0.004, 0.01, (3, 40)), strict=True)
}
FROM_RETURNS = replace(RISK, covariance=None)


@pytest.mark.parametrize(
    ("changes", "unused"),
    [
        ({}, []),
        ({"risk": replace(RISK, risk_aversion=4.0)}, ["risk_parameters.risk_aversion"]),
        ({"risk": replace(RISK, risk_aversion=4.0), "objective": "MAX_UTILITY"}, []),
        ({"risk": replace(RISK, confidence_level=0.95)}, ["risk_parameters.confidence_level"]),
        (
            {"risk": replace(RISK, periods_per_year=12.0, missing_data="intersect")},
            ["risk_parameters.periods_per_year", "risk_parameters.missing_data"],
        ),
        (
            {"risk": replace(RISK, covariance_estimator=EstimatorChoice("ewma"))},
            ["risk_parameters.covariance_estimator"],
        ),
        (
            {"risk": replace(RISK, expected_return_estimator=EstimatorChoice("sample"))},
            ["risk_parameters.expected_return_estimator"],
        ),
        ({"strategies": strategies(AAPL={"returns": [0.01, 0.02]})}, ["strategies.returns"]),
        ({"strategies": strategies(AAPL={"current_weight": None})}, ["strategies.current_weight"]),
        ({"strategies": strategies(**SERIES), "risk": replace(FROM_RETURNS, periods_per_year=12.0)}, []),
        (
            {
                "objective": "MIN_VOLATILITY",
                "strategies": strategies(AAPL={"expected_return": None}),
            },
            ["strategies.expected_return", "risk_parameters.risk_free_rate"],
        ),
        ({"objective": "MIN_VOLATILITY", "risk": replace(RISK, target_return=0.05, target_volatility=0.9)}, []),
    ],
)
def test_what_is_stated_and_not_used_is_told(
    door: Door, portfolio_id: str, changes: dict[str, Any], unused: list[str]
) -> None:
    answer = door.handle(OptimizePortfolio(question(portfolio_id, **changes)))
    assert list(answer.unused_inputs) == unused


def test_a_figure_given_wins_over_an_estimated_one_and_provenance_says_which(door: Door, portfolio_id: str) -> None:
    mixed = strategies(AAPL=SERIES["AAPL"], XOM=SERIES["XOM"], JNJ={"returns": SERIES["JNJ"]["returns"]})
    answer = door.handle(OptimizePortfolio(question(portfolio_id, strategies=mixed)))
    provenance = answer.solution.provenance
    assert provenance is not None
    assert (provenance.sources.mean, provenance.sources.covariance) == ("mixed", "given")
    assert provenance.sources.data is not None
    assert provenance.sources.data.used == 40


def test_the_order_of_the_covariance_does_not_matter(door: Door, portfolio_id: str) -> None:
    reverse = NamedCovariance(("JNJ", "XOM", "AAPL"), COVARIANCE[::-1, ::-1])
    first = door.handle(OptimizePortfolio(question(portfolio_id)))
    second = door.handle(OptimizePortfolio(question(portfolio_id, risk=replace(RISK, covariance=reverse))))
    assert first.solution.weights_by_name == second.solution.weights_by_name


def test_a_single_name_takes_everything(door: Door, portfolio_id: str) -> None:
    alone = (Strategy(Asset("A"), 0.1),)
    risk = replace(RISK, covariance=NamedCovariance(("A",), np.array([[0.04]])))
    answer = door.handle(OptimizePortfolio(question(portfolio_id, strategies=alone, risk=risk)))
    assert answer.solution.weights_by_name == {"A": pytest.approx(1.0)}


def test_no_solver_is_asked_for_a_frontier_whose_method_is_blocked(door: Door) -> None:
    """The solver processes of this service would trace it: they know of no method that is blocked."""
    blocked = EntryPointPlugins(["mean_variance"])
    context = door.with_ports(plugins=blocked).service.context
    curve, reason = door.run(lambda: around(posed(np.diag([0.04, 0.09]), [0.05, 0.08]), "volatility", context))
    assert curve is None
    assert "'mean_variance' was blocked by the operator" in reason
