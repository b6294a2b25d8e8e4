"""What the domain makes of a proposal: a checked answer, or a checked reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tangency.domain.market.estimates import Sources
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.certificate import Certificate
from tangency.domain.optimization.explanation import Explanation
from tangency.domain.optimization.infeasibility import Infeasibility
from tangency.domain.optimization.proposal import SolverAttempt, Status
from tangency.domain.risk.portfolio_risk import PortfolioRisk


@dataclass(frozen=True, slots=True)
class Origin:
    """The distribution that a plugin came in."""

    name: str
    distribution: str
    version: str


@dataclass(frozen=True, eq=False, slots=True)
class Provenance:
    """How an answer came about, complete enough to make it again."""

    problem_hash: str
    method: Origin
    sources: Sources
    attempts: tuple[SolverAttempt, ...]
    tolerance: float
    versions: Mapping[str, str]
    references: tuple[str, ...] = ()
    """The stored documents that the question referred to, each with its version."""


@dataclass(frozen=True, eq=False, slots=True)
class Solution:
    """A checked answer, or a checked reason why there is none.

    Attributes:
        weights: shape (n,), in the universe's order; None unless the status is optimal or feasible.
        objective_value: the ratio, volatility, mean or utility.
        expected_return: annual; None where nobody gave or needed means.
        expected_volatility: annual.
        sharpe_ratio: (expected_return - risk_free_rate) / expected_volatility; None where undefined.
        risk: of the weights, taken apart name by name, by the measure that the method works with.
        current_risk: the same of the current weights; None where they are unknown.
        current_return: annual, of the current weights; None where they or the means are unknown.
        active_risk: annual volatility of the weights less the current ones; None where these are unknown.
        parameters: the risk parameters that objective and limits used.
        unused_options: names of the method's options that made no difference.
        findings: what else the method's answer has to say, by the names of the fields that carry it; plain values.
    """

    status: Status
    universe: Universe
    message: str
    weights: Vector | None = None
    objective_value: float | None = None
    expected_return: float | None = None
    expected_volatility: float | None = None
    sharpe_ratio: float | None = None
    risk: PortfolioRisk | None = None
    current_risk: PortfolioRisk | None = None
    current_return: float | None = None
    active_risk: float | None = None
    certificate: Certificate | None = None
    why: Explanation | None = None
    infeasibility: Infeasibility | None = None
    bound: float | None = None
    iterations: int = 0
    provenance: Provenance | None = None
    parameters: tuple[str, ...] = ()
    unused_options: tuple[str, ...] = ()
    findings: Mapping[str, object] = field(default_factory=dict)

    @property
    def risk_shares(self) -> Vector | None:
        """Each name's share of the risk, summing to 1; None where there is no risk above 0."""
        return None if self.risk is None else self.risk.shares

    @property
    def weights_by_name(self) -> dict[str, float]:
        """Weights keyed by name; empty where there are none."""
        return {} if self.weights is None else self.universe.named(self.weights)
