"""The problem document of RFC 9457: what a request gets where it gets no answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from tangency.adapters.document.answer import number
from tangency.adapters.document.diagnosis import pointer
from tangency.adapters.document.reading import UnreadableDocument
from tangency.application.question import Question
from tangency.domain.errors import (
    Fault,
    InvalidInput,
    MethodCrashed,
    NeighbourUnavailable,
    NeighbourUnusable,
    NoAnswer,
    NoFreeSolver,
    NotApplicable,
    NotFound,
    NumericalFailure,
    OutboxFull,
    Path,
    PluginError,
    ProblemInfeasible,
    ProblemUnbounded,
    ResourcesExhausted,
    StoreUnavailable,
    TimeLimitReached,
    Unsupported,
)
from tangency.domain.idempotency import KeyReused
from tangency.domain.optimization.cost import TooHeavy
from tangency.domain.optimization.infeasibility import Infeasibility
from tangency.domain.optimization.order import AlreadyFinal
from tangency.domain.optimization.solution import Solution
from tangency.domain.rebalancing.plan import APlanIsDecidedOnce


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its address never changes, and its title is the same for every occurrence."""

    slug: str
    status: int
    title: str
    meaning: str

    @property
    def type(self) -> str:
        """The address of its explanation, relative to the service."""
        return f"/problems/{self.slug}"


KINDS: Mapping[type[Exception], Kind] = {
    UnreadableDocument: Kind(
        "unreadable",
        400,
        "The body cannot be read",
        "The body is not JSON in UTF-8, repeats a key, or has a number too large for a double. Nothing was done.",
    ),
    Unsupported: Kind(
        "unsupported",
        422,
        "No such objective or method",
        "The objective or the method does not exist, they do not go together, or the method does not support a "
        "limit. The errors say what is available.",
    ),
    InvalidInput: Kind(
        "invalid",
        422,
        "The request is invalid",
        "The body is JSON, but not a valid request. Each entry of `errors` points at one mistake.",
    ),
    ProblemInfeasible: Kind(
        "infeasible",
        422,
        "No portfolio satisfies every limit",
        "The limits contradict each other. `conflict` is a minimal set of such limits: leave out any one of them, and "
        "the others can be satisfied. `relaxation` is the smallest change that resolves it, applied together.",
    ),
    NotApplicable: Kind(
        "not-applicable",
        422,
        "The objective has no meaning for this problem",
        "For the maximum Sharpe ratio: no portfolio within the limits has an expected return above the risk-free rate.",
    ),
    ProblemUnbounded: Kind(
        "unbounded",
        422,
        "The objective has no best value",
        "It improves without end, or approaches a value that no portfolio reaches. Limit weights or leverage.",
    ),
    TimeLimitReached: Kind(
        "time-limit",
        422,
        "There was no answer in time",
        "The deadline of the service passed. Use fewer assets, or ask the operator to raise the deadline.",
    ),
    NumericalFailure: Kind(
        "numerical-error",
        422,
        "No answer passed its certificate",
        "The result of the solvers breaks a limit or cannot be checked, so it is not returned. Check the scale of the "
        "figures.",
    ),
    ResourcesExhausted: Kind(
        "resources-exhausted",
        422,
        "The solve exceeded its resources",
        "It needed more memory or processor time than the operator allows. Use fewer assets.",
    ),
    MethodCrashed: Kind(
        "method-crashed",
        422,
        "The method failed",
        "The plugin raised an error or crashed its process. Other requests are not affected. Please tell its author.",
    ),
    PluginError: Kind(
        "plugin-unusable",
        422,
        "The plugin cannot be used",
        "It is installed but cannot be loaded. The detail names its package. Please tell its author.",
    ),
    TooHeavy: Kind(
        "too-heavy",
        422,
        "The request would take too long",
        "The estimated time (`estimated_s`) is above the limit for requests that are answered at once (`light_s`). The "
        "detail suggests an alternative. Nothing was stored.",
    ),
    NotFound: Kind("not-found", 404, "Not found", "Nothing is stored under that id."),
    AlreadyFinal: Kind(
        "already-final",
        409,
        "It has ended already",
        "An order that has ended keeps its result and cannot be cancelled.",
    ),
    KeyReused: Kind(
        "key-reused",
        422,
        "The idempotency key belongs to another request",
        "The header Idempotency-Key was used with another request. A key stands for one request for ever.",
    ),
    APlanIsDecidedOnce: Kind(
        "plan-decided",
        409,
        "The plan cannot be decided on",
        "It has already been approved or rejected, or it has expired: its time was over, holdings or prices changed, "
        "or another plan was approved.",
    ),
    NoFreeSolver: Kind(
        "no-free-solver",
        429,
        "Every solver is busy",
        "The queue for the solvers is full. Try again after the seconds in the header Retry-After.",
    ),
    StoreUnavailable: Kind(
        "store-unavailable",
        503,
        "The database is not available",
        "The database is unreachable, full or locked. Nothing was stored. Try again later.",
    ),
    NeighbourUnavailable: Kind(
        "neighbour-unavailable",
        503,
        "A connected service is not available",
        "It is down, too slow, or refuses the token. Nothing was stored. Try again after the seconds in the header "
        "Retry-After, or state the data in the request.",
    ),
    OutboxFull: Kind(
        "outbox-full",
        503,
        "Too many events wait for the broker",
        "The broker has been away for long, and this request would add to the events that wait for it. Nothing was "
        "stored. Try again after the seconds in the header Retry-After.",
    ),
    NeighbourUnusable: Kind(
        "neighbour-unusable",
        502,
        "The answer of a connected service cannot be used",
        "It breaks the contract in docs/upstream. Nothing was stored. Tell the operators of that service, or state the "
        "data in the request.",
    ),
}

