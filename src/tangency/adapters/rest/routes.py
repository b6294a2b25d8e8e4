"""The endpoints of optimizations, methods and stored documents: bytes to messages, answers to bytes."""

from __future__ import annotations

from collections import Counter

import msgspec
from litestar import HttpMethod, get, post, route
from litestar.params import FromPath

from tangency.adapters.document.answer import response_of
from tangency.adapters.document.mapping import question_of
from tangency.adapters.document.orders import accepted_of
from tangency.adapters.document.problem import Problem
from tangency.adapters.document.reading import read_batch, read_request, read_value
from tangency.adapters.rest import configuration, factors, frontier, health, orders, rebalancing, series
from tangency.adapters.rest.documents import BatchEntry, EntryDocument, EstimatorList, MethodList
from tangency.adapters.rest.exchange import JSON, Incoming, Outgoing, answered, service_of, settings_of
from tangency.adapters.rest.keys import key_of
from tangency.adapters.rest.kinds import ALL_KINDS, NOT_FOUND, WRONG_MEDIA_TYPE, traced
from tangency.adapters.rest.problems import failure, problem_for, refusal
from tangency.application.answering import AnswerBatch, AnswerQuestion
from tangency.application.library import ReadEntry, WriteEntry
from tangency.application.methods import ListMethods
from tangency.application.optimization import LatestOptimization
from tangency.application.question import Question
from tangency.domain.errors import Fault, InvalidInput, TangencyError, Unsupported
from tangency.domain.library.entry import Address, Entry, Shelf
from tangency.domain.optimization.optimization import Answer
from tangency.domain.optimization.order import OrderState


@post("/api/v1/optimize", status_code=200)
async def optimize(request: Incoming) -> Outgoing:
    """Optimize a portfolio; a heavy request becomes an order."""
    question = None
    try:
        question = question_of(read_request(await request.body()))
        came = await service_of(request).handle(AnswerQuestion(question, key=await key_of(request)))
    except TangencyError as error:
        return failure(error, await _problem(request, error, question))
    return orders.accepted(came) if isinstance(came, OrderState) else answered(response_of(came))


@post("/api/v1/optimize/batch", status_code=200)
async def optimize_batch(request: Incoming) -> Outgoing:
    """Optimize several portfolios, each on its own."""
    items = read_batch(await request.body(), settings_of(request).batch_limit)
    read = [await _read(request, item) for item in items]
    questions = tuple(each for each in read if isinstance(each, Question))
    answers = await service_of(request).handle(AnswerBatch(questions, key=await key_of(request)))
    left = iter(answers)
    entries = [await _entry(request, each, next(left)) if isinstance(each, Question) else each for each in read]
    return answered(entries)


@get("/api/v1/optimization/{portfolio_id:str}/latest")
async def latest(request: Incoming, portfolio_id: FromPath[str]) -> Outgoing:
    """The latest answer for a portfolio."""
    return answered(response_of(await service_of(request).handle(LatestOptimization(portfolio_id))))


@get("/api/v1/methods")
async def methods(request: Incoming) -> Outgoing:
    """The installed methods and estimators."""
    offer = await service_of(request).handle(ListMethods())
    return answered(MethodList(methods=offer.methods, estimators=offer.estimators))


@get("/api/v1/estimators")
async def estimators(request: Incoming) -> Outgoing:
    """The installed estimators."""
    offer = await service_of(request).handle(ListMethods())
    return answered(EstimatorList(estimators=offer.estimators))


@route(
    [f"/api/v1/{shelf}/{{id:str}}" for shelf in Shelf], http_method=[HttpMethod.GET, HttpMethod.PUT], status_code=200
)
async def newest_entry(request: Incoming, id: FromPath[str]) -> Outgoing:  # noqa: A002 - the word of the address
    """Read the newest version of a stored document, or store the next one."""
    shelf = _shelf(request)
    if request.method == HttpMethod.GET:
        return answered(_entry_document(await service_of(request).handle(ReadEntry(Address(shelf, id)))))
    content = read_value(await request.body())
    command = WriteEntry(shelf, id, content, key=await key_of(request))
    return answered(_entry_document(await service_of(request).handle(command)))


@get([f"/api/v1/{shelf}/{{id:str}}/versions/{{version:int}}" for shelf in Shelf])
async def entry(request: Incoming, id: FromPath[str], version: FromPath[int]) -> Outgoing:  # noqa: A002 - the same
    """One version of a stored document."""
    return answered(_entry_document(await service_of(request).handle(ReadEntry(Address(_shelf(request), id, version)))))


