"""Weights in inverse proportion to a power of each name's volatility."""

from __future__ import annotations

from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.plugins.kernels.codependence import who_has_no_risk


def inversely(estimates: Estimates, word: str, power: float) -> Proposal:
    """w_i in proportion to variance_i ^ -power.

    A riskless name has no inverse, so with one the rule has no meaning and no weights.

    Args:
        estimates: of which only the variances count.
        word: for what is inverted.
        power: 1/2 for the volatility.
    """
    without = who_has_no_risk(estimates)
    if without:
        message = (
            f"The inverse of a {word} of zero does not exist, and {without}. Leave out what has none, or minimise "
            "volatility instead."
        )
        return Proposal(Status.NOT_APPLICABLE, message=message)
    variances = estimates.covariance.variances
    inverse = (variances / variances.min()) ** -power
    return Proposal(Status.FEASIBLE, weights=inverse / inverse.sum())
