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
        "The body is not JSON in UTF-8, says a key twice, or has a number that no double can hold. Nothing was done.",
    ),
    Unsupported: Kind(
        "unsupported",
        422,
        "No such objective or method",
        "The objective or the method asked for is not there, or the two do not go together, or the method cannot "
        "honour a limit. The errors say what there is.",
    ),
    InvalidInput: Kind(
        "invalid",
        422,
        "The request cannot be read as a problem",
        "The body is JSON and not a valid request. Each entry of `errors` points at one mistake.",
    ),
    ProblemInfeasible: Kind(
        "infeasible",
        422,
        "No portfolio satisfies every limit",
        "The limits contradict each other. `conflict` is a smallest set that does: without any one of its members the "
        "others can be satisfied together. `relaxation` is the least that has to give way, all of it together.",
    ),
    NotApplicable: Kind(
        "not-applicable",
        422,
        "The objective has no meaning here",
        "For maximum Sharpe: no portfolio within the limits has an expected return above the risk-free rate.",
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
        "The deadline of the service passed. Ask for fewer names, or let the operator raise the deadline.",
    ),
    NumericalFailure: Kind(
        "numerical-error",
        422,
        "No answer passed its certificate",
        "What the solvers returned breaks a limit or cannot be checked, so it is not served. Look at the scale of the "
        "figures.",
    ),
    ResourcesExhausted: Kind(
        "resources-exhausted",
        422,
        "The solve outgrew its limits",
        "It needed more memory or processor time than the operator allows. Ask for fewer names.",
    ),
    MethodCrashed: Kind(
        "method-crashed",
        422,
        "The method failed",
        "The plugin raised an error or took its process down. Other requests are not affected; tell its author.",
    ),
    PluginError: Kind(
        "plugin-unusable",
        422,
        "The plugin cannot be used",
        "It is installed and cannot be loaded. The detail names its distribution; tell its author.",
    ),
    TooHeavy: Kind(
        "too-heavy",
        422,
        "It would take too long to be waited for",
        "By its shape it is estimated at more seconds than this service lets anybody wait. `estimated_s` and `light_s` "
        "are the numbers, and the detail says how to ask for it instead. Nothing was kept.",
    ),
    NotFound: Kind("not-found", 404, "Not found", "Nothing is kept under that id, or there is no such address."),
    AlreadyFinal: Kind(
        "already-final",
        409,
        "It has ended already",
        "What has ended keeps its result and cannot be cancelled.",
    ),
    KeyReused: Kind(
        "key-reused",
        422,
        "The idempotency key belongs to another request",
        "The header Idempotency-Key came with another body before. A key stands for one request for ever.",
    ),
    APlanIsDecidedOnce: Kind(
        "plan-decided",
        409,
        "The plan cannot be decided on",
        "It is approved, rejected or expired already: a plan is for one state of prices and holdings, for some time, "
        "and where another one is approved it expires.",
    ),
    NoFreeSolver: Kind(
        "no-free-solver",
        429,
        "Every solver is busy",
        "The queue for the solvers is full. Come again after the seconds that the header Retry-After says.",
    ),
    StoreUnavailable: Kind(
        "store-unavailable",
        503,
        "Answers cannot be kept",
        "The database is gone, full or locked. Nothing was kept; ask again later.",
    ),
    NeighbourUnavailable: Kind(
        "neighbour-unavailable",
        503,
        "A service that data comes from cannot be asked",
        "It is down, too slow, or refuses this service. Nothing was kept. Come again after the seconds that the header "
        "Retry-After says, or state the data in the request.",
    ),
    OutboxFull: Kind(
        "outbox-full",
        503,
        "Too many events wait for the broker",
        "The broker that events go to has been away for long, and what is accepted now would add to those that wait. "
        "Nothing was kept. Come again after the seconds that the header Retry-After says.",
    ),
    NeighbourUnusable: Kind(
        "neighbour-unusable",
        502,
        "The answer of a service that data comes from cannot be used",
        "It is against the contract that is written in docs/upstream. Nothing was kept; tell the people who run that "
        "service, or state the data in the request.",
    ),
}

INTERNAL = Kind(
    "internal-error",
    500,
    "Something went wrong inside the service",
    "A mistake of ours. The log of the service has what is needed to find it.",
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
        float | None, Meta(description="The value of this limit alone that would do, all others as they are; or null.")
    ]


class RelaxedLimit(Struct, frozen=True, kw_only=True):
    """A limit that has to give way, together with the others in the list."""

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
        Annotated[float, Meta(description="Seconds that it would take, where that is too long to be waited for.")]
        | UnsetType
    ) = UNSET
    light_s: Annotated[float, Meta(description="Seconds that this service lets anybody wait for.")] | UnsetType = UNSET
    supported: (
        Annotated[dict[str, list[str]], Meta(description="The methods that there are, and the objectives of each.")]
        | UnsetType
    ) = UNSET
    trace_id: (
        Annotated[str, Meta(description="Of the header `traceparent`, where the request has one.")] | UnsetType
    ) = UNSET


def problem_of(error: Exception, question: Question | None = None) -> Problem:
    """The document for whatever was raised.

    Args:
        error: anything from the error tree; what is not from it is our mistake, and is not told.
        question: what was asked, to point at names by their position.
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
    """The least that has to give way, as it is served."""
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
