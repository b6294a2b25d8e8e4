"""Riskfolio-Lib's portfolios by their names there."""

from __future__ import annotations

from typing import cast

from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.method import Capabilities
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal
from tangency.domain.risk.measure import MEASURES
from tangency.plugins.peers.borrowed import LINEAR
from tangency.plugins.peers.riskfolio_options import RiskfolioOptions


class Riskfolio:
    """The portfolios of Riskfolio-Lib on the estimates of Tangency, with answers checked like any other.

    Answers are proven if Tangency has the risk measure too. For the library's long-tail measures it has not: their
    answers are ``feasible``, with the risk as the library computes it. All inputs are passed in one order, because the
    library matches numbers and assets by position.
    """

    name = "riskfolio"
    citation = "Cajas, D. (2025). Advanced portfolio optimization: a cutting-edge quantitative approach. Springer."
    capabilities = Capabilities(
        objectives=frozenset(
            {"MIN_VOLATILITY", "MIN_RISK", "MAX_SHARPE", "MAX_RATIO", "MAX_UTILITY", "MAX_RETURN", "RISK_PARITY"}
        ),
        constraints=LINEAR | {"leverage_limit", "target_volatility"},
        risk_measures=frozenset(MEASURES) - {"variance", "var"},
        uses_scenarios=True,
    )
    options: type = RiskfolioOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse what the library's portfolio cannot honour, and budgets that are not one for each name."""
        from tangency.plugins.peers.riskfolio_models import check

        check(problem, cast(RiskfolioOptions, options))

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Ask the library, and judge what it says."""
        from tangency.plugins.peers.riskfolio_models import solved

        return solved(problem, estimates, cast(RiskfolioOptions, options))
