"""Efficient frontiers as documents: what is asked of one, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from tangency.adapters.document import request as wire
from tangency.adapters.document.answer import EstimateSources, MethodReference, Part, Shares, sources_document
from tangency.adapters.document.diagnosis import faults_in, first_fault
from tangency.adapters.document.mapping import question_of
from tangency.adapters.document.order_request import OptimizationLimits
from tangency.application.frontier import TraceFrontier
from tangency.application.order_request import OrderLimits
from tangency.domain.errors import InvalidInput
from tangency.domain.frontier.frontier import EfficientFrontier, FrontierPoint
from tangency.domain.frontier.question import FEWEST_POINTS, MOST_POINTS, FrontierQuestion

Points = Annotated[
    int, Meta(ge=FEWEST_POINTS, le=MOST_POINTS, description="Number of portfolios on the frontier; default 20.")
]
MinimumReturn = Annotated[
    wire.Finite,
    Meta(description="Annual return at which the frontier starts, if its portfolio of least risk has less."),
]
MaximumRisk = Annotated[
    wire.Finite,
    Meta(description="Risk at which the frontier ends, if its portfolio of greatest return has more."),
]
RiskMeasure = Annotated[
    wire.Word,
    Meta(description="A measure of the method `mean_risk`; default volatility.", examples=["cvar"]),
]


class FrontierQuery(wire.Document, frozen=True):
    """What is asked of a frontier, besides the portfolio."""

    points: Points | UnsetType = UNSET
    min_return: MinimumReturn | UnsetType = UNSET
    max_risk: MaximumRisk | UnsetType = UNSET
    risk_measure: RiskMeasure | UnsetType = UNSET


FrontierConstraints = msgspec.defstruct(
    "FrontierConstraints",
    [(each.name, each.type, UNSET) for each in msgspec.structs.fields(OptimizationLimits)],
    bases=(wire.OptimizationConstraints,),
    namespace={"__doc__": "Limits, in the words of either kind of optimization; the tighter of two holds."},
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
)


class FrontierRequest(FrontierQuery, frozen=True):
    """What is asked of a frontier, with the limits and parameters of an optimization."""

    strategies: (
        Annotated[
            list[wire.StrategyDefinition],
            Meta(description="Default: the prices and holdings imported under the portfolio id."),
        ]
        | UnsetType
    ) = UNSET
    constraints: Annotated[FrontierConstraints, Meta(description="Limits on the weights.")] | UnsetType = UNSET  # type: ignore[valid-type]
    risk_parameters: (
        Annotated[
            wire.RiskParameters,
            Meta(description="A target return or volatility limits the ends of the frontier."),
        ]
        | UnsetType
    ) = UNSET


class FrontierPortfolio(Part, frozen=True):
    """A portfolio on or beside the frontier."""

    expected_return: Annotated[float, Meta(description="Annual.")] = field(name="return")
    risk: Annotated[
        float, Meta(description="In units of the measure: annual for volatility and variance, else per period.")
    ]
    sharpe: Annotated[float | None, Meta(description="(return - risk_free_rate) / annual volatility.")]
    return_risk_ratio: Annotated[
        float | None, Meta(description="(return - risk_free_rate) / risk; null if the risk is not above 0.")
    ]
    weights: Annotated[Shares, Meta(description="The weight of every asset.")]
    relative_gap: Annotated[
        float | None,
        Meta(
            description="Proven: no allowed portfolio is better at what this one is for by more. Null without proof, "
            "and for the current portfolio."
        ),
    ]


class FrontierProvenance(Part, frozen=True):
    """How a frontier came about."""

    problem_hash: Annotated[str, Meta(description="SHA-256 of the problem and of the parameters of the frontier.")]
    points: int
    min_return: float | None
    max_risk: float | None
    method: MethodReference
    estimates: EstimateSources
    tolerance: float
    versions: Annotated[dict[str, str], Meta(description="Versions of the libraries that were used.")]
    references: Annotated[list[str], Meta(description="The stored documents that were used, each with its version.")]


class FrontierResponse(Part, frozen=True):
    """An efficient frontier, which is kept and never changes."""

    frontier_id: Annotated[str, Meta(examples=["frt-01JD2Z8K3M4N5P6Q7R8S9TAVBW"])]
    portfolio_id: str
    risk_measure: str
    created_at: Annotated[datetime, Meta(description="UTC.")]
    efficient_frontier: Annotated[
        list[FrontierPortfolio], Meta(description="From the least risk to the greatest return, evenly spread.")
    ]
    current_portfolio: Annotated[
        FrontierPortfolio | None, Meta(description="Null unless every current weight is known.")
    ]
    optimal_portfolio: Annotated[
        FrontierPortfolio, Meta(description="The portfolio with the greatest return_risk_ratio.")
    ]
    min_risk_portfolio: FrontierPortfolio
    max_return_portfolio: FrontierPortfolio
    supplied_by_configuration: Annotated[
        dict[str, Any],
        Meta(description="What the portfolio's configuration supplied, by its place there."),
    ]
    provenance: FrontierProvenance


def frontier_asked_by_query(portfolio_id: str, query: Mapping[str, str]) -> TraceFrontier:
    """What an address asks, its parameters as texts.

    Raises:
        InvalidInput: every mistake with its place.
    """
    values = {name: _number(text) if name != "risk_measure" else text for name, text in query.items()}
    return _asked(portfolio_id, FrontierRequest(**_plain(_converted(values, FrontierQuery))))


def frontier_asked_by(portfolio_id: str, value: object) -> TraceFrontier:
    """What a document asks.

    Raises:
        InvalidInput: every mistake with its place.
    """
    return _asked(portfolio_id, _converted(value, FrontierRequest))


def response_of_frontier(frontier: EfficientFrontier) -> FrontierResponse:
    """The document of a frontier."""
    curve, names = frontier.curve, frontier.curve.names
    return FrontierResponse(
        frontier_id=frontier.id,
        portfolio_id=frontier.portfolio_id,
        risk_measure=frontier.question.measure,
        created_at=frontier.created_at,
        efficient_frontier=[_portfolio(names, point) for point in curve.points],
        current_portfolio=None if curve.current is None else _portfolio(names, curve.current),
        optimal_portfolio=_portfolio(names, curve.optimal),
        min_risk_portfolio=_portfolio(names, curve.least_risk),
        max_return_portfolio=_portfolio(names, curve.greatest_return),
        supplied_by_configuration=dict(frontier.supplied),
        provenance=_provenance(frontier),
    )


Kind = TypeVar("Kind")


def _converted(value: object, kind: type[Kind]) -> Kind:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InvalidInput(faults_in(value, kind) or [first_fault(error)]) from None


def _number(text: str) -> object:
    """The number that a text stands for; the text itself where it is none, to be refused with its place."""
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _plain(query: FrontierQuery) -> dict[str, Any]:
    return {name: getattr(query, name) for name in query.__struct_fields__}


def _asked(portfolio_id: str, request: FrontierRequest) -> TraceFrontier:
    question = question_of(
        wire.OptimizationRequest(
            portfolio_id=portfolio_id,
            objective="MIN_RISK",
            method="mean_risk",
            strategies=request.strategies,
            constraints=request.constraints,
            risk_parameters=request.risk_parameters,
        )
    )
    stated = {
        "measure": request.risk_measure,
        "points": request.points,
        "min_return": request.min_return,
        "max_risk": request.max_risk,
    }
    given: dict[str, Any] = {name: value for name, value in stated.items() if value is not UNSET}
    return TraceFrontier(question, FrontierQuestion(**given), _limits(request.constraints))


def _limits(limits: Any) -> OrderLimits:  # noqa: ANN401 - the struct is made of two
    """The limits that are stated in the words of an order."""
    stated = {name: getattr(limits, name, UNSET) for name in OptimizationLimits.__struct_fields__}
    return OrderLimits(**{name: value for name, value in stated.items() if value is not UNSET})


def _portfolio(names: tuple[str, ...], point: FrontierPoint) -> FrontierPortfolio:
    return FrontierPortfolio(
        expected_return=point.expected_return,
        risk=point.risk,
        sharpe=point.sharpe,
        return_risk_ratio=point.return_risk_ratio,
        weights=dict(zip(names, point.weights.tolist(), strict=True)),
        relative_gap=point.relative_gap,
    )


def _provenance(frontier: EfficientFrontier) -> FrontierProvenance:
    found, question = frontier.curve.provenance, frontier.question
    origin = found.method
    return FrontierProvenance(
        problem_hash=frontier.key,
        points=question.points,
        min_return=question.min_return,
        max_risk=question.max_risk,
        method=MethodReference(name=origin.name, distribution=origin.distribution, version=origin.version),
        estimates=sources_document(found.sources),
        tolerance=found.tolerance,
        versions=dict(found.versions),
        references=list(found.references),
    )
