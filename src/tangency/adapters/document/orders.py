"""Documents about optimizations that were ordered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from tangency.adapters.document.answer import CertificateDocument, ProvenanceDocument, Why, response_of
from tangency.adapters.document.problem import ConflictingLimit, RelaxedLimit, conflict_of, relaxation_of
from tangency.application.configuration import SUPPLIED
from tangency.application.order_request import in_own_words
from tangency.application.taxes import TAX_TERMS
from tangency.application.unused_inputs import QUESTION
from tangency.domain.errors import Fault, InvalidInput, hint
from tangency.domain.optimization.identity import spelled
from tangency.domain.optimization.optimization import Stage
from tangency.domain.optimization.order import Filter, OrderState
from tangency.domain.optimization.outcomes import OUTCOMES

Status = Literal["processing", "completed", "failed", "infeasible", "cancelled"]
Shares = dict[str, float]

PAGE, LARGEST_PAGE = 50, 200
LARGEST_NUMBER = 2**62

STAGES = {"processing": (Stage.PENDING, Stage.PROCESSING)} | {
    stage.value: (stage,) for stage in (Stage.COMPLETED, Stage.FAILED, Stage.INFEASIBLE, Stage.CANCELLED)
}
"""The stages that a status in a query stands for."""


class Part(Struct, frozen=True, kw_only=True):
    """An object of an answer."""


class Accepted(Part, frozen=True):
    """An optimization that will be carried out."""

    optimization_id: Annotated[str, Meta(examples=["opt-01ARZ3NDEKTSV4RRFFQ69G5FAV"])]
    portfolio_id: str
    status: Status
    created_at: Annotated[datetime, Meta(description="UTC.")]
    estimated_completion_time: Annotated[
        datetime, Meta(description="An estimate from the size of the problem and the orders ahead of it.")
    ]


class OptimizationMetrics(Part, frozen=True):
    """Figures of the target allocation; null where one has no meaning."""

    expected_return: Annotated[float | None, Meta(description="Annual, before costs.")]
    expected_volatility: Annotated[float | None, Meta(description="Annual.")]
    sharpe_ratio: float | None
    max_drawdown: Annotated[
        float | None,
        Meta(description="Of the target weights, restored every period, compounded; positive."),
    ]
    turnover: Annotated[float | None, Meta(description="One way, cash included.")]
    information_ratio: Annotated[
        float | None, Meta(description="Annual, against `metric_basis.reference`; null if nothing changes.")
    ]
    tax_implications: Annotated[
        float | None, Meta(description="In money, positive if due; null unless taxes were asked for.")
    ] = None


class MetricBasis(Part, frozen=True):
    """What the figures were computed from."""

    periods: Annotated[int, Meta(description="Complete periods of returns.")]
    periods_per_year: float
    reference: Annotated[
        str, Meta(description="What the information ratio compares with.", examples=["current_allocation"])
    ]


class TradeDocument(Part, frozen=True):
    """A purchase or a sale."""

    instrument_id: str
    action: Literal["buy", "sell"]
    quantity: Annotated[float, Meta(description="Units, above 0.")]
    estimated_value: Annotated[float, Meta(description="At the latest price, above 0.")]
    weight_change: Annotated[float, Meta(description="Negative if sold.")]


class SoldLot(Part, frozen=True):
    """Units of a tax lot that are sold; fractions of the portfolio's value."""

    instrument_id: str
    lot: str
    weight: float
    gain: Annotated[float, Meta(description="After selling costs; a loss that may be disallowed counts as 0.")]
    long_term: bool


class TaxDocument(Part, frozen=True):
    """What the sales owe, and by whose rates; fractions of the portfolio's value."""

    due: Annotated[float, Meta(description="Negative if losses save tax on this year's gains.")]
    due_if_unheeded: Annotated[float, Meta(description="What the best portfolio before tax would owe.")]
    rates: dict[str, float]
    rates_from: Literal["request", "configuration", "settings"]
    lot_rule: str
    horizon_years: float
    lots: list[SoldLot]


class FrontierPoint(Part, frozen=True):
    """A point of the efficient frontier."""

    return_: float = msgspec.field(name="return")
    risk: float
    sharpe: float | None


