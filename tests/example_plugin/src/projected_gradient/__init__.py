"""Minimum variance by projected gradients, as a method for Tangency."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import cast

from projected_gradient.descent import descend
from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.method import Capabilities
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, SolverAttempt, Status, Witness

BUDGET = "budget"


@dataclass(frozen=True)
class Options:
    """What a request may set.

    Attributes:
        iterations: the largest number of gradient steps.
    """

    iterations: int = 20_000

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise ValueError("iterations is at least 1")


class ProjectedGradient:
    """Minimum volatility under the budget and bounds on the weights."""

    name = "projected_gradient"
    citation = "Beck, A., Teboulle, M. (2009). A fast iterative shrinkage-thresholding algorithm. SIAM J. Imaging 2(1)."
    capabilities = Capabilities(
        objectives=frozenset({"MIN_VOLATILITY"}),
        constraints=frozenset({"budget", "long_only", "min_weight", "max_weight"}),
    )
    options: type = Options

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Weights, the price of the budget as a witness, and the method's own opinion, which Tangency checks."""
        region, covariance = problem.region(estimates), estimates.covariance
        lower, upper = region.implied
        budget = region.rows[0].limit
        # A Farkas vector: everything at its bound already exceeds the budget, or falls short of it.
        if float(lower.sum()) > budget:
            return Proposal(Status.INFEASIBLE, witness=Witness({BUDGET: 1.0}))
        if float(upper.sum()) < budget or (lower > upper).any():
            return Proposal(Status.INFEASIBLE, witness=Witness({BUDGET: -1.0}))
        began = perf_counter()
        steps = cast(Options, options).iterations
        found = descend(covariance.times, covariance.spectrum.largest[1], lower, upper, budget, steps)
        elapsed_ms = 1e3 * (perf_counter() - began)
        return Proposal(
            Status.OPTIMAL if found.converged else Status.FEASIBLE,
            weights=found.weights,
            # Tangency minimises (gradient + price)'x over the bounds: the tighter that is, the smaller the proven gap.
            witness=Witness({BUDGET: found.price}),
            iterations=found.steps,
            attempts=(SolverAttempt("projected gradient", "done", found.steps, elapsed_ms),),
        )
