"""Weights in proportion to the inverse of each name's volatility."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tangency.domain.market.covariance import Covariance
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.method import Capabilities, NoOptions
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status

RISKLESS = 1e-24
"""Of the mean variance: constant returns estimate to a variance of squared rounding errors, never quite to zero."""


class InverseVolatility:
    """w_i proportional to 1 / sigma_i: equal risk contributions where all correlations are equal."""

    name = "inverse_volatility"
    citation = (
        "Maillard, S., Roncalli, T., Teiletche, J. (2010). The properties of equally weighted risk contribution "
        "portfolios. Journal of Portfolio Management 36(4), 60-70, equation 4."
    )
    capabilities = Capabilities(rule=True)
    options: type = NoOptions

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Weights from the diagonal of the covariance alone, whatever the objective; shape (n,).

        A riskless name has no inverse volatility, so with one the rule has no meaning and no weights.
        """
        variances, riskless = estimates.covariance.variances, _riskless(estimates.covariance)
        if riskless.any():
            return Proposal(Status.NOT_APPLICABLE, message=_refusal(problem.universe, riskless))
        inverse = 1.0 / np.sqrt(variances / variances.min())
        return Proposal(Status.FEASIBLE, weights=inverse / inverse.sum())


def _riskless(covariance: Covariance) -> NDArray[np.bool_]:
    """Which names have no variance of their own; shape (n,). A repair lends each name its shift."""
    lent = covariance.repair.shift if covariance.repair else 0.0
    return covariance.variances <= max(2 * lent, RISKLESS * float(covariance.variances.mean()))


def _refusal(universe: Universe, riskless: NDArray[np.bool_]) -> str:
    names = ", ".join(name for name, zero in zip(universe.names, riskless.tolist(), strict=True) if zero)
    return (
        f"The inverse of a volatility of zero does not exist, and {names} has no risk. Leave it out, or minimise "
        "volatility instead."
    )
