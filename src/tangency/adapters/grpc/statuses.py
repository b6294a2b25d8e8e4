"""Errors as statuses of gRPC with details: the same tree, and the same words, as the problem documents of REST."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, PreconditionFailure, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status.rpc_status import to_status
from msgspec import UNSET

from tangency.adapters.document.problem import INTERNAL, Kind, Problem, as_written, kind_of, problem_of
from tangency.adapters.grpc.messages import field_of
from tangency.application.order_request import place_of
from tangency.application.question import Question
from tangency.domain.errors import Fault, InvalidInput, Path, TryAgainLater
from tangency.domain.optimization.cost import TooHeavy
from tangency.domain.optimization.infeasibility import with_names
from tangency.domain.trace import trace_at_work

DOMAIN = "tangency"
LONGEST_MESSAGE = 1000
LARGEST_DETAIL = 3000
"""Bytes of one kind of detail. Details travel in a trailer, and clients refuse more than 8 kB of those in all."""

BY_KIND: Mapping[str, grpc.StatusCode] = {
    "unreadable": grpc.StatusCode.INVALID_ARGUMENT,
    "invalid": grpc.StatusCode.INVALID_ARGUMENT,
    "unsupported": grpc.StatusCode.INVALID_ARGUMENT,
    "key-reused": grpc.StatusCode.INVALID_ARGUMENT,
    "time-limit": grpc.StatusCode.DEADLINE_EXCEEDED,
    "resources-exhausted": grpc.StatusCode.RESOURCE_EXHAUSTED,
}
BY_HTTP_STATUS: Mapping[int, grpc.StatusCode] = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    404: grpc.StatusCode.NOT_FOUND,
    409: grpc.StatusCode.FAILED_PRECONDITION,
    422: grpc.StatusCode.FAILED_PRECONDITION,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    502: grpc.StatusCode.UNAVAILABLE,
    503: grpc.StatusCode.UNAVAILABLE,
}
"""For kinds of problems without a line of their own."""

log = logging.getLogger("tangency.grpc")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an error is about.

    Attributes:
        request: the kind of message that came.
        question: what it asked, as far as that could be read.
        renamed: by the place in the document that it stands for, the field of the request, where that has another name.
    """

    request: type[Message]
    question: Question | None = None
    renamed: Mapping[Path, Path] = field(default_factory=dict)

    def field(self, path: Path) -> str:
        """The field of the request for a place in its document."""
        written = as_written(path, self.question)
        for place, own in self.renamed.items():
            if written[: len(place)] == place:
                written = (*own, *written[len(place) :])
        return field_of(written, self.request)

    def limit(self, identity: str) -> str:
        """The field for a limit; its id where no request states it, as the budget."""
        place = place_of(identity)
        return self.field(place) if len(place) > 1 else identity


def status_of(error: Exception, asked: Asked) -> grpc.Status:
    """The status for whatever was raised. What is our fault goes to the log, and only there."""
    kind, problem = kind_of(error), problem_of(error, asked.question)
    if kind is INTERNAL:
        log.error("a call failed", exc_info=error)
    details = [_information(kind, problem), *_more(error, problem, asked)]
    code = code_of(kind)
    message = _message(error, problem, asked)[:LONGEST_MESSAGE]
    status = Status(code=code.value[0], message=message, details=map(_packed, details))
    return to_status(status)


def _message(error: Exception, problem: Problem, asked: Asked) -> str:
    """The detail of the problem document, in the names of the request's own fields."""
    if isinstance(error, InvalidInput):
        first, *others = error.faults
        return f"There are {len(others) + 1} mistakes; see the field violations." if others else _told(first, asked)
    return with_names(
        problem.detail, {each.constraint: asked.limit(each.constraint) for each in problem.conflict or ()}
    )


def _told(fault: Fault, asked: Asked) -> str:
    return f"{asked.field(fault.path)} {fault.detail}".strip()


def code_of(kind: Kind) -> grpc.StatusCode:
    """The code for a kind of problem."""
    return BY_KIND.get(kind.slug) or BY_HTTP_STATUS.get(kind.status, grpc.StatusCode.INTERNAL)


def reason_of(kind: Kind) -> str:
    """A kind of problem as programs read it."""
    return kind.slug.upper().replace("-", "_")


def _information(kind: Kind, problem: Problem) -> ErrorInfo:
    numbers = {name: getattr(problem, name) for name in ("estimated_s", "light_s")}
    told = {name: f"{value:g}" for name, value in numbers.items() if value is not UNSET}
    trace = trace_at_work()
    if trace is not None:
        told["trace_id"] = trace.id
    return ErrorInfo(reason=reason_of(kind), domain=DOMAIN, metadata={"type": kind.type, "title": kind.title, **told})


def _more(error: Exception, problem: Problem, asked: Asked) -> Iterable[Message]:
    if isinstance(error, InvalidInput):
        yield _bad_request(error.faults, asked)
    if problem.conflict or problem.relaxation:
        yield _precondition(problem, asked)
    if isinstance(error, TooHeavy):
        yield _too_heavy(error)
    if isinstance(error, TryAgainLater):
        retry = RetryInfo()
        retry.retry_delay.FromSeconds(math.ceil(error.retry_after_s))
        yield retry


def _bad_request(faults: Iterable[Fault], asked: Asked) -> BadRequest:
    """As many mistakes as a trailer has room for, the first ones first."""
    found = BadRequest()
    for fault in faults:
        violation = BadRequest.FieldViolation(
            field=asked.field(fault.path),
            description=fault.detail[:LONGEST_MESSAGE],
            reason=fault.code.upper(),
        )
        if found.ByteSize() + violation.ByteSize() > LARGEST_DETAIL:
            break
        found.field_violations.append(violation)
    return found


def _precondition(problem: Problem, asked: Asked) -> PreconditionFailure:
    """The limits that contradict each other, and what would have to give way."""
    found = PreconditionFailure()
    rows = [("CONFLICT", asked.limit(each.constraint), each.sentence) for each in problem.conflict or ()]
    rows += [
        ("RELAXATION", asked.limit(each.constraint), f"{each.limit:.12g} would have to be {each.needed:.12g}")
        for each in problem.relaxation or ()
    ]
    for kind, subject, description in rows:
        violation = PreconditionFailure.Violation(type=kind, subject=subject, description=description)
        if found.ByteSize() + violation.ByteSize() > LARGEST_DETAIL:
            break
        found.violations.append(violation)
    return found


def _too_heavy(error: TooHeavy) -> PreconditionFailure:
    """What would have to be asked for instead."""
    remedy = PreconditionFailure.Violation(type="TOO_HEAVY", subject=error.cost.told, description=error.remedy)
    return PreconditionFailure(violations=[remedy])


def _packed(detail: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(detail)
    return packed
