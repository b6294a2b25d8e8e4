"""The address of the series of a portfolio."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.params import FromPath

from tangency.adapters.document.series import QUERY, history_asked_by, response_of_history
from tangency.application.service import Service

OF_A_PORTFOLIO = "/api/v1/portfolios/{portfolio_id:str}/history"


@get(OF_A_PORTFOLIO, opt={"query": QUERY})
async def history(request: Request[Any, Any, State], portfolio_id: FromPath[str]) -> Response[bytes]:
    """What the optimizations of a portfolio came to, over time."""
    service: Service = request.app.state.service
    asked, end = history_asked_by(portfolio_id, dict(request.query_params), service.context.clock.now())
    found = await service.handle(asked)
    return Response(msgspec.json.encode(response_of_history(asked, end, found)), media_type="application/json")


HANDLERS = (history,)
