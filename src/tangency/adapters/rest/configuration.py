"""The address of a portfolio's configuration."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import HttpMethod, Request, Response, route
from litestar.datastructures import State
from litestar.params import FromPath

from tangency.adapters.document.configuration import command_of, document_of
from tangency.adapters.document.reading import read_value
from tangency.application.configuration import ReadConfiguration
from tangency.application.service import Service


@route(
    "/api/v1/portfolios/{portfolio_id:str}/configuration",
    http_method=[HttpMethod.GET, HttpMethod.PUT],
    status_code=200,
)
async def configuration(request: Request[Any, Any, State], portfolio_id: FromPath[str]) -> Response[bytes]:
    """What the portfolio's requests are given where they leave it out; stored, where it is put there."""
    service: Service = request.app.state.service
    if request.method == HttpMethod.GET:
        found = await service.handle(ReadConfiguration(portfolio_id))
    else:
        found = await service.handle(command_of(portfolio_id, read_value(await request.body())))
    return Response(msgspec.json.encode(document_of(found)), media_type="application/json")


HANDLERS = (configuration,)
