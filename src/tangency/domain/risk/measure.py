"""Which measure of risk is meant: a name and its parameters, to be written in a document and applied to estimates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tangency.domain.errors import InvalidInput, hint
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.numbers import Matrix
from tangency.domain.risk.deviation import Absolute, RootMeanSquare, Shortfall
from tangency.domain.risk.drawdown import DrawdownRisk
from tangency.domain.risk.envelope import Envelope, LossRisk
from tangency.domain.risk.gini import Differences
from tangency.domain.risk.risk import Risk
from tangency.domain.risk.tail import EntropicTail, Tail, ValueAtRisk, Worst
from tangency.domain.risk.variance import AnnualVariance
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
            detail = f"{self.name!r} is not a known risk measure; {hint(self.name, MEASURES)}"
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


def _scenarios(measure: Measure, estimates: Estimates) -> Scenarios:
    return estimates.required_scenarios(f"risk measure {measure.name!r}")


def _of_losses(envelope: Callable[[Measure, Scenarios], Envelope]) -> Callable[[Measure, Estimates], Risk]:
    """A measure of losses as they are."""

    def made(measure: Measure, estimates: Estimates) -> Risk:
        sample = _scenarios(measure, estimates)
        return LossRisk(envelope(measure, sample), sample.returns)

    return made


def _of_deviations(envelope: Callable[[Measure, Scenarios], Envelope]) -> Callable[[Measure, Estimates], Risk]:
    """A measure of losses less their mean; refused where one scenario leaves nothing to deviate."""

    def made(measure: Measure, estimates: Estimates) -> Risk:
        sample = _several(_scenarios(measure, estimates), measure)
        return LossRisk(envelope(measure, sample), sample.centred)

    return made


def _of_shortfalls(envelope: Callable[[Measure, Scenarios], Envelope]) -> Callable[[Measure, Estimates], Risk]:
    """A measure of how far returns are below the threshold."""

    def made(measure: Measure, estimates: Estimates) -> Risk:
        sample = _several(_scenarios(measure, estimates), measure)
        return LossRisk(envelope(measure, sample), sample.returns, measure.threshold)

    return made


def _of_drawdowns(envelope: Callable[[Measure, Scenarios], Envelope]) -> Callable[[Measure, Estimates], Risk]:
    """A measure of the drawdowns of the scenarios, taken as one history."""

    def made(measure: Measure, estimates: Estimates) -> Risk:
        sample = _scenarios(measure, estimates)
        cumulative: Matrix = estimates.once("cumulative returns", lambda: np.cumsum(sample.returns, axis=0))
        return DrawdownRisk(envelope(measure, sample), cumulative)

    return made


def _several(sample: Scenarios, measure: Measure) -> Scenarios:
    if sample.unbiased <= 0.0:
        detail = f"{measure.name!r} needs two scenarios that are possible; there is one."
        raise InvalidInput.at(("strategies",), detail, "range")
    return sample


MEASURES: Mapping[str, Callable[[Measure, Estimates], Risk]] = {
    "volatility": lambda _, estimates: Volatility(estimates.covariance),
    "variance": lambda _, estimates: AnnualVariance(estimates.covariance),
    "mad": _of_deviations(lambda _, sample: Absolute(sample.weights)),
    "semi_deviation": _of_deviations(lambda _, sample: RootMeanSquare(sample.weights, sample.unbiased)),
    "first_lower_partial_moment": _of_shortfalls(lambda _, sample: Shortfall(sample.weights)),
    "second_lower_partial_moment": _of_shortfalls(lambda _, sample: RootMeanSquare(sample.weights, sample.unbiased)),
    "var": lambda measure, estimates: ValueAtRisk(_scenarios(measure, estimates), measure.confidence_level),
    "cvar": _of_losses(lambda measure, sample: Tail(sample.weights, measure.confidence_level)),
    "evar": _of_losses(lambda measure, sample: EntropicTail(sample.weights, measure.confidence_level)),
    "worst_realization": _of_losses(lambda _, sample: Worst(sample.weights)),
    "max_drawdown": _of_drawdowns(lambda _, sample: Worst(sample.weights)),
    "average_drawdown": _of_drawdowns(lambda _, sample: Tail(sample.weights, 0.0)),
    "cdar": _of_drawdowns(lambda measure, sample: Tail(sample.weights, measure.confidence_level)),
    "edar": _of_drawdowns(lambda measure, sample: EntropicTail(sample.weights, measure.confidence_level)),
    "ulcer_index": _of_drawdowns(lambda _, sample: RootMeanSquare(sample.weights)),
    "gini_mean_difference": _of_deviations(lambda _, sample: Differences(sample.weights, sample.unbiased)),
}
"""How each measure is applied to estimates."""

TAIL_MEASURES = frozenset({"var", "cvar", "evar", "cdar", "edar"})
"""Measures at a confidence level."""

SIGNED_MEASURES = frozenset({"var", "cvar", "evar", "worst_realization"})
"""Measures of losses as they are, which a gain makes negative."""

MOMENT_MEASURES = frozenset({"volatility", "variance"})
"""Measures of the covariance alone."""

VOLATILITY = Measure()
