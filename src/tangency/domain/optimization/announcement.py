"""What others are told about an optimization: that a portfolio has new weights, and how an order ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from tangency.domain.clock import IdGenerator
from tangency.domain.event import Event, announcement, stamp
from tangency.domain.optimization.identity import spelled
from tangency.domain.optimization.optimization import Answer, Stage
from tangency.domain.optimization.order import Order

ECHOED = ("optimization_type", "objective", "risk_measure", "constraints", "preferences")
"""What a strategy is built on: it comes with the event of the end."""

OPTIMIZED, COMPLETED, FAILED = "portfolio_optimized", "optimization_completed", "optimization_failed"


def portfolio_optimized(answer: Answer, ids: IdGenerator) -> Event:
    """The event of an answer, whoever asked and however."""
    return announcement(OPTIMIZED, answer.portfolio_id, answer.answered_at, ids, told_of(answer))


def told_of(answer: Answer) -> dict[str, Any]:
    """What anybody is told of an answer."""
    solution = answer.solution
    return {
        "portfolio_id": answer.portfolio_id,
        "optimal_weights": solution.weights_by_name,
        "expected_return": solution.expected_return,
        "expected_volatility": solution.expected_volatility,
        "sharpe_ratio": solution.sharpe_ratio,
        "optimization_metadata": {
            "convergence_status": solution.status.value,
            "iterations": solution.iterations,
            "optimization_time_ms": round(answer.time_ms),
        },
    }


def announced(order: Order, report: Mapping[str, Any] | None, ids: IdGenerator) -> Iterator[Event]:
    """The events of an end: of an answer, that of the portfolio and that of the order; else why there is none."""
    optimization = order.optimization
    at, answer = optimization.ended_at or optimization.requested_at, optimization.answer
    about = (optimization.id, optimization.portfolio_id, order.wording, at)
    if answer is not None and report is not None:
        yield portfolio_optimized(answer, ids)
        told = {"completed_at": stamp(at), **{word: report[word] for word in ("metrics", "target_allocation")}}
        yield _of_order(COMPLETED, *about, ids, told)
    elif optimization.stage is not Stage.CANCELLED:
        yield failed(*about, optimization.outcome or optimization.stage.value, optimization.message, ids)


def failed(
    order: UUID,
    portfolio_id: str,
    wording: Mapping[str, Any],
    at: datetime,
    outcome: str,
    message: str,
    ids: IdGenerator,
) -> Event:
    """The event of an order that has no answer."""
    return _of_order(FAILED, order, portfolio_id, wording, at, ids, {"outcome": outcome, "message": message})


def refused(event_id: str, key: str, portfolio_id: str, problem: Mapping[str, Any], at: datetime) -> Event:
    """The event of a request that came as a message and was not accepted."""
    told = {
        "idempotency_key": key,
        "portfolio_id": portfolio_id or None,
        "outcome": "refused",
        "message": problem["detail"],
        "problem": dict(problem),
    }
    return Event(FAILED, event_id, at, {"event_id": event_id, "timestamp": stamp(at), FAILED: told})


def _of_order(
    kind: str,
    order: UUID,
    portfolio_id: str,
    wording: Mapping[str, Any],
    at: datetime,
    ids: IdGenerator,
    told: Mapping[str, Any],
) -> Event:
    echo = {word: wording[word] for word in ECHOED if word in wording}
    about = {"optimization_id": spelled(order), "portfolio_id": portfolio_id, **told, **echo}
    return announcement(kind, spelled(order), at, ids, about)
