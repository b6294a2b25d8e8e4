"""Calls about factor analyses."""

from __future__ import annotations

from typing import Any

import msgspec

from tangency.adapters.document.factors import FactorAnalysisResponse, analysis_request, analysis_response, command_of
from tangency.adapters.grpc.call import Call, portfolio_of
from tangency.adapters.grpc.messages import Plain
from tangency.adapters.grpc.portfolio_optimization.v1 import portfolio_optimization_pb2 as pb

RETURNS = {"return_contribution": "contribution", "active_return_contribution": "active_contribution"}
"""What an entry of the attribution says of return, and the name of that in a message of its own."""


async def analyze_factor_exposures(call: Call, request: pb.FactorExposureRequest) -> pb.FactorExposureResponse:
    """Explain a portfolio's returns and its risk by factors."""
    document = await call.document(request)
    portfolio_id = portfolio_of(document)
    analysis = await call.create(command_of(portfolio_id, analysis_request(_named(document))), request)
    return await call.answer(pb.FactorExposureResponse, _apart(analysis_response(analysis)))


def _named(document: Plain) -> Plain:
    """A single name is a text over REST: ``statistical`` is no member of a list."""
    match document.get("factors"):
        case [str(only)]:
            return {**document, "factors": only}
    return document


def _apart(document: FactorAnalysisResponse) -> Any:  # noqa: ANN401 - plain values
    """Attribution of risk and of return, each by itself."""
    plain = msgspec.to_builtins(document)
    rows = plain["attribution"]
    plain["return_attribution"] = [
        {"factor": row["factor"], **{own: row.pop(name) for name, own in RETURNS.items()}} for row in rows
    ]
    return plain
