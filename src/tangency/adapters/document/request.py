"""The request document, field by field as clients write it. Strict: a field that is not here is refused, so is null."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from tangency.domain.market.universe import MAX_NAME_LENGTH
from tangency.domain.numbers import LARGEST

LONGEST_TEXT = 100
LONGEST_WORD = 50

Finite = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
"""Bounded on both sides: a bound on one side alone lets infinity through."""
Figure = Annotated[float, Meta(extra_json_schema={"minimum": -LARGEST, "maximum": LARGEST})]
"""One of a matrix: its range is checked once for all, since one by one takes half as long as reading them."""
Positive = Annotated[float, Meta(gt=0.0, le=LARGEST)]
NotNegative = Annotated[float, Meta(ge=0.0, le=LARGEST)]
PeriodReturn = Annotated[float, Meta(ge=-1.0, le=1e6)]
Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME_LENGTH)]
Text = Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]
Word = Annotated[str, Meta(min_length=1, max_length=LONGEST_WORD)]


class Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An object of the request."""


class StrategyDefinition(Document, frozen=True):
    """One name that may be held: a share, a fund, a strategy."""

    name: Annotated[Name, Meta(description="Unique. `CASH` is reserved for cash.", examples=["AAPL"])]
    sector: (
        Annotated[Text, Meta(description="For `sector_limits`; an asset without a sector is in none.")] | UnsetType
    ) = UNSET
    asset_class: Annotated[Text, Meta(description="A label.")] | UnsetType = UNSET
    expected_return: (
        Annotated[Finite, Meta(description="Annual mean; takes precedence over an estimated one.")] | UnsetType
    ) = UNSET
    current_weight: Annotated[Finite, Meta(description="Fraction of the portfolio's value held now.")] | UnsetType = (
        UNSET
    )
    min_weight: (
        Annotated[Finite, Meta(description="Smallest weight; a negative one allows a short position.")] | UnsetType
    ) = UNSET
    max_weight: Annotated[Finite, Meta(description="Largest weight.")] | UnsetType = UNSET
    returns: (
        Annotated[
            list[PeriodReturn | None],
            Meta(description="Simple returns per period, oldest first, equally many per asset, null where missing."),
        ]
        | UnsetType
    ) = UNSET
    scores: (
        Annotated[dict[str, Finite], Meta(description="Scores by name; higher is better.", examples=[{"esg": 71.2}])]
        | UnsetType
    ) = UNSET


class OptimizationConstraints(Document, frozen=True):
    """Limits on the portfolio. Every limit written holds: the tighter of these and a name's own."""

    min_weight: (
        Annotated[Finite, Meta(description="Smallest weight of any asset; 0 unless a minimum is negative.")] | UnsetType
    ) = UNSET
    max_weight: Annotated[Finite, Meta(description="Largest weight of any asset.")] | UnsetType = UNSET
    min_position_size: (
        Annotated[NotNegative, Meta(description="An asset is left out, or has at least this weight, long or short.")]
        | UnsetType
    ) = UNSET
    sector_limits: (
        Annotated[dict[str, Finite], Meta(description="Largest net weight of a sector, by its name.")] | UnsetType
    ) = UNSET
    turnover_limit: (
        Annotated[NotNegative, Meta(description="Largest one-way turnover from the current weights, cash included.")]
        | UnsetType
    ) = UNSET
    leverage_limit: (
        Annotated[Positive, Meta(description="Largest gross exposure: the sum of absolute weights.")] | UnsetType
    ) = UNSET


class EstimatorReference(Document, frozen=True):
    """An estimator and its options."""

    name: Annotated[Text, Meta(description="A name from `GET /api/v1/methods`.", examples=["ewma"])]
    options: (
        Annotated[dict[str, Any], Meta(description="Options of the estimator.", examples=[{"half_life": 60}])]
        | UnsetType
    ) = UNSET


MissingDataWord = Literal["intersect", "pairwise", "em", "proxy"]


class ProxyPolicy(Document, frozen=True):
    """What happens to gaps, and the names that stand in for others."""

    policy: Annotated[MissingDataWord, Meta(examples=["proxy"])]
    proxies: Annotated[dict[Name, Name], Meta(description="By asset with gaps, its proxy.")] | UnsetType = UNSET