INTERNAL = Kind(
    "internal-error",
    500,
    "Something went wrong inside the service",
    "This is an error in Tangency. The log of the service has the details.",
)


class ErrorItem(Struct, frozen=True, kw_only=True):
    """One mistake in a request."""

    pointer: Annotated[str, Meta(description="JSON pointer (RFC 6901) into the request.")]
    code: Annotated[str, Meta(description="A stable word for programs.")]
    detail: Annotated[str, Meta(description="What is wrong, with the value, and what to do about it.")]


class ConflictingLimit(Struct, frozen=True, kw_only=True):
    """A member of a smallest set of limits that contradict each other."""

    constraint: str
    sentence: str
    limit: float
    sufficient: Annotated[
        float | None, Meta(description="The value at which this limit alone resolves the conflict; or null.")
    ]


class RelaxedLimit(Struct, frozen=True, kw_only=True):
    """A limit to change, together with the others in the list."""

    constraint: str
    limit: float
    needed: float


class Problem(Struct, frozen=True, kw_only=True):
    """A problem document (RFC 9457, `application/problem+json`)."""

    type: Annotated[str, Meta(description="Address of the explanation; stable.", examples=["/problems/infeasible"])]
    title: Annotated[str, Meta(description="The same for every problem of the type.")]
    status: int
    detail: str
    errors: list[ErrorItem] | UnsetType = UNSET
    conflict: list[ConflictingLimit] | UnsetType = UNSET
    relaxation: list[RelaxedLimit] | UnsetType = UNSET
    estimated_s: (
        Annotated[float, Meta(description="Estimated seconds, if the request would take too long.")] | UnsetType
    ) = UNSET
    light_s: (
        Annotated[float, Meta(description="Largest estimate, in seconds, of what is answered at once.")] | UnsetType
    ) = UNSET
    supported: (
        Annotated[dict[str, list[str]], Meta(description="The available methods, with their objectives.")] | UnsetType
    ) = UNSET
    trace_id: (
        Annotated[str, Meta(description="The trace of the header `traceparent`, if there is one.")] | UnsetType
    ) = UNSET


