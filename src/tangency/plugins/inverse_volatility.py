"""Weights in proportion to the inverse of each name's volatility."""

from __future__ import annotations

from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.method import Capabilities, NoOptions
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal
from tangency.plugins.kernels.inverse_risk import inversely


class InverseVolatility:
    """Weights proportional to 1 / volatility: equal risk contributions if all correlations were equal."""

    name = "inverse_volatility"
    citation = (
        "Maillard, S., Roncalli, T., Teiletche, J. (2010). The properties of equally weighted risk contribution "
        "portfolios. Journal of Portfolio Management 36(4), 60-70, equation 4."
    )
    capabilities = Capabilities(rule=True)
    options: type = NoOptions

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Weights from the diagonal of the covariance alone, whatever the objective; shape (n,)."""
        return inversely(estimates, "volatility", 0.5)
