"""The same weight for every name."""

from __future__ import annotations

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.method import Capabilities, NoOptions
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status


class EqualWeight:
    """The equally weighted portfolio, w_i = 1 / n: a benchmark that is hard to beat out of sample."""

    name = "equal_weight"
    citation = (
        "DeMiguel, V., Garlappi, L., Uppal, R. (2009). Optimal versus naive diversification. "
        "Review of Financial Studies 22(5), 1915-1953."
    )
    capabilities = Capabilities(rule=True)
    options: type = NoOptions

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Equal weights, whatever the objective; shape (n,)."""
        size = len(problem.universe)
        return Proposal(Status.FEASIBLE, weights=np.full(size, 1.0 / size))
