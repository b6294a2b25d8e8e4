"""A limit on a measure of risk, stated in the options of a method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tangency.domain.errors import Fault, Path
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.constraint import Constraint
from tangency.domain.optimization.region import RiskCap
from tangency.domain.risk.measure import MOMENT_MEASURES, SIGNED_MEASURES, TAIL_MEASURES, VOLATILITY, Measure


@dataclass(frozen=True)
class RiskLimit(Constraint):
    """The risk of the portfolio may not be above the limit: annual for volatility and variance, else per period."""

    kind: ClassVar[str] = "risk_limits"
    measure: Measure = VOLATILITY

    @property
    def parameters(self) -> tuple[str, ...]:
        """Those of the measure."""
        return self.measure.parameters

    @property
    def id(self) -> str:
        """For instance ``method_options.risk_limits.cvar``."""
        return f"method_options.risk_limits.{self.measure.name}"

    @property
    def path(self) -> Path:
        """Where the request sets it."""
        return ("method_options", "risk_limits", self.measure.name)

    def faults(self, universe: Universe) -> list[Fault]:
        """A measure that is never negative has no limit below 0."""
        if self.limit < 0 and self.measure.name not in SIGNED_MEASURES:
            return [Fault(self.path, f"is {self.limit}; {self.measure.name} is never below 0.")]
        return super().faults(universe)

    def shape(self, universe: Universe, estimates: Estimates) -> RiskCap:
        """risk(x) <= limit."""
        return RiskCap(self.id, self.measure.of(estimates), self.limit)

    def sentence(self) -> str:
        """What it demands."""
        measure = self.measure
        level = f" at {measure.confidence_level:g}" if measure.name in TAIL_MEASURES else ""
        span = "a year" if measure.name in MOMENT_MEASURES else "per period"
        return f"The {measure.name}{level} is at most {self.limit:.6g} {span}."