@get("/problems/{slug:str}")
async def explain_problem(request: Incoming, slug: FromPath[str]) -> Outgoing:  # noqa: ARG001 - the hook before it reads the request
    """Explain a problem type."""
    kind = ALL_KINDS.get(slug)
    if kind is None:
        return refusal(NOT_FOUND, f"there is no problem type {slug[:100]!r}.")
    return answered({"type": kind.type, "title": kind.title, "status": kind.status, "meaning": kind.meaning})


async def check_request(request: Incoming) -> Outgoing | None:
    """Before every handler: refuse bodies that are not JSON, and unknown query parameters."""
    if request.method in ("POST", "PUT") and not request.route_handler.opt.get("bodiless"):
        given, coding = (request.headers.get(name, "") for name in ("content-type", "content-encoding"))
        if given.split(";")[0].strip().lower() != JSON:
            return refusal(WRONG_MEDIA_TYPE, f"the header Content-Type is {given[:100]!r}; send {JSON}.")
        if coding.lower() not in ("", "identity"):
            detail = f"the header Content-Encoding is {coding[:100]!r}; send the body as it is, without the header."
            return refusal(WRONG_MEDIA_TYPE, detail)
    faults = _query_faults(request)
    return failure(InvalidInput(faults)) if faults else None


HANDLERS = (
    *rebalancing.HANDLERS,
    optimize,
    optimize_batch,
    latest,
    methods,
    estimators,
    newest_entry,
    entry,
    *factors.HANDLERS,
    *configuration.HANDLERS,
    *health.HANDLERS,
    explain_problem,
    *orders.HANDLERS,
    *frontier.HANDLERS,
    *series.HANDLERS,
)


def _query_faults(request: Incoming) -> list[Fault]:
    """Query parameters that this endpoint does not know, or that are given twice."""
    if not request.scope["query_string"]:
        return []
    given = Counter(name for name, _ in request.query_params.multi_items())
    known = request.route_handler.opt.get("query", frozenset()) if request.method == HttpMethod.GET else frozenset()
    unknown = given.keys() - known
    if unknown or not given:
        names = ", ".join(repr(name[:100]) for name in sorted(unknown)) or repr(request.url.query[:100])
        remedy = f"valid: {', '.join(sorted(known))}." if known else "leave it out."
        return [Fault((), f"{names} is not a known query parameter; {remedy}", "unknown")]
    twice = sorted(name for name, times in given.items() if times > 1)
    return [Fault((name,), "is given twice; give it once.", "duplicate") for name in twice]


def _shelf(request: Incoming) -> Shelf:
    """The third step of the path."""
    return Shelf(request.url.path.split("/")[3])


def _entry_document(found: Entry) -> EntryDocument:
    address = found.address
    return EntryDocument(
        address=str(address),
        shelf=address.shelf.value,
        id=address.id,
        version=address.version or 0,
        content=found.content,
        written_at=found.written_at,
    )


async def _read(request: Incoming, item: msgspec.Raw) -> Question | BatchEntry:
    """The question of an item, or what is wrong with it."""
    try:
        return question_of(read_request(item))
    except TangencyError as error:  # not to be kept: it holds the frames that would hold it
        return await _refused(request, error, None)


async def _entry(request: Incoming, question: Question, result: Answer | OrderState | Exception) -> BatchEntry:
    if isinstance(result, Answer):
        return BatchEntry(status=200, result=response_of(result))
    if isinstance(result, OrderState):
        return BatchEntry(status=orders.ACCEPTED, accepted=accepted_of(result), location=orders.location_of(result))
    return await _refused(request, result, question)


async def _refused(request: Incoming, error: Exception, question: Question | None) -> BatchEntry:
    document = await _problem(request, error, question)
    return BatchEntry(status=document.status, problem=traced(document))


async def _problem(request: Incoming, error: Exception, question: Question | None) -> Problem:
    """The document for an error; where a method or an objective is not there, with what is."""
    document = problem_for(error, question)
    if not isinstance(error, Unsupported) or not any(fault.path in _CHOICES for fault in error.faults):
        return document
    offer = await service_of(request).handle(ListMethods())
    supported = {method["name"]: method["objectives"] for method in offer.methods if method["error"] is None}
    return msgspec.structs.replace(document, supported=supported)


_CHOICES = (("method",), ("objective",))
