"""Efficient frontiers: traced once for equal questions, then read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tangency.application.configuration import apart_from, enabled_configuration, supplied_to
from tangency.application.context import Context
from tangency.application.idempotency import Creating, claim
from tangency.application.library import with_entries
from tangency.application.message import Message
from tangency.application.order_limits import as_stated, failure_as_stated, within
from tangency.application.order_request import OrderLimits
from tangency.application.portfolio_data import holdings_and_prices, likely_meant
from tangency.application.posing import gathered, pose
from tangency.application.question import Question
from tangency.domain.errors import InvalidInput, NoAnswer, NoFreeSolver, NotFound, PluginError
from tangency.domain.frontier.announcement import generated
from tangency.domain.frontier.frontier import Curve, EfficientFrontier
from tangency.domain.frontier.question import FrontierQuestion
from tangency.domain.idempotency import Key
from tangency.domain.identity import token
from tangency.domain.optimization.constraint import TargetReturn, TargetVolatility
from tangency.domain.optimization.cost import Cost
from tangency.domain.optimization.problem import Problem
from tangency.domain.unit_of_work import UnitOfWork

PREFIX = "frt-"
METHODS = {"volatility": "mean_variance"}
"""By measure; every other one is minimised by the same method."""
OTHER_METHOD = "mean_risk"
POINTS_OF_ORDERS = 10
"""Of the frontier that comes with an answer that was ordered: it is drawn beside it, and nobody waits for it."""
REMEDY = (
    "ask for fewer points, or order an optimization (POST /api/v1/optimizations, CreateOptimization), whose answer "
    f"comes with a frontier of {POINTS_OF_ORDERS} points."
)


@dataclass(frozen=True, slots=True)
class TraceFrontier(Creating[EfficientFrontier]):
    """The efficient frontier of a portfolio; where the same data and figures were asked for before, the one kept.

    Attributes:
        question: its objective and method are those of the frontier's measure, whatever it says.
        limits: further ones, in the words of an order.
    """

    question: Question
    asked: FrontierQuestion
    limits: OrderLimits = field(default_factory=OrderLimits)


@dataclass(frozen=True, slots=True)
class TraceProblem(Message[Curve]):
    """The frontier of a problem that is complete already. Nothing is kept: it names no portfolio."""

    problem: Problem
    asked: FrontierQuestion


@dataclass(frozen=True, slots=True)
class ReadFrontier(Message[EfficientFrontier]):
    """A frontier that was traced."""

    frontier_id: str


async def trace_problem(command: TraceProblem, context: Context) -> Curve:
    """Trace in an isolated process.

    Raises:
        NoAnswer: there is no frontier.
    """
    return await context.solvers.trace(command.problem, command.asked, context.deadline_s)


async def trace_frontier(command: TraceFrontier, context: Context) -> EfficientFrontier:
    """Pose, look whether it is kept already, trace, keep.

    Raises:
        NotFound: nothing was imported under the portfolio id, and the question states nothing either.
        InvalidInput: the question cannot be read as a problem, or an end is out of reach.
        TooExpensive: it can, and is above the ceiling of what this service takes on.
        TooHeavy: it would take too long to be waited for.
        NoAnswer: there is no frontier.
    """
    given, limits = await _configured(command, context)
    question, asked = await with_entries(given, context), command.asked
    try:
        problem, asked = await _posed(question, asked, limits, context)
    except InvalidInput as error:
        raise type(error)([as_stated(fault, command.limits) for fault in error.faults]) from None
    portfolio_id = question.portfolio_id
    # where equal data came from makes no other frontier
    key = asked.key(replace(problem, references=()), question.supplied)
    frontier = await context.frontiers.frontier_for(portfolio_id, key)
    if frontier is None:
        context.ceilings.refuse_to_wait(Cost.of_frontier(problem, asked.points), REMEDY)
        try:
            curve = await context.solvers.trace(problem, asked, context.deadline_s)
        except NoAnswer as error:
            raise failure_as_stated(error, command.limits) from None
        made = token(PREFIX, context.ids.new())
        limited = question.configuration.constraints
        now = context.clock.now()
        frontier = EfficientFrontier(made, portfolio_id, key, asked, curve, now, question.supplied, limited)
    elif command.key is None:
        return frontier
    return await _kept(frontier, command.key, context)


async def _configured(command: TraceFrontier, context: Context) -> tuple[Question, OrderLimits]:
    """The question and the limits with what both leave out; a limit of all names gives way to those by name."""
    question, limits = command.question, command.limits
    configuration = await enabled_configuration(question.portfolio_id, context)
    if configuration is None:
        return question, limits
    given = supplied_to(question, apart_from(limits, configuration))
    if given.limits.max_weight != question.limits.max_weight and (limits.min_weights or limits.max_weights):
        limits = replace(limits, max_position_size=given.limits.max_weight)
        given = replace(given, limits=replace(given.limits, max_weight=None))
    return given, limits


async def _kept(frontier: EfficientFrontier, key: Key | None, context: Context) -> EfficientFrontier:
    """Keep it where nobody was quicker; what the key stands for is that which is kept."""

    async def work(unit: UnitOfWork) -> EfficientFrontier:
        kept = await unit.frontiers.add(frontier)
        await claim(unit, key, kept.id, context.clock.now())
        if kept is frontier:
            await unit.events.add(generated(kept, context.ids))
        return kept

    kept = await context.units.keep(work)
    context.activity.signal()
    return kept


async def frontier_again(subject: str, context: Context) -> EfficientFrontier:
    """The frontier that a key stands for."""
    return await read_frontier(ReadFrontier(subject), context)


async def read_frontier(query: ReadFrontier, context: Context) -> EfficientFrontier:
    """Read it.

    Raises:
        NotFound: there is none of that id.
    """
    found = await context.frontiers.frontier(query.frontier_id)
    if found is None:
        raise NotFound(f"there is no efficient frontier {query.frontier_id[:100]!r}.")
    return found


async def _posed(
    question: Question, asked: FrontierQuestion, limits: OrderLimits, context: Context
) -> tuple[Problem, FrontierQuestion]:
    """The problem of least risk; targets that the question states limit the ends."""
    if question.strategies is None and (await holdings_and_prices(question.portfolio_id, context))[1] is None:
        detail = f"no prices are imported under portfolio {question.portfolio_id!r}; import prices and holdings first."
        raise NotFound(detail + await likely_meant(question.portfolio_id, context))
    evidence = await gathered(question, context)
    question, evidence = within(limits, question, evidence)
    risk = question.risk
    floors = [each for each in (asked.min_return, risk.target_return) if each is not None]
    ends = replace(asked, min_return=max(floors, default=None))
    risk = replace(risk, target_return=None)
    if asked.measure == "volatility":
        ceilings = [each for each in (asked.max_risk, risk.target_volatility) if each is not None]
        ends = replace(ends, max_risk=min(ceilings, default=None))
        risk = replace(risk, target_volatility=None)
    method = METHODS.get(asked.measure, OTHER_METHOD)
    objective, options = asked.objective.name, _options(asked.measure)
    stated = replace(question, objective=objective, method=method, options=options, risk=risk)
    return pose(stated, evidence, context), ends


async def around(problem: Problem, measure: str, context: Context) -> tuple[Curve | None, str]:
    """The frontier within the limits of a problem that has an answer; None and the reason where there is none.

    Args:
        problem: targets among its limits limit the ends.
        measure: of risk.
        context: the ports.
    """
    question = _ends(FrontierQuestion(measure, POINTS_OF_ORDERS), problem)
    targets = (TargetReturn, TargetVolatility) if measure == "volatility" else (TargetReturn,)
    posed = replace(
        problem,
        objective=question.objective,
        method=METHODS.get(measure, OTHER_METHOD),
        options=_options(measure),
        constraints=tuple(limit for limit in problem.constraints if not isinstance(limit, targets)),
    )
    try:
        context.plugins.origin(posed.method)  # where an operator blocked it, no solver need be asked
        return await context.solvers.trace(posed, question, context.deadline_s), ""
    except (NoAnswer, NoFreeSolver, InvalidInput, PluginError) as error:
        return None, f"no frontier could be traced within the limits: {error}"


def _ends(question: FrontierQuestion, problem: Problem) -> FrontierQuestion:
    for limit in problem.constraints:
        if isinstance(limit, TargetReturn):
            question = replace(question, min_return=limit.limit)
        elif isinstance(limit, TargetVolatility) and question.measure == "volatility":
            question = replace(question, max_risk=limit.limit)
    return question


def _options(measure: str) -> dict[str, object]:
    """Of the method; value at risk is reached by the conditional one, which solves at any number of scenarios."""
    if measure == "volatility":
        return {}
    return {"risk_measure": measure, **({"var_method": "cvar_proxy"} if measure == "var" else {})}
