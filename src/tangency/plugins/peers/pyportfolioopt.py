"""PyPortfolioOpt's optimizers by their names there."""

from __future__ import annotations

from typing import cast

from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.method import Capabilities
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal
from tangency.plugins.peers.borrowed import LINEAR
from tangency.plugins.peers.pyportfolioopt_options import PyPortfolioOptOptions


class PyPortfolioOpt:
    """The optimizers of PyPortfolioOpt on the estimates of Tangency, with answers checked like any other.

    A target return becomes a constraint, as in the library's ``efficient_return``; a target volatility is passed to its
    ``efficient_risk``. All inputs are passed in one order, because the library matches numbers and assets by position.
    """

    name = "pypfopt"
    citation = (
        "Martin, R. A. (2021). PyPortfolioOpt: portfolio optimization in Python. Journal of Open Source Software "
        "6(61), 3066."
    )
    capabilities = Capabilities(
        objectives=frozenset(
            {"MIN_VOLATILITY", "MIN_RISK", "MAX_SHARPE", "MAX_UTILITY", "MAX_RETURN", "RISK_PARITY"},
        ),
        constraints=LINEAR | {"target_volatility"},
        risk_measures=frozenset({"volatility", "second_lower_partial_moment", "cvar", "cdar"}),
        uses_scenarios=True,
    )
    options: type = PyPortfolioOptOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse what the model of the library cannot honour, and views and market weights of other names."""
        from tangency.plugins.peers.pyportfolioopt_models import check

        check(problem, cast(PyPortfolioOptOptions, options))

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Ask the library's optimizer, and judge what it says."""
        from tangency.plugins.peers.pyportfolioopt_models import solved

        return solved(problem, estimates, cast(PyPortfolioOptOptions, options))
