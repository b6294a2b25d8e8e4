"""Maximum decorrelation: the least variance that correlations alone allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.active_risk import ActiveVariance, MinimumActiveRisk
from tangency.domain.optimization.method import Capabilities, NoOptions
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Reading, Status
from tangency.plugins.kernels.active_risk import least_active_risk
from tangency.plugins.kernels.codependence import who_has_no_risk
from tangency.plugins.kernels.limits import EVERY_LIMIT


class MaximumDecorrelation:
    """The portfolio with the smallest w'Cw, C the correlations: minimum variance if all volatilities were equal.

    The objective value is the volatility that the portfolio would have if every asset were as volatile as the most
    volatile one.
    """

    name = "maximum_decorrelation"
    citation = (
        "Christoffersen, P., Errunza, V., Jacobs, K., Jin, X. (2010). Is the potential for international "
        "diversification disappearing? Working paper, cited as maximum decorrelation by Amenc, N., Goltz, F., Lodh, A. "
        "(2012). Choose your betas. Journal of Portfolio Management 39(1), 88-111."
    )
    capabilities = Capabilities(objectives=frozenset({"MIN_RISK"}), constraints=EVERY_LIMIT)
    options: type = NoOptions

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Minimum variance on the correlations, proven as such."""
        without = who_has_no_risk(estimates)
        if without:
            message = f"{without}, and correlations exist between names that have some. Leave out what has none."
            return Proposal(Status.NOT_APPLICABLE, message=message)
        volatilities = np.sqrt(estimates.covariance.variances)
        aim = MinimumActiveRisk(units=tuple((volatilities / volatilities.max()).tolist()))
        found = least_active_risk(
            ActiveVariance(units=aim.units), 0.0, problem.region(estimates), estimates, problem.solver
        )
        return replace(found, reading=Reading(aim))