class CovarianceMatrix(Document, frozen=True):
    """Annual covariances, joined by name."""

    names: Annotated[list[Name], Meta(description="One per row: every asset once, in any order.")]
    values: Annotated[list[list[Figure]], Meta(description="Row by row; symmetric and positive semidefinite.")]


class RiskParameters(Document, frozen=True):
    """How risk and return are measured, and what is asked of them. Rates are annual fractions."""

    risk_free_rate: Annotated[Finite, Meta(description="Annual; default 0.")] | UnsetType = UNSET
    risk_aversion: (
        Annotated[Positive, Meta(description="For MAX_UTILITY and the equilibrium of BLACK_LITTERMAN; default 1.")]
        | UnsetType
    ) = UNSET
    target_return: Annotated[Finite, Meta(description="Lower limit of the expected return.")] | UnsetType = UNSET
    target_volatility: Annotated[Positive, Meta(description="Upper limit of the volatility.")] | UnsetType = UNSET
    confidence_level: (
        Annotated[float, Meta(gt=0.0, lt=1.0, description="For tail risk measures, e.g. 0.95.")] | UnsetType
    ) = UNSET
    periods_per_year: (
        Annotated[float, Meta(gt=0.0, le=1e6, description="Periods of the returns in a year; default 252.")] | UnsetType
    ) = UNSET
    expected_return_estimator: (
        Annotated[Text | EstimatorReference, Meta(description="A name, or a name and its options; default `sample`.")]
        | UnsetType
    ) = UNSET
    covariance_estimator: (
        Annotated[Text | EstimatorReference, Meta(description="A name, or a name and its options; default `sample`.")]
        | UnsetType
    ) = UNSET
    prior: (
        Annotated[
            Text | EstimatorReference,
            Meta(description="An estimator of scenarios; default: the returns as they are."),
        ]
        | UnsetType
    ) = UNSET
    missing_data: (
        Annotated[
            MissingDataWord | ProxyPolicy,
            Meta(
                description="`intersect` drops a period in which any name has no return; `pairwise` takes each moment "
                "from the periods that its names share; `em` takes the most likely moments of normal returns; "
                '`{"policy": "proxy", "proxies": {"NEW": "OLD"}}` fills gaps by a regression on another name.'
            ),
        ]
        | UnsetType
    ) = UNSET
    covariance: (
        Annotated[CovarianceMatrix, Meta(description="Annual; takes precedence over an estimated one.")] | UnsetType
    ) = UNSET


class OptimizationRequest(Document, frozen=True):
    """A portfolio to optimize."""

    portfolio_id: Annotated[
        Text,
        Meta(description="The id under which answers are stored; printable characters, no slash.", examples=["port-1"]),
    ]
    objective: (
        Annotated[
            Word,
            Meta(
                description="MAX_SHARPE, MIN_VOLATILITY, MAX_RETURN, MAX_UTILITY, MIN_RISK, MAX_RATIO, RISK_PARITY "
                "or MULTI_OBJECTIVE. May be left out where the portfolio's configuration has it.",
                examples=["MAX_SHARPE"],
            ),
        ]
        | UnsetType
    ) = UNSET
    method: (
        Annotated[
            Word,
            Meta(
                description="As `GET /api/v1/methods` lists it, in upper or lower case. May be left out where the "
                "portfolio's configuration has it.",
                examples=["MEAN_VARIANCE"],
            ),
        ]
        | UnsetType
    ) = UNSET
    strategies: (
        Annotated[
            list[StrategyDefinition],
            Meta(description="Default: the prices and holdings imported under the portfolio id."),
        ]
        | UnsetType
    ) = UNSET
    method_options: Annotated[dict[str, Any], Meta(description="Options of the method.")] | UnsetType = UNSET
    scores: (
        Annotated[
            dict[str, Any],
            Meta(description='Scores by name, or `{"$ref": "/api/v1/scores/ID"}`.', examples=[{"AAPL": {"esg": 71.2}}]),
        ]
        | UnsetType
    ) = UNSET
    constraints: Annotated[OptimizationConstraints, Meta(description="Limits on the weights.")] | UnsetType = UNSET
    risk_parameters: Annotated[RiskParameters, Meta(description="Rates, targets and estimators.")] | UnsetType = UNSET
