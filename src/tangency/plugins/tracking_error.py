"""Portfolios against a benchmark: index tracking, and enhanced indexing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from tangency.domain.errors import Fault, InvalidInput, Path
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.active_risk import ActiveVariance, MinimumActiveRisk, TrackingErrorLimit
from tangency.domain.optimization.composite_terms import Constant
from tangency.domain.optimization.method import Capabilities
from tangency.domain.optimization.objective import Blend, MaximumReturn, MaximumUtility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Reading
from tangency.domain.optimization.term import Return
from tangency.plugins.kernels.active_risk import by_cones, least_active_risk
from tangency.plugins.kernels.limits import EVERY_LIMIT

SUM_ROUNDING = 1e-6
"""By which the weights of a benchmark may miss a sum of 1."""


BENCHMARK: Path = ("method_options", "benchmark")


@dataclass(frozen=True)
class TrackingErrorOptions:
    """The benchmark and the tracking error limit.

    Attributes:
        benchmark: weight of every asset in the benchmark, summing to 1. Default: the current weights.
        tracking_error_limit: annual upper limit on the tracking error.
    """

    benchmark: dict[str, float] | None = None
    tracking_error_limit: float | None = None

    def __post_init__(self) -> None:
        faults, limit = [], self.tracking_error_limit
        if limit is not None and not 0 <= limit < np.inf:
            faults.append(Fault(("tracking_error_limit",), f"is {limit}; give a number of at least 0."))
        total = 1.0 if self.benchmark is None else sum(self.benchmark.values())
        if not abs(total - 1.0) <= SUM_ROUNDING:
            faults.append(Fault(("benchmark",), f"sums to {total:.9g}; give weights that sum to 1."))
        if faults:
            raise InvalidInput(faults)


class TrackingErrorMethod:
    """Index tracking and enhanced indexing: smallest tracking error, or largest active return or utility.

    In terms of active weights these are mean-variance problems, and they are solved as such.
    """

    name = "tracking_error"
    citation = (
        "Roll, R. (1992). A mean/variance analysis of tracking error. Journal of Portfolio Management 18(4), 13-22."
    )
    capabilities = Capabilities(
        objectives=frozenset({"MIN_RISK", "MAX_RETURN", "MAX_UTILITY"}), constraints=EVERY_LIMIT
    )
    options: type = TrackingErrorOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse a benchmark of other names, or none."""
        _benchmark(problem, cast(TrackingErrorOptions, options).benchmark)

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """The portfolio that the objective makes the best of those within the limits, against the benchmark."""
        asked = cast(TrackingErrorOptions, options)
        benchmark = _benchmark(problem, asked.benchmark)
        center, limit = tuple(benchmark.tolist()), asked.tracking_error_limit
        limits = () if limit is None else (TrackingErrorLimit(limit, center),)
        reading = Reading(_aim(problem.objective, center, estimates), limits)
        region = reading.of(problem).region(estimates)
        if isinstance(problem.objective, MaximumReturn):
            found = by_cones((Return(-1.0),), region, estimates, problem.solver)
        else:
            utility = isinstance(problem.objective, MaximumUtility)
            weight = problem.objective.risk_aversion if isinstance(problem.objective, MaximumUtility) else 1.0
            term = ActiveVariance(weight, center)
            found = least_active_risk(term, 1.0 if utility else 0.0, region, estimates, problem.solver)
        found = replace(found, reading=reading)
        if found.weights is None:
            return found
        return replace(found, findings=_findings(problem, estimates, benchmark, found.weights))


def _aim(objective: Objective, benchmark: tuple[float, ...], estimates: Estimates) -> Objective:
    """What the objective means against the benchmark; the most return is the most active return as it is."""
    if isinstance(objective, MaximumReturn):
        return objective
    if isinstance(objective, MaximumUtility):
        passive = float(estimates.required_mean("the active return") @ np.array(benchmark))
        parts = (ActiveVariance(objective.risk_aversion, benchmark), Return(-1.0), Constant(passive))
        return Blend(objective.name, parts, maximised=True, used=objective.parameters)
    return MinimumActiveRisk(benchmark)


def _benchmark(problem: Problem, given: Mapping[str, float] | None) -> Vector:
    """The benchmark's weights in the universe's order; shape (n,)."""
    if given is not None:
        return problem.universe.join(given, BENCHMARK)
    if problem.current is None:
        detail = "is left out, and no current weights are known in its place; give a weight for every name."
        raise InvalidInput.at(BENCHMARK, detail, "missing")
    return problem.current


def _findings(problem: Problem, estimates: Estimates, benchmark: Vector, weights: Vector) -> dict[str, object]:
    active = weights - benchmark
    error, gain = estimates.volatility(active), estimates.expected_return(active)
    return {
        "benchmark": problem.universe.named(benchmark),
        "active_weights": problem.universe.named(active),
        "active_share": 0.5 * float(np.abs(active).sum()),
        "tracking_error": error,
        "active_return": gain,
        "information_ratio": gain / error if gain is not None and error > 0 else None,
    }
