"""Answering light questions at once, and turning heavy ones into orders.

The processes that answer requests solve only what is estimated to be light. The rest runs where heavy orders run, and
the client comes back for it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from tangency.application.configuration import SUPPLIED, with_configuration
from tangency.application.context import Context
from tangency.application.idempotency import Creating, once
from tangency.application.optimization import answer_again, posed, recorded
from tangency.application.orders import accepted, drawn_up
from tangency.application.question import Question
from tangency.application.unused_inputs import QUESTION, stated_of_strategies
from tangency.domain.optimization.cost import Cost
from tangency.domain.optimization.optimization import Answer
from tangency.domain.optimization.order import OrderState
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.queue import Queue


@dataclass(frozen=True, slots=True)
class AnswerQuestion(Creating[Answer | OrderState]):
    """Answer a question about a portfolio at once where that is light; else accept it as an order."""

    question: Question


@dataclass(frozen=True, slots=True)
class AnswerBatch(Creating[tuple[Answer | OrderState | Exception, ...]]):
    """Answer several questions, each as if it stood alone; what one raises takes its place in the result."""

    questions: tuple[Question, ...]


async def answer_question(command: AnswerQuestion, context: Context) -> Answer | OrderState:
    """Pose; solve and record, or keep as an order.

    Raises:
        InvalidInput: the question cannot be read as a problem, or is above the ceiling; nothing is kept.
        NoAnswer: it can, is light, and there is no portfolio to give; that is kept.
        NoFreeSolver: it is light, and every solver is busy; nothing is kept.
    """
    question = await with_configuration(command.question, context)
    problem = await posed(question, context)
    if context.ceilings.queue(Cost.of_answer(problem)) is Queue.LIGHT:
        return await recorded(question, problem, command.key, context)
    order = await drawn_up(question, problem, _wording(question, problem), context)
    return await accepted(order, command.key, context)


async def answered_again(subject: str, context: Context) -> Answer | OrderState:
    """The order or the answer that a key stands for.

    Raises:
        NotFound: it is not kept any more.
    """
    order = await context.orders.order(UUID(subject))
    return await answer_again(subject, context) if order is None else order


async def answer_batch(command: AnswerBatch, context: Context) -> tuple[Answer | OrderState | Exception, ...]:
    """Answer side by side, in the order of the questions.

    Raises:
        KeyReused: the key came with another batch before.
    """
    key, turns = command.key, asyncio.Semaphore(context.side_by_side)
    if key is not None:
        await context.keys.made(key)

    async def one(part: int, question: Question) -> Answer | OrderState:
        own = None if key is None else replace(key, part=part)
        async with turns:
            return await once(AnswerQuestion(question, key=own), answer_question, answered_again, context)

    parts = (one(part, question) for part, question in enumerate(command.questions))
    results = await asyncio.gather(*parts, return_exceptions=True)
    return tuple(_kept_in_place(result) for result in results)


def _kept_in_place(result: Answer | OrderState | BaseException) -> Answer | OrderState | Exception:
    if isinstance(result, BaseException) and not isinstance(result, Exception):
        raise result  # a cancellation is no answer to one question
    return result


def _wording(question: Question, problem: Problem) -> dict[str, Any]:
    """What was asked in the members that an order has; what only a question has stands under a member of its own."""
    stated = question.configuration
    return {
        "optimization_type": stated.method,
        "objective": stated.objective,
        "risk_measure": problem.risk_measure,
        "constraints": dict(stated.constraints),
        "preferences": {},
        "risk_parameters": dict(stated.risk_parameters),
        "method_options": dict(question.options),
        SUPPLIED: dict(question.supplied),
        QUESTION: {"strategies": list(stated_of_strategies(question))},
    }
