"""The kinds of problems of HTTP itself, and all kinds that an endpoint may answer with."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from tangency.adapters.document.problem import INTERNAL, KINDS, Kind, Problem
from tangency.domain.errors import StoreUnavailable, TryAgainLater
from tangency.domain.trace import trace_at_work

MEDIA_TYPE = "application/problem+json"

NOT_FOUND = Kind("no-such-address", 404, "No such address", "There is no such endpoint. All endpoints are at /schema.")
MALFORMED = Kind(
    "malformed-request", 400, "Not HTTP", "The bytes received are not a request of HTTP/1.1. The connection is closed."
)
WRONG_METHOD = Kind(
    "method-not-allowed",
    405,
    "Method not allowed",
    "The endpoint does not support this method; the header Allow lists those that it does.",
)
TOO_SLOW = Kind("request-timeout", 408, "The body came too slowly", "The whole body must arrive within the deadline.")
TOO_LARGE = Kind("too-large", 413, "The body is too large", "It is larger than the operator of the service allows.")
WRONG_MEDIA_TYPE = Kind("unsupported-media-type", 415, "Not JSON", "Send the body as application/json, uncompressed.")
FORBIDDEN = Kind(
    "forbidden-origin",
    403,
    "Not from here",
    "The service listens on this machine only, so it refuses requests that name another host or come from a page of "
    "another site.",
)
TOO_MUCH = Kind(
    "too-many-bodies",
    429,
    "Too many bodies at once",
    "Too many large bodies are being processed. Try again in a moment.",
)

HTTP_KINDS: tuple[Kind, ...] = (
    MALFORMED,
    FORBIDDEN,
    NOT_FOUND,
    WRONG_METHOD,
    TOO_SLOW,
    TOO_LARGE,
    WRONG_MEDIA_TYPE,
    TOO_MUCH,
    INTERNAL,
)
ALL_KINDS: Mapping[str, Kind] = {kind.slug: kind for kind in (*KINDS.values(), *HTTP_KINDS)}


def encoded(document: Problem) -> bytes:
    """A problem as bytes, with the trace of its request."""
    return msgspec.json.encode(traced(document))


def traced(document: Problem) -> Problem:
    """A problem with the trace of its request, if that named one."""
    trace = trace_at_work()
    return document if trace is None else msgspec.structs.replace(document, trace_id=trace.id)


def retry_after(error: Exception) -> dict[str, str]:
    """The header Retry-After, for errors that pass."""
    if isinstance(error, TryAgainLater | StoreUnavailable):
        return {"Retry-After": str(math.ceil(error.retry_after_s))}
    return {}
