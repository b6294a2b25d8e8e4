"""The trace context of W3C: which distributed trace a request belongs to. It is handed on, and decides nothing here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Self

TRACEPARENT, TRACESTATE = "traceparent", "tracestate"
"""What it is called in headers, metadata and properties."""

PARENT = re.compile(r"(?P<version>[0-9a-f]{2})-(?P<ids>[0-9a-f]{32}-[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?")
KNOWN, NEVER = "00", "ff"
SAMPLED = 0x01
LONGEST_STATE = 512
"""Characters of a state that everybody has to hand on; longer ones are left out."""
STATE = re.compile(r"[ -~\t]*=[ -~\t]*")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """Whose request this is part of.

    Attributes:
        parent: ``traceparent`` of version 00: version, trace, parent and flags.
        state: ``tracestate``, what tracing systems add to that; empty where there is none.
    """

    parent: str
    state: str = ""

    @classmethod
    def of(cls, parent: str | None, state: str | None = None) -> Self | None:
        """The context that two headers stand for; None where there is none, or none that can be understood.

        A malformed parent is ignored together with its state, a malformed state alone. Of a later version, what 00 has
        of it is handed on.
        """
        found = PARENT.fullmatch(parent or "")
        if found is None or found["version"] == NEVER or (found["version"] == KNOWN and found["more"]):
            return None
        trace, span = found["ids"].split("-")
        if not (trace.strip("0") and span.strip("0")):
            return None
        flags = found["flags"] if found["version"] == KNOWN else f"{int(found['flags'], 16) & SAMPLED:02x}"
        return cls(f"{KNOWN}-{found['ids']}-{flags}", _state(state or ""))

    @classmethod
    def read(cls, carrier: Mapping[str, object]) -> Self | None:
        """The context that metadata or properties name; see :meth:`of`."""
        return cls.of(*(str(carrier.get(name, "")) for name in (TRACEPARENT, TRACESTATE)))

    @property
    def id(self) -> str:
        """Of the trace: 32 hexadecimal digits."""
        return self.parent.split("-")[1]

    @property
    def properties(self) -> dict[str, str]:
        """As it is handed on."""
        return {TRACEPARENT: self.parent, **({TRACESTATE: self.state} if self.state else {})}


_at_work: ContextVar[TraceContext | None] = ContextVar("trace", default=None)


def work_for(trace: TraceContext | None) -> TraceContext | None:
    """What this task does from now on, and those that it begins, is of that trace, or of none; gives it back."""
    _at_work.set(trace)
    return trace


def trace_at_work() -> TraceContext | None:
    """The trace that this task works for; None where its request named none, and between requests."""
    return _at_work.get()


def _state(text: str) -> str:
    """Its members, where each is one and all of them are short enough."""
    members = [member.strip(" \t") for member in text.split(",") if member.strip(" \t")]
    joined = ",".join(members)
    return joined if len(joined) <= LONGEST_STATE and all(map(STATE.fullmatch, members)) else ""
