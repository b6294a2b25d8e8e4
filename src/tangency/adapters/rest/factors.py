"""The endpoints of factor analyses."""

from __future__ import annotations

from dataclasses import replace

from litestar import get, post
from litestar.params import FromPath

from tangency.adapters.document.factors import analysis_list, analysis_request, analysis_response, command_of
from tangency.adapters.document.reading import read_value
from tangency.adapters.rest.exchange import Incoming, Outgoing, answered, service_of
from tangency.adapters.rest.keys import key_of
from tangency.application.factors.analyses import ListFactorAnalyses, ReadFactorAnalysis
from tangency.application.message import Message, Result


@post("/api/v1/portfolios/{portfolio_id:str}/factor-analysis", status_code=200)
async def analyze_factors(request: Incoming, portfolio_id: FromPath[str]) -> Outgoing:
    """Explain the returns of a portfolio by factors, and store the analysis."""
    asked = analysis_request(read_value(await request.body()))
    command = replace(command_of(portfolio_id, asked), key=await key_of(request))
    return answered(analysis_response(await _handled(request, command)))


@get("/api/v1/portfolios/{portfolio_id:str}/factor-analyses")
async def factor_analyses(request: Incoming, portfolio_id: FromPath[str]) -> Outgoing:
    """The analyses of a portfolio."""
    return answered(analysis_list(await _handled(request, ListFactorAnalyses(portfolio_id))))


@get("/api/v1/factor-analyses/{analysis_id:str}")
async def factor_analysis(request: Incoming, analysis_id: FromPath[str]) -> Outgoing:
    """A stored analysis."""
    return answered(analysis_response(await _handled(request, ReadFactorAnalysis(analysis_id))))


HANDLERS = (analyze_factors, factor_analyses, factor_analysis)


async def _handled(request: Incoming, message: Message[Result]) -> Result:
    return await service_of(request).handle(message)
