"""The trace context of a request, in two columns of what came of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, String
from sqlalchemy.orm import Mapped, mapped_column

from tangency.domain.trace import TRACEPARENT, TRACESTATE, TraceContext


class Traced:
    """The columns."""

    traceparent: Mapped[str | None] = mapped_column(String(55))
    tracestate: Mapped[str | None] = mapped_column(String(512))


def columns_of(trace: TraceContext | None) -> dict[str, str | None]:
    """What they hold."""
    return dict.fromkeys((TRACEPARENT, TRACESTATE)) if trace is None else {TRACESTATE: None, **trace.properties}


def trace_of(row: Traced | Row[Any]) -> TraceContext | None:
    """What they say."""
    return None if row.traceparent is None else TraceContext(row.traceparent, row.tracestate or "")
