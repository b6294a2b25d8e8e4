"""The endpoints of efficient frontiers."""

from __future__ import annotations

from dataclasses import replace

from litestar import HttpMethod, get, route
from litestar.params import FromPath

from tangency.adapters.document.frontier import (
    FrontierQuery,
    frontier_asked_by,
    frontier_asked_by_query,
    response_of_frontier,
)
from tangency.adapters.document.reading import read_value
from tangency.adapters.rest.exchange import Incoming, Outgoing, answered, service_of
from tangency.adapters.rest.keys import key_of
from tangency.adapters.rest.problems import failure, problem_for
from tangency.application.frontier import ReadFrontier, TraceFrontier
from tangency.domain.errors import TangencyError
from tangency.domain.frontier.frontier import EfficientFrontier

NOT_MODIFIED = 304


@route(
    "/api/v1/portfolios/{portfolio_id:str}/efficient-frontier",
    http_method=[HttpMethod.GET, HttpMethod.POST],
    status_code=200,
    opt={"query": frozenset(FrontierQuery.__struct_fields__)},
)
async def efficient_frontier(request: Incoming, portfolio_id: FromPath[str]) -> Outgoing:
    """The frontier of an imported portfolio, with or without further limits."""
    return await (_plain if request.method == HttpMethod.GET else _constrained)(request, portfolio_id)


@get("/api/v1/efficient-frontiers/{frontier_id:str}")
async def stored_frontier(request: Incoming, frontier_id: FromPath[str]) -> Outgoing:
    """A stored frontier."""
    service = service_of(request)
    return _served(request, await service.handle(ReadFrontier(frontier_id)))


HANDLERS = (efficient_frontier, stored_frontier)


async def _plain(request: Incoming, portfolio_id: str) -> Outgoing:
    command = frontier_asked_by_query(portfolio_id, dict(request.query_params))
    return _served(request, await _traced(request, command))


async def _constrained(request: Incoming, portfolio_id: str) -> Outgoing:
    command = frontier_asked_by(portfolio_id, read_value(await request.body()))
    try:
        return _document(await _traced(request, replace(command, key=await key_of(request))))
    except TangencyError as error:
        return failure(error, problem_for(error, command.question))


async def _traced(request: Incoming, command: TraceFrontier) -> EfficientFrontier:
    return await service_of(request).handle(command)


def _served(request: Incoming, frontier: EfficientFrontier) -> Outgoing:
    """The document, or 304 if the client already has it."""
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if "*" in known or _tag(frontier) in known:
        return Outgoing(b"", NOT_MODIFIED, headers={"ETag": _tag(frontier)})
    return _document(frontier)


def _document(frontier: EfficientFrontier) -> Outgoing:
    return answered(response_of_frontier(frontier), headers={"ETag": _tag(frontier)})


def _tag(frontier: EfficientFrontier) -> str:
    """A frontier never changes, so that its id stands for its content."""
    return f'"{frontier.id}"'
