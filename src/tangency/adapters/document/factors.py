"""Factor analyses as documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from tangency.adapters.document.diagnosis import faults_in, first_fault
from tangency.application.factors.command import AnalyzeFactors
from tangency.domain import plain_values as read
from tangency.domain.errors import InvalidInput
from tangency.domain.factors.analysis import (
    AssetFactors,
    Attribution,
    Exposure,
    FactorAnalysis,
    Series,
    Totals,
    Window,
)

LONGEST_TEXT = 100
MOST_FACTORS = 50


class FactorAnalysisRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be explained, and by what."""

    factors: Annotated[
        Annotated[str, Meta(max_length=LONGEST_TEXT)]
        | Annotated[list[Annotated[str, Meta(max_length=LONGEST_TEXT)]], Meta(max_length=MOST_FACTORS)]
        | dict[str, Any],
        Meta(
            description="`fama_french_3`, `fama_french_5`, `momentum` or `statistical`; a list of sets and factors; "
            'returns by name; or a reference such as `{"$ref": "/api/v1/factors/house"}`.'
        ),
    ]
    dates: Annotated[list[date] | None, Meta(description="One date per return of stated factors.")] = None
    count: Annotated[int, Meta(ge=1, le=MOST_FACTORS, description="Number of statistical factors.")] = 3
    errors: Annotated[Literal["plain", "newey_west"], Meta(description="Standard errors of the coefficients.")] = (
        "plain"
    )
    lag: Annotated[
        Annotated[int, Meta(ge=0, le=1000)] | None,
        Meta(description="Lag of Newey-West errors; null for floor(4 (T / 100)^(2/9))."),
    ] = None
    benchmark: Annotated[
        dict[str, Any] | None,
        Meta(description='Weights by name, or a reference such as `{"$ref": "/api/v1/models/house"}`.'),
    ] = None
    frequency: Annotated[
        Literal["daily", "monthly"] | None, Meta(description="Null for the frequency of the factors.")
    ] = None
    risk_free_rate: Annotated[
        Annotated[float, Meta(ge=-1.0, le=10.0)] | None,
        Meta(description="Annual; null for the rate that comes with the factors, else 0."),
    ] = None
    zero_investment: Annotated[
        bool, Meta(description="Whether stated factors cost nothing to hold; else the risk-free rate is subtracted.")
    ] = True
    start: date | None = None
    end: date | None = None


class FactorAnalysisResponse(Struct, frozen=True, kw_only=True):
    """A factor analysis. Risk and returns are annual; null where a figure has no meaning."""

    analysis_id: Annotated[str, Meta(examples=["fac-01HZX3V7Q2J8K5M6N7P8R9S0TA"])]
    portfolio_id: str
    created_at: datetime
    as_of: Annotated[datetime, Meta(description="The day of the prices for the weights.")]
    factors: Sequence[str]
    source: Annotated[Sequence[str], Meta(description="The factors asked for; `custom` for stated returns.")]
    errors: str
    lag: int | None
    frequency: str
    window: Annotated[Window, Meta(description="End of the first and of the last period.")]
    T: Annotated[int, Meta(description="Number of periods with every return.")]
    periods_per_year: float
    r_squared: Annotated[float | None, Meta(description="Of the portfolio.")]
    exposures: Sequence[Exposure]
    attribution: Annotated[
        Sequence[Attribution],
        Meta(description="By factor, and `specific`: `contribution` sums to the portfolio's volatility."),
    ]
    portfolio: Totals
    benchmark: Totals | None
    active: Annotated[
        Totals | None, Meta(description="Portfolio minus benchmark; its volatility is the tracking error.")
    ]
    assets: Sequence[AssetFactors]
    factor_covariance: dict[str, dict[str, float]]
    series: Annotated[Series, Meta(description="Excess returns per period, for charts.")]
    references: Annotated[Sequence[str], Meta(description="The stored documents that were used, with versions.")]


class FactorAnalysisSummary(Struct, frozen=True, kw_only=True):
    """A factor analysis in a list."""

    analysis_id: str
    portfolio_id: str
    created_at: datetime
    as_of: datetime
    factors: Sequence[str]
    source: Sequence[str]
    frequency: str
    window: Window
    T: int
    exposures: Sequence[Exposure]
    attribution: Sequence[Attribution]


class FactorAnalysisList(Struct, frozen=True, kw_only=True):
    """The newest factor analyses of a portfolio, at most 100, the newest first."""

    analyses: Sequence[FactorAnalysisSummary]


def analysis_request(value: object) -> FactorAnalysisRequest:
    """Read a request.

    Raises:
        InvalidInput: it is none; every mistake with its place.
    """
    first, *others = FactorAnalysisRequest.__struct_fields__
    read.fields(value, (), {first}, others)
    try:
        return msgspec.convert(value, FactorAnalysisRequest)
    except msgspec.ValidationError as error:
        raise InvalidInput(faults_in(value, FactorAnalysisRequest) or [first_fault(error)]) from None


def command_of(portfolio_id: str, request: FactorAnalysisRequest) -> AnalyzeFactors:
    """What a request asks for."""
    dates = None if request.dates is None else [day.isoformat() for day in request.dates]
    stated = {field: getattr(request, field) for field in request.__struct_fields__ if field != "dates"}
    return AnalyzeFactors(portfolio_id, dates=dates, **stated)


def analysis_response(analysis: FactorAnalysis) -> FactorAnalysisResponse:
    """The document of an analysis."""
    found = analysis.findings
    return FactorAnalysisResponse(
        analysis_id=analysis.analysis_id,
        portfolio_id=analysis.portfolio_id,
        created_at=analysis.created_at,
        as_of=analysis.as_of,
        factors=analysis.factors,
        source=analysis.source,
        errors=analysis.errors,
        lag=found.lag,
        frequency=analysis.frequency,
        window=found.window,
        T=found.periods,
        periods_per_year=found.periods_per_year,
        r_squared=found.portfolio.r_squared,
        exposures=found.exposures,
        attribution=found.attribution,
        portfolio=found.portfolio,
        benchmark=found.benchmark,
        active=found.active,
        assets=found.assets,
        factor_covariance=found.factor_covariance,
        series=found.series,
        references=analysis.references,
    )


def analysis_list(analyses: Sequence[FactorAnalysis]) -> FactorAnalysisList:
    """The document of several analyses."""
    documents = [analysis_response(analysis) for analysis in analyses]
    fields = FactorAnalysisSummary.__struct_fields__
    return FactorAnalysisList(
        analyses=[FactorAnalysisSummary(**{field: getattr(each, field) for field in fields}) for each in documents]
    )
