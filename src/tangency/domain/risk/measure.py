"""Which measure of risk is meant: a name and its parameters, to be written in a document and applied to estimates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tangency.domain.errors import InvalidInput, hint
from tangency.domain.market.estimates import Estimates
from tangency.domain.risk.risk import Risk
from tangency.domain.risk.volatility import Volatility


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of risk.

    Attributes:
        name: one of ``MEASURES``.
        confidence_level: of a tail measure, 0.95 rather than 0.05; others take no notice of it.
        threshold: per period, of a lower partial moment; others take no notice of it.

    Raises:
        InvalidInput: no such measure, or a level that is not between 0 and 1.
    """

    name: str = "volatility"
    confidence_level: float = 0.95
    threshold: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in MEASURES:
            detail = f"{self.name!r} is no risk measure here; {hint(self.name, MEASURES)}"
            raise InvalidInput.at(("risk_measure",), detail, "unsupported")
        if not 0 <= self.confidence_level < 1:
            detail = f"is {self.confidence_level}; give a number from 0 to below 1, such as 0.95."
            raise InvalidInput.at(("confidence_level",), detail, "range")

    def of(self, estimates: Estimates) -> Risk:
        """The risk over these estimates; made once for them."""
        return estimates.once(self, lambda: MEASURES[self.name](self, estimates))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The risk parameters that it uses."""
        return ("confidence_level",) if self.name in TAIL_MEASURES else ()

    @property
    def needs_scenarios(self) -> bool:
        """Whether moments are not enough to measure it."""
        return self.name not in MOMENT_MEASURES


MEASURES: Mapping[str, Callable[[Measure, Estimates], Risk]] = {
    "volatility": lambda _, estimates: Volatility(estimates.covariance),
}
"""How each measure is applied to estimates."""

TAIL_MEASURES = frozenset({"var", "cvar", "evar", "cdar", "edar"})
"""Measures at a confidence level."""

MOMENT_MEASURES = frozenset({"volatility", "variance"})
"""Measures of the covariance alone."""

VOLATILITY = Measure()