def problem_of(error: Exception, question: Question | None = None) -> Problem:
    """The problem document for an exception.

    Args:
        error: of the error tree. Details of any other exception are not disclosed.
        question: what was asked, to point at assets by their position.
    """
    kind = kind_of(error)
    if kind is INTERNAL:
        return problem(kind, "The request could not be completed.")
    detail = str(error)
    if isinstance(error, InvalidInput):
        items = error_items(error.faults, question)
        told = _told(items[0]) if len(items) == 1 else f"There are {len(items)} mistakes; see errors."
        return problem(kind, told, items)
    solution = error.solution if isinstance(error, NoAnswer) else None
    if isinstance(solution, Solution) and solution.infeasibility is not None:
        return infeasible(kind, detail, solution.infeasibility)
    if isinstance(error, TooHeavy):
        numbers = {"estimated_s": round(error.cost.seconds, 3), "light_s": error.light_s}
        return structs.replace(problem(kind, detail), **numbers)
    return problem(kind, f"The body {detail}" if isinstance(error, UnreadableDocument) else detail)


def log_failure(log: logging.Logger, document: Problem, error: Exception) -> None:
    """Tell the log of what is our fault with its trace, and of an outage, which every request meets, in a line."""
    if document.type == INTERNAL.type:
        log.error("a request failed", exc_info=error)
    elif document.status >= INTERNAL.status:
        log.error("a request failed: %s", document.detail)


WITHOUT_A_SUBJECT = ("is ", "has ", "sums ")


def _told(item: ErrorItem) -> str:
    """A mistake in a sentence: what is wrong with the whole is said of the body."""
    if not item.pointer and item.detail.startswith(WITHOUT_A_SUBJECT):
        return f"The body {item.detail}"
    return f"{item.pointer.removeprefix('/')} {item.detail}".strip()


def kind_of(error: Exception) -> Kind:
    """The kind of problem that an error stands for: that of its class, or of the nearest one above it."""
    return next((KINDS[each] for each in type(error).__mro__ if each in KINDS), INTERNAL)


def problem(kind: Kind, detail: str, errors: Sequence[ErrorItem] | None = None) -> Problem:
    """A problem of a kind."""
    stated = UNSET if errors is None else list(errors)
    return Problem(type=kind.type, title=kind.title, status=kind.status, detail=detail, errors=stated)


def infeasible(kind: Kind, detail: str, found: Infeasibility) -> Problem:
    """A problem with the conflict and the relaxation."""
    return Problem(
        type=kind.type,
        title=kind.title,
        status=kind.status,
        detail=detail,
        conflict=conflict_of(found),
        relaxation=relaxation_of(found),
    )


def conflict_of(found: Infeasibility) -> list[ConflictingLimit]:
    """The smallest set of limits that was found to contradict each other, as it is served."""
    return [
        ConflictingLimit(
            constraint=member.constraint,
            sentence=member.sentence,
            limit=member.limit,
            sufficient=number(member.sufficient),
        )
        for member in found.conflict
    ]


def relaxation_of(found: Infeasibility) -> list[RelaxedLimit]:
    """The smallest change that resolves the conflict, as it is served."""
    return [RelaxedLimit(constraint=each.constraint, limit=each.limit, needed=each.needed) for each in found.relaxation]


def error_items(faults: Sequence[Fault], question: Question | None) -> list[ErrorItem]:
    """Faults as they are served: pointing into the request as it was written."""
    return [
        ErrorItem(pointer=pointer(as_written(fault.path, question)), code=fault.code, detail=fault.detail)
        for fault in faults
    ]


def as_written(path: Path, question: Question | None) -> Path:
    """The domain speaks of a strategy by name or position; a request has its position, or no strategies at all."""
    if question is None or len(path) < 2 or path[0] != "strategies":  # noqa: PLR2004 - the list, and who in it
        return path
    if question.strategies is None:
        return ("strategies",)
    names = [strategy.asset.name for strategy in question.strategies]
    return ("strategies", names.index(str(path[1])), *path[2:]) if path[1] in names else path


__all__ = ["INTERNAL", "KINDS", "Kind", "Problem", "as_written", "kind_of", "log_failure", "problem", "problem_of"]
