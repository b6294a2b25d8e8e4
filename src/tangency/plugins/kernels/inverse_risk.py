"""Weights in inverse proportion to a power of each name's volatility."""

from __future__ import annotations

from tangency.domain.market.covariance import Covariance
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.plugins.kernels.codependence import riskless


def inversely(universe: Universe, covariance: Covariance, word: str, power: float) -> Proposal:
    """w_i in proportion to variance_i ^ -power.

    A riskless name has no inverse, so with one the rule has no meaning and no weights.

    Args:
        universe: the names.
        covariance: of which only the diagonal counts.
        word: for what is inverted.
        power: 1/2 for the volatility.
    """
    without = riskless(covariance)
    if without.any():
        names = ", ".join(name for name, zero in zip(universe.names, without.tolist(), strict=True) if zero)
        message = (
            f"The inverse of a {word} of zero does not exist, and {names} has no risk. Leave it out, or minimise "
            "volatility instead."
        )
        return Proposal(Status.NOT_APPLICABLE, message=message)
    inverse = (covariance.variances / covariance.variances.min()) ** -power
    return Proposal(Status.FEASIBLE, weights=inverse / inverse.sum())
