"""The endpoint of the history of a portfolio."""

from __future__ import annotations

from litestar import get
from litestar.params import FromPath

from tangency.adapters.document.series import QUERY, history_asked_by, response_of_history
from tangency.adapters.rest.exchange import Incoming, Outgoing, answered, service_of

OF_A_PORTFOLIO = "/api/v1/portfolios/{portfolio_id:str}/history"


@get(OF_A_PORTFOLIO, opt={"query": QUERY})
async def history(request: Incoming, portfolio_id: FromPath[str]) -> Outgoing:
    """Weights and figures of a portfolio over time."""
    service = service_of(request)
    asked, end = history_asked_by(portfolio_id, dict(request.query_params), service.context.clock.now())
    found = await service.handle(asked)
    return answered(response_of_history(asked, end, found))


HANDLERS = (history,)