class Failure(Part, frozen=True):
    """Why there is no answer."""

    outcome: Annotated[str, Meta(description="A stable word for programs.", extra_json_schema={"enum": list(OUTCOMES)})]
    message: str
    losses: Annotated[list[str], Meta(description="Why each lost worker did not end it.")]
    conflict: (
        Annotated[list[ConflictingLimit], Meta(description="For `infeasible`: the limits that contradict each other.")]
        | UnsetType
    ) = UNSET
    relaxation: (
        Annotated[
            list[RelaxedLimit], Meta(description="The smallest change that resolves the conflict, applied together.")
        ]
        | UnsetType
    ) = UNSET


class Summary(Part, frozen=True):
    """An optimization that was ordered, without its answer."""

    optimization_id: str
    portfolio_id: str
    status: Status
    queue_state: Annotated[
        Literal["queued", "running"] | None, Meta(description="What `processing` means now; null once it has ended.")
    ]
    attempt: Annotated[int, Meta(description="How many times a worker has taken it.")]
    created_at: datetime
    estimated_completion_time: datetime
    completed_at: datetime | None
    optimization_type: str
    objective: str
    risk_measure: str


class OptimizationDocument(Summary, frozen=True):
    """An optimization that was ordered, with its answer once it completed."""

    constraints: Annotated[dict[str, Any], Meta(description="As requested, with what the configuration supplied.")]
    preferences: Annotated[dict[str, Any], Meta(description="As requested, with what the configuration supplied.")]
    supplied_by_configuration: Annotated[
        dict[str, Any],
        Meta(description="What the portfolio's configuration supplied, by its place there."),
    ]
    metrics: OptimizationMetrics | None
    metric_basis: MetricBasis | None
    current_allocation: Annotated[
        Shares | None, Meta(description="Every asset with a price, and CASH if there is any; null if unknown.")
    ]
    target_allocation: Shares | None
    trades: Annotated[list[TradeDocument] | None, Meta(description="Largest first.")]
    tax: Annotated[TaxDocument | None, Meta(description="Null unless taxes were asked for.")]
    efficient_frontier: Annotated[
        list[FrontierPoint] | None, Meta(description="Within the same limits, starting with the least risk.")
    ]
    efficient_frontier_reason: Annotated[str | None, Meta(description="Why there is no frontier.")]
    unused_inputs: Annotated[list[str] | None, Meta(description="Inputs that made no difference.")]
    certificate: CertificateDocument | None
    why: Why | None
    provenance: ProvenanceDocument | None
    failure: Failure | None


class OptimizationList(Part, frozen=True):
    """Optimizations that were ordered, newest first."""

    optimizations: list[Summary]
    next_cursor: Annotated[str | None, Meta(description="Cursor of the next page; null on the last one.")]


def accepted_of(state: OrderState) -> Accepted:
    """The answer to whoever orders; the same however often it is asked for."""
    return Accepted(
        optimization_id=spelled(state.id),
        portfolio_id=state.portfolio_id,
        status="processing",
        created_at=state.created_at,
        estimated_completion_time=state.expected_at,
    )


def status_of(stage: Stage) -> Status:
    """Waiting and running are one status, so that none ever goes back."""
    return cast(Status, "processing" if stage in _QUEUE_STATES else stage.value)


_QUEUE_STATES: Mapping[Stage, Literal["queued", "running"]] = {Stage.PENDING: "queued", Stage.PROCESSING: "running"}


def queue_state_of(stage: Stage) -> Literal["queued", "running"] | None:
    """What the status keeps to itself."""
    return _QUEUE_STATES.get(stage)


def _common(state: OrderState) -> dict[str, Any]:
    return {
        "optimization_id": spelled(state.id),
        "portfolio_id": state.portfolio_id,
        "status": status_of(state.stage),
        "queue_state": queue_state_of(state.stage),
        "attempt": state.attempt,
        "created_at": state.created_at,
        "estimated_completion_time": state.expected_at,
        "completed_at": state.ended_at,
        **{word: state.wording[word] for word in ("optimization_type", "objective", "risk_measure")},
    }


