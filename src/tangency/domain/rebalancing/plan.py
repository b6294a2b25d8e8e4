"""The aggregate: a plan of trades for one valuation, and what was decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from tangency.domain.errors import TangencyError
from tangency.domain.rebalancing.trades import Trade


class TargetType(StrEnum):
    """Where the trades should lead."""

    OPTIMAL = "optimal"
    CUSTOM = "custom"
    BENCHMARK = "benchmark"
    EQUAL_WEIGHT = "equal_weight"
    MODEL = "model"


class PlanStatus(StrEnum):
    """What became of a plan. Only a proposed one can become anything else."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


ENDED = "its time is over, or the portfolio is another by now"


class APlanIsDecidedOnce(TangencyError):
    """A decision about a plan that is decided already, or that has expired."""

    def __init__(self, plan: str, status: PlanStatus, because: str = "") -> None:
        self.plan, self.status = plan, status
        why = {
            PlanStatus.EXPIRED: f"has expired: {because or ENDED}; make another",
            PlanStatus.APPROVED: "is approved already",
            PlanStatus.REJECTED: "is rejected already; make another",
        }[status]
        super().__init__(f"rebalance plan {plan!r} {why}.")


@dataclass(frozen=True, slots=True)
class Figures:
    """Annual figures of an allocation, gross of costs; None where undefined."""

    expected_return: float | None
    risk: float | None
    sharpe: float | None

    def less(self, other: Figures) -> Figures:
        """What is gained over another allocation."""
        return Figures(
            _difference(self.expected_return, other.expected_return),
            _difference(self.risk, other.risk),
            _difference(self.sharpe, other.sharpe),
        )


@dataclass(frozen=True, slots=True)
class PlanMetrics:
    """What the trades bring, and what they take.

    Attributes:
        turnover: one-way, cash included, over the value before.
        improvement: after minus before, on the same estimates, gross.
        net_improvement: the same with the costs and taxes of the trades taken from the return of one year.
        transaction_costs: in money.
        tax_implications: in money, positive where due; None where taxes were not asked for.
        tracking_error: annual, to the target weights; None where the objective decided.
    """

    turnover: float
    improvement: Figures
    net_improvement: Figures
    transaction_costs: float
    tax_implications: float | None
    tracking_error: float | None


@dataclass(frozen=True, slots=True)
class PlanValuation:
    """What a plan is for: one state of one portfolio.

    Attributes:
        digest: of holdings, cash and latest prices; another state has another.
        total: what the portfolio is worth, cash included.
        cash_before: in money.
        cash_after: when every trade, cost and tax is paid.
        priced_at: the last date of the prices.
    """

    digest: str
    total: float
    cash_before: float
    cash_after: float
    priced_at: str


@dataclass(frozen=True, eq=False, slots=True)
class RebalancePlan:
    """Trades from a current allocation to a target that limits on trading allow.

    Attributes:
        request: what was asked, in the words of the request.
        model_target: the target weights; None where the objective decides.
        target_allocation: what the trades reach, costs paid; with ``CASH`` it sums to 1.
        evidence: certificate, reasons and search of the solve behind it, as plain values.
        valid_until: from then on it is expired.
        decided_at: when it was approved or rejected.
    """

    id: str
    portfolio_id: str
    target_type: TargetType
    request: Mapping[str, object]
    current_allocation: Mapping[str, float]
    model_target: Mapping[str, float] | None
    target_allocation: Mapping[str, float]
    trades: tuple[Trade, ...]
    metrics: PlanMetrics
    valuation: PlanValuation
    evidence: Mapping[str, object]
    created_at: datetime
    valid_until: datetime
    status: PlanStatus = PlanStatus.PROPOSED
    decided_at: datetime | None = field(default=None)

    def seen(self, now: datetime, digest: str | None, approval: datetime | None = None) -> RebalancePlan:
        """The plan as it stands now: expired where nobody decided while its valuation was the portfolio's.

        Args:
            now: the time.
            digest: of the portfolio as it is; None where nothing is known of it any more.
            approval: when a plan of the portfolio was approved last, as far as that is known.
        """
        stale = self.outdated(now, digest, approval) is not None
        return replace(self, status=PlanStatus.EXPIRED) if stale and self.status is PlanStatus.PROPOSED else self

    def outdated(self, now: datetime, digest: str | None, approval: datetime | None = None) -> str | None:
        """What the plan is not for any more, as part of a sentence; None where it is for the portfolio as it is.

        A plan that was being made while another was approved knows nothing of the trades of that one.
        """
        if digest != self.valuation.digest:
            return "holdings, cash or prices of the portfolio have changed since it was made"
        if approval is not None and approval >= self.created_at:
            return f"another plan that was approved at {approval.isoformat()} has been so since it was begun"
        return f"it was valid until {self.valid_until.isoformat()}" if now >= self.valid_until else None

    def decided(self, status: PlanStatus, now: datetime) -> RebalancePlan:
        """Approved or rejected.

        Raises:
            APlanIsDecidedOnce: it is decided or expired.
        """
        if self.status is not PlanStatus.PROPOSED:
            raise APlanIsDecidedOnce(self.id, self.status)
        return replace(self, status=status, decided_at=now)


def _difference(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before
