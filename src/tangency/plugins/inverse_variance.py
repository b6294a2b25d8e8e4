"""Weights in proportion to the inverse of each name's variance."""

from __future__ import annotations

from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.method import Capabilities, NoOptions
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal
from tangency.plugins.kernels.inverse_risk import inversely


class InverseVariance:
    """Weights proportional to 1 / variance: minimum variance if all assets were uncorrelated."""

    name = "inverse_variance"
    citation = (
        "Leote de Carvalho, R., Lu, X., Moulin, P. (2012). Demystifying equity risk-based strategies: a simple alpha "
        "plus beta description. Journal of Portfolio Management 38(3), 56-70."
    )
    capabilities = Capabilities(rule=True)
    options: type = NoOptions

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Weights from the diagonal of the covariance alone, whatever the objective; shape (n,)."""
        return inversely(estimates, "variance", 1.0)