def document_of(state: OrderState) -> OptimizationDocument:
    """The document of an order."""
    answer = None if state.answer is None else response_of(state.answer)
    report = state.report or dict.fromkeys(_REPORTED)
    return OptimizationDocument(
        **_common(state),
        constraints=state.wording["constraints"],
        preferences=state.wording["preferences"],
        supplied_by_configuration=state.wording.get(SUPPLIED, {}),
        metrics=_read(report["metrics"], OptimizationMetrics),
        metric_basis=_read(report["metric_basis"], MetricBasis),
        current_allocation=report["current_allocation"] or None,
        target_allocation=report["target_allocation"],
        trades=_read(report["trades"], list[TradeDocument]),
        tax=_tax(state),
        efficient_frontier=_read(report.get("efficient_frontier"), list[FrontierPoint]),
        efficient_frontier_reason=report.get("frontier_reason"),
        unused_inputs=None if answer is None else answer.unused_inputs,
        certificate=None if answer is None else answer.certificate,
        why=None if answer is None else answer.why,
        provenance=None if answer is None else answer.provenance,
        failure=_failure(state),
    )


_REPORTED = ("metrics", "metric_basis", "current_allocation", "target_allocation", "trades")


def _read(plain: Any, kind: Any) -> Any:  # noqa: ANN401 - of the kind that is asked for
    return None if plain is None else msgspec.convert(plain, kind)


def _tax(state: OrderState) -> TaxDocument | None:
    terms, answer = state.wording.get(TAX_TERMS), state.answer
    found = cast(Mapping[str, Any] | None, None if answer is None else answer.solution.findings.get("tax"))
    if terms is None or found is None:
        return None
    lots = [{"instrument_id": lot["name"], **lot} for lot in found["lots"]]
    return cast(TaxDocument, _read({**terms, **found, "lots": lots}, TaxDocument))


def _failure(state: OrderState) -> Failure | None:
    if state.stage not in (Stage.FAILED, Stage.INFEASIBLE):
        return None
    told = _as_written if QUESTION in state.wording else in_own_words
    failure = Failure(outcome=state.outcome, message=told(state.message), losses=list(state.losses))
    if state.infeasibility is None:
        return failure
    named = state.infeasibility.renamed(told)
    return structs.replace(failure, conflict=conflict_of(named), relaxation=relaxation_of(named))


def _as_written(message: str) -> str:
    """A question has the names of the problem itself."""
    return message


def wanted_by(query: Mapping[str, str]) -> Filter:
    """What a query asks for, and one more, to know whether there is more.

    Raises:
        InvalidInput: a status that there is not, or a number that is none.
    """
    faults: list[Fault] = []
    status = query.get("status")
    if status is not None and status not in STAGES:
        faults.append(Fault(("status",), f"{status[:100]!r} is not a status; {hint(status[:100], STAGES)}", "unknown"))
    limit = whole(query.get("limit"), "limit", LARGEST_PAGE, faults)
    before = whole(query.get("cursor"), "cursor", LARGEST_NUMBER, faults)
    if faults:
        raise InvalidInput(faults)
    return Filter(query.get("portfolio_id"), STAGES[status] if status else (), before, (limit or PAGE) + 1)


def whole(text: str | None, name: str, most: int, faults: list[Fault], least: int = 1) -> int | None:
    """A number in a query; None where there is none, or a fault was added."""
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most:  # noqa: PLR2004 - digits of 2**62
        return int(text)
    faults.append(Fault((name,), f"is {text[:100]!r}; give a whole number from {least} to {most}.", "range"))
    return None


def list_of(states: Sequence[OrderState], limit: int) -> OptimizationList:
    """A page of at most ``limit``; one more than that says that there is another."""
    page = states[:limit]
    more = str(page[-1].number) if len(states) > limit else None
    return OptimizationList(optimizations=[Summary(**_common(state)) for state in page], next_cursor=more)


def progress_of(state: OrderState) -> dict[str, object]:
    """A fraction by the clock while it runs: no method says how far it is."""
    share = 1.0 if state.ended_at is not None else 0.0
    if state.stage is Stage.PROCESSING:
        span = (state.expected_at - state.created_at).total_seconds() or 1.0
        share = min(0.99, max(0.0, (datetime.now(UTC) - state.created_at).total_seconds() / span))
    return {
        "optimization_id": spelled(state.id),
        "status": status_of(state.stage),
        "queue_state": queue_state_of(state.stage),
        "attempt": state.attempt,
        "progress": round(share, 2),
    }
