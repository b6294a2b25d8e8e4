"""Optimizing portfolios: what may be asked, and the verbs that do it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from tangency.application.backlog import Announcing
from tangency.application.configuration import with_configuration
from tangency.application.context import Context
from tangency.application.idempotency import claim
from tangency.application.library import with_entries
from tangency.application.message import Message
from tangency.application.plugin_checks import completed
from tangency.application.portfolio_data import nothing_optimized
from tangency.application.posing import gathered, pose
from tangency.application.question import Question
from tangency.application.unused_inputs import unused_inputs
from tangency.domain.errors import NoAnswer, NotFound
from tangency.domain.idempotency import Key
from tangency.domain.optimization.announcement import portfolio_optimized
from tangency.domain.optimization.cost import Cost
from tangency.domain.optimization.judgement import required_answer
from tangency.domain.optimization.optimization import Answer, Optimization
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Solution
from tangency.domain.series.point import SeriesPoint
from tangency.domain.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PoseQuestion(Message[Problem]):
    """Turn a question about a portfolio into the problem that it stands for."""

    question: Question


@dataclass(frozen=True, slots=True)
class OptimizePortfolio(Announcing[Answer]):
    """Answer a question about a portfolio, and keep the answer or the reason why there is none.

    Attributes:
        problem: what the question stands for, where somebody has posed it already.
    """

    question: Question
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class SolveProblem(Message[Solution]):
    """Solve a problem that is complete already. Nothing is kept: it names no portfolio."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class LatestOptimization(Message[Answer]):
    """The last answer for a portfolio."""

    portfolio_id: str


async def pose_question(query: PoseQuestion, context: Context) -> Problem:
    """Fetch what it refers to, gather what is known about the names, and pose.

    Raises:
        InvalidInput: the question cannot be read as a problem.
        TooExpensive: it can, and is above the ceiling of what this service takes on.
    """
    return await posed(await with_configuration(query.question, context), context)


async def posed(configured: Question, context: Context) -> Problem:
    """The problem that a question stands for, which has what the portfolio's configuration supplies.

    Raises:
        InvalidInput: the question cannot be read as a problem.
        TooExpensive: it can, and is above the ceiling of what this service takes on.
    """
    question = await with_entries(configured, context)
    problem = await completed(pose(question, await gathered(question, context), context), context)
    context.ceilings.refuse(Cost.of_answer(problem))
    return problem


async def optimize_portfolio(command: OptimizePortfolio, context: Context) -> Answer:
    """Pose, solve, record.

    Raises:
        InvalidInput: the question cannot be read as a problem; nothing is kept.
        NoAnswer: it can, and there is no portfolio to give; that is kept.
        NoFreeSolver: every solver is busy; nothing is kept.
    """
    question = await with_configuration(command.question, context)
    problem = command.problem or await posed(question, context)
    return await recorded(question, problem, None, context)


async def recorded(question: Question, problem: Problem, key: Key | None, context: Context) -> Answer:
    """The answer to a problem, which is kept; or the reason why there is none, which is kept too.

    Raises:
        NoAnswer: there is no portfolio to give.
        NoFreeSolver: every solver is busy; nothing is kept.
    """
    context.units.prepare(problem)
    optimization = Optimization.request(
        context.ids.new(), question.portfolio_id, question.configuration, problem, context.clock.now()
    )
    optimization.supplied = question.supplied
    failure = await _solve(optimization, question, context)
    await context.units.ready(problem)
    answer = optimization.answer

    async def work(unit: UnitOfWork) -> None:
        if answer is not None:
            await claim(unit, key, str(optimization.id), optimization.requested_at)
            await unit.events.add(portfolio_optimized(answer, context.ids))
            await unit.series.add(SeriesPoint.of(answer))
        await unit.optimizations.add(optimization)

    await context.units.keep(work)
    context.activity.signal()
    if failure is not None:
        try:
            raise failure
        finally:
            del failure  # it holds this frame: together they would keep the problem until garbage is collected
    if answer is None:
        raise NotFound(f"optimization {optimization.id} ended {optimization.stage} and left no answer")
    return answer


async def answer_again(subject: str, context: Context) -> Answer:
    """The answer that a key stands for.

    Raises:
        NotFound: it is not kept any more.
    """
    answer = await context.answers.answer_of(UUID(subject))
    if answer is None:
        raise NotFound(f"the answer of optimization {subject} is not kept any more.")
    return answer


async def _solve(optimization: Optimization, question: Question, context: Context) -> NoAnswer | None:
    """Take the optimization to its end; what keeps it from an answer is returned, to be raised once it is kept."""
    began = context.clock.monotonic()
    optimization.start(context.clock.now())
    try:
        solution = await context.solvers.solve(optimization.problem, context.deadline_s)
        ended = context.clock.monotonic()
        unused = tuple(
            path for path in unused_inputs(question, optimization.problem, solution) if path not in question.supplied
        )
        optimization.conclude(solution, context.clock.now(), 1e3 * (ended - began), unused)
        required_answer(solution)
    except NoAnswer as failure:
        if optimization.ended_at is None:
            optimization.fail(failure, context.clock.now(), 1e3 * (context.clock.monotonic() - began))
        return failure
    return None


async def solve_problem(command: SolveProblem, context: Context) -> Solution:
    """Solve in an isolated process.

    Raises:
        NoAnswer: there is no portfolio to give.
    """
    return required_answer(await context.solvers.solve(command.problem, context.deadline_s))


async def latest_optimization(query: LatestOptimization, context: Context) -> Answer:
    """Read the last answer.

    Raises:
        NotFound: there is none.
    """
    answer = await context.answers.answer(query.portfolio_id)
    if answer is None:
        raise await nothing_optimized(query.portfolio_id, context)
    return answer
