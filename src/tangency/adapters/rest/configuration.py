"""The endpoint of a portfolio's configuration."""

from __future__ import annotations

from litestar import HttpMethod, route
from litestar.params import FromPath

from tangency.adapters.document.configuration import command_of, document_of
from tangency.adapters.document.reading import read_value
from tangency.adapters.rest.exchange import Incoming, Outgoing, answered, service_of
from tangency.application.configuration import ReadConfiguration


@route(
    "/api/v1/portfolios/{portfolio_id:str}/configuration",
    http_method=[HttpMethod.GET, HttpMethod.PUT],
    status_code=200,
)
async def configuration(request: Incoming, portfolio_id: FromPath[str]) -> Outgoing:
    """Read or store the default values for the requests of a portfolio."""
    service = service_of(request)
    if request.method == HttpMethod.GET:
        found = await service.handle(ReadConfiguration(portfolio_id))
    else:
        found = await service.handle(command_of(portfolio_id, read_value(await request.body())))
    return answered(document_of(found))


HANDLERS = (configuration,)
