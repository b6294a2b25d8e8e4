"""The portfolio whose wealth grows fastest: the greatest expected logarithm, exact over scenarios."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.log_growth import LogGrowth
from tangency.domain.optimization.method import Capabilities
from tangency.domain.optimization.objective import Blend, MinimumRisk
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Reading, Status
from tangency.domain.optimization.term import Linear, Variance
from tangency.domain.risk.measure import Measure
from tangency.plugins.kernels.best_portfolio import best, check_probabilities, weighted
from tangency.plugins.kernels.growth_steps import gap_of, polished
from tangency.plugins.kernels.limits import EVERY_LIMIT


@dataclass(frozen=True)
class MaximumGrowthOptions:
    """Probabilities of the scenarios.

    Attributes:
        probabilities: of the scenarios, oldest first, summing to 1. Default: equal probabilities.
    """

    probabilities: tuple[float, ...] | None = None


class MaximumGrowth:
    """The Kelly portfolio: the largest expected logarithmic growth of wealth, exact over the scenarios.

    The objective is the annual expected growth, periods_per_year x E ln(1 + r'w).
    """

    name = "maximum_growth"
    citation = (
        "Kelly, J.L. (1956). A new interpretation of information rate. Bell System Technical Journal 35(4), 917-926. "
        "Breiman, L. (1961). Optimal gambling systems for favorable games."
    )
    capabilities = Capabilities(
        objectives=frozenset({"MAX_RETURN", "MAX_UTILITY"}),
        constraints=EVERY_LIMIT,
        brings_mean=True,
        uses_scenarios=True,
    )
    options: type = MaximumGrowthOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse probabilities of other scenarios."""
        problem.market.require_scenarios("method 'maximum_growth'")
        check_probabilities(problem, cast(MaximumGrowthOptions, options).probabilities)

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """The greatest expected logarithm within the limits."""
        asked = cast(MaximumGrowthOptions, options)
        weighed = estimates if asked.probabilities is None else weighted(estimates, asked.probabilities)
        weighed.required_scenarios("method 'maximum_growth'")
        aim = Blend(problem.objective.name, (LogGrowth(),), maximised=True)
        reading = Reading(aim, estimates=None if weighed is estimates else weighed)
        read = reading.of(problem)
        proposal = best(read, weighed)
        if proposal.weights is None and _ruined(read, weighed):
            return Proposal(Status.NOT_APPLICABLE, attempts=proposal.attempts, message=RUIN, reading=reading)
        found = polished(read, weighed, proposal)
        if proposal.weights is not None and gap_of(read, weighed, found) > CLOSED:
            found = min(found, _of_small_returns(read, weighed), key=lambda each: gap_of(read, weighed, each))
        return replace(found, reading=reading)


RUIN = (
    "Every portfolio within the limits loses everything in some scenario, so none has an expected growth. Allow cash "
    "or another name that does not, or limit leverage."
)
CLOSED = 1e-9
"""A relative gap below which no other start is tried."""
CERTAIN = 1e-9
"""A largest loss by no more below 1 is ruin."""


def _of_small_returns(problem: Problem, estimates: Estimates) -> Proposal:
    """From mean - variance / 2, the logarithm's first two terms: beside 1 a solver of cones loses returns of 1e-7."""
    sample = estimates.required_scenarios("growth")
    gain = sample.periods_per_year * sample.mean
    start = Blend(problem.objective.name, (Variance(1.0), Linear(tuple((-gain).tolist()))))
    return polished(problem, estimates, best(replace(problem, objective=start), estimates))


def _ruined(problem: Problem, estimates: Estimates) -> bool:
    """Whether there are portfolios, and each has a scenario that leaves nothing."""
    measure = Measure("worst_realization")
    safest = best(replace(problem, objective=MinimumRisk(measure)), estimates).weights
    return safest is not None and measure.of(estimates).value(safest) >= 1.0 - CERTAIN
