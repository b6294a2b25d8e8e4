"""Problem documents as responses, those of HTTP itself included, and their explanations."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping

import msgspec
from litestar import Response
from litestar.exceptions import HTTPException

from tangency.adapters.document.problem import INTERNAL, KINDS, Kind, Problem, problem, problem_of
from tangency.adapters.rest.exchange import Incoming, Outgoing
from tangency.application.question import Question
from tangency.domain.errors import ComeAgain, StoreUnavailable

log = logging.getLogger("tangency.rest")

MEDIA_TYPE = "application/problem+json"

NOT_FOUND = Kind("no-such-address", 404, "No such address", "Nothing is served there. The addresses are at /schema.")
WRONG_METHOD = Kind(
    "method-not-allowed",
    405,
    "Method not allowed",
    "The address does not take this method; the header Allow says which.",
)
TOO_SLOW = Kind("request-timeout", 408, "The body came too slowly", "The whole body must arrive within the deadline.")
TOO_LARGE = Kind("too-large", 413, "The body is too large", "It is larger than the operator of the service allows.")
WRONG_MEDIA_TYPE = Kind("unsupported-media-type", 415, "Not JSON", "Send the body with Content-Type: application/json.")
FORBIDDEN = Kind(
    "forbidden-origin",
    403,
    "Not from here",
    "The service listens on this machine only, so it refuses requests that name another host or come from a page of "
    "another site.",
)
TOO_MUCH = Kind(
    "too-many-bodies", 429, "Too many bodies at once", "Others are sending large bodies now. Come again in a moment."
)

HTTP_KINDS: tuple[Kind, ...] = (
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

_OF_STATUS = {kind.status: kind for kind in (NOT_FOUND, WRONG_METHOD, TOO_LARGE, WRONG_MEDIA_TYPE)}


def encoded(document: Problem) -> bytes:
    """A problem as bytes."""
    return msgspec.json.encode(document)


def refusal(kind: Kind, detail: str, headers: Mapping[str, str] | None = None) -> Outgoing:
    """A problem of HTTP as a response."""
    return _response(problem(kind, detail), headers or {})


def failure(error: Exception, document: Problem | None = None) -> Outgoing:
    """Whatever was raised, as a response; ``document`` where it has been written already."""
    headers = {}
    if isinstance(error, ComeAgain | StoreUnavailable):
        headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    return _response(document or problem_for(error), headers)


def problem_for(error: Exception, question: Question | None = None) -> Problem:
    """The document for whatever was raised. What is our fault goes to the log, and only there."""
    document = problem_of(error, question)
    if document.status >= INTERNAL.status:
        log.error("a request failed", exc_info=error)
    return document


def on_error(request: Incoming, error: Exception) -> Outgoing:
    """What no handler dealt with: problems of HTTP, and our mistakes."""
    if isinstance(error, HTTPException) and error.status_code in _OF_STATUS:
        kind = _OF_STATUS[error.status_code]
        allowed = (error.headers or {}).get("allow")
        remedy = f"use {allowed}." if allowed else "/schema lists what is."
        return refusal(kind, f"{request.method} {request.url.path[:200]} is not served; {remedy}", error.headers)
    return failure(error)


def _response(document: Problem, headers: Mapping[str, str]) -> Outgoing:
    return Response(encoded(document), status_code=document.status, media_type=MEDIA_TYPE, headers=dict(headers))
