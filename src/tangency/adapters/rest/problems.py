"""Problem documents as responses, those of HTTP itself included."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from litestar.exceptions import HTTPException

from tangency.adapters.document.problem import Kind, Problem, log_failure, problem, problem_of
from tangency.adapters.rest.exchange import Incoming, Outgoing
from tangency.adapters.rest.kinds import (
    MEDIA_TYPE,
    NOT_FOUND,
    TOO_LARGE,
    WRONG_MEDIA_TYPE,
    WRONG_METHOD,
    encoded,
    retry_after,
)
from tangency.application.question import Question

log = logging.getLogger("tangency.rest")

_OF_STATUS = {kind.status: kind for kind in (NOT_FOUND, WRONG_METHOD, TOO_LARGE, WRONG_MEDIA_TYPE)}


def refusal(kind: Kind, detail: str, headers: Mapping[str, str] | None = None) -> Outgoing:
    """A problem of HTTP as a response."""
    return _response(problem(kind, detail), headers or {})


def failure(error: Exception, document: Problem | None = None) -> Outgoing:
    """Whatever was raised, as a response; ``document`` where it has been written already."""
    return _response(document or problem_for(error), retry_after(error))


def problem_for(error: Exception, question: Question | None = None) -> Problem:
    """The document for whatever was raised. What is our fault goes to the log with its trace, and only there."""
    document = problem_of(error, question)
    log_failure(log, document, error)
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
    return Outgoing(encoded(document), document.status, MEDIA_TYPE, headers)
