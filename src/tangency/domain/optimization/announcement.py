"""What others are told about an optimization that was ordered: the events of its end, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from tangency.domain.clock import IdGenerator
from tangency.domain.event import Event
from tangency.domain.optimization.identity import spelled
from tangency.domain.optimization.optimization import Answer, Stage
from tangency.domain.optimization.order import Order

ECHOED = ("optimization_type", "objective", "risk_measure", "constraints", "preferences")
"""What a strategy is built on: it comes with the event of the end."""

FAILED = "optimization_failed"


def echo_of(wording: Mapping[str, Any]) -> dict[str, Any]:
    """What of a request comes with the event of its end."""
    return {word: wording[word] for word in ECHOED if word in wording}


def announced(order: Order, report: Mapping[str, Any] | None, ids: IdGenerator) -> Iterator[Event]:
    """The events of an end: of an answer, that of the portfolio and that of the order; else why there is none."""
    optimization = order.optimization
    at, answer = optimization.ended_at or optimization.requested_at, optimization.answer
    echo = echo_of(order.wording)
    if answer is not None and report is not None:
        yield _portfolio_optimized(answer, ids)
        told = {"completed_at": _stamp(at), **echo, **{word: report[word] for word in ("metrics", "target_allocation")}}
        yield announcement("optimization_completed", optimization.id, optimization.portfolio_id, at, ids, told)
    elif optimization.stage is not Stage.CANCELLED:
        told = {"outcome": optimization.outcome, "message": optimization.message, **echo}
        yield announcement(FAILED, optimization.id, optimization.portfolio_id, at, ids, told)


def announcement(
    kind: str, order: UUID, portfolio_id: str, at: datetime, ids: IdGenerator, told: Mapping[str, Any]
) -> Event:
    """An event about an order."""
    about = {"optimization_id": spelled(order), "portfolio_id": portfolio_id, **told}
    return Event(kind, spelled(order), at, {"event_id": str(ids.new()), "timestamp": _stamp(at), kind: about})


def _portfolio_optimized(answer: Answer, ids: IdGenerator) -> Event:
    solution, at = answer.solution, answer.answered_at
    told = {
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
    payload = {"event_id": str(ids.new()), "timestamp": _stamp(at), "portfolio_optimized": told}
    return Event("portfolio_optimized", answer.portfolio_id, at, payload)


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
