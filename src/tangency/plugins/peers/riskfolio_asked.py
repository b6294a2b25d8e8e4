"""A problem in Riskfolio-Lib's units and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from tangency.domain.errors import Unsupported
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.objective import MaximumUtility, MinimumRisk
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.ratio import MaximumRatio, MaximumSharpe
from tangency.domain.optimization.region import Region
from tangency.domain.risk.measure import Measure

if TYPE_CHECKING:
    import pandas as pd

    from tangency.plugins.peers.riskfolio_options import RiskfolioOptions

NAMES_OF_CODES: Mapping[str, str] = {
    "MV": "volatility",
    "MAD": "mad",
    "MSV": "semi_deviation",
    "FLPM": "first_lower_partial_moment",
    "SLPM": "second_lower_partial_moment",
    "CVaR": "cvar",
    "EVaR": "evar",
    "WR": "worst_realization",
    "MDD": "max_drawdown",
    "ADD": "average_drawdown",
    "CDaR": "cdar",
    "EDaR": "edar",
    "UCI": "ulcer_index",
    "GMD": "gini_mean_difference",
}
"""Measures of ours by the library's codes; others it alone knows."""
CODES = {name: code for code, name in NAMES_OF_CODES.items()}
AIMS: Mapping[str, str] = {
    "MIN_VOLATILITY": "MinRisk",
    "MIN_RISK": "MinRisk",
    "MAX_SHARPE": "Sharpe",
    "MAX_RATIO": "Sharpe",
    "MAX_UTILITY": "Utility",
    "MAX_RETURN": "MaxRet",
    "RISK_PARITY": "ERC",
}
"""The library's objectives by ours."""
SAME_MEAN = 1e-9
"""Of a volatility: by how much the means given may differ from those of the scenarios, which deviations are from."""
COUNTED: Mapping[str, float] = {"MAD": 0.5}
"""What the library counts of a measure in a utility, where that is not all."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A problem as the library takes it: figures per period under their names, all in one order.

    Attributes:
        library: the module.
        method: what is called.
        code: of the risk measure.
        unit: a power of two that returns are counted in.
    """

    library: ModuleType
    problem: Problem
    estimates: Estimates
    options: RiskfolioOptions
    method: str
    code: str
    unit: float = 1.0

    @property
    def region(self) -> Region:
        """The limits."""
        return self.problem.region(self.estimates)

    @cached_property
    def names(self) -> list[str]:
        """In the order of everything."""
        return list(self.problem.universe.names)

    @cached_property
    def sample(self) -> Scenarios:
        """The scenarios, equally likely.

        Raises:
            Unsupported: they are not.
        """
        sample = self.estimates.required_scenarios("Riskfolio-Lib")
        if sample.probabilities is not None:
            detail = "Riskfolio-Lib cannot weigh scenarios by probabilities; choose another method, or no prior."
            raise Unsupported.at(("risk_parameters", "prior"), detail, "unsupported")
        return sample

    @property
    def aim(self) -> str:
        """Its objective."""
        return AIMS[self.problem.objective.name]

    @property
    def significance(self) -> float:
        """Its alpha: 0.05 for a confidence level of 95 %."""
        return 1.0 - self.problem.confidence_level

    @property
    def rate(self) -> float:
        """Riskless return per period; the library's threshold of the lower partial moments, too."""
        objective = self.problem.objective
        if isinstance(objective, MinimumRisk) and self.code in ("FLPM", "SLPM"):
            return objective.measure.threshold
        own = objective.risk_free_rate if isinstance(objective, MaximumSharpe | MaximumRatio) else None
        return (self.problem.risk_free_rate if own is None else own) / self.sample.periods_per_year

    @property
    def means(self) -> Vector:
        """Per period; those of the scenarios where there are no others; shape (n,)."""
        mean = self.estimates.mean
        return self.sample.mean if mean is None else mean / self.sample.periods_per_year

    def table(self, rows: Matrix) -> pd.DataFrame:
        """Rows with a column per name."""
        import pandas as pd

        return pd.DataFrame(rows, columns=self.names)

    def returns(self, unit: float) -> pd.DataFrame:
        """Per period, one row per scenario."""
        return self.table(self.sample.returns / unit)

    def covariance(self, unit: float) -> pd.DataFrame:
        """Per period."""
        dense = self.estimates.covariance.dense() / self.sample.periods_per_year / unit**2
        return self.table(dense).set_axis(self.names, axis=0)

    @property
    def aversion(self) -> float:
        """Its l, for a utility of the annual mean less the aversion times the risk, or times half the variance."""
        aversion = self.problem.risk_aversion or 1.0
        if isinstance(self.problem.objective, MaximumUtility):
            aversion = self.problem.objective.risk_aversion
        if self.code == "MV":
            return 0.5 * aversion * self.unit
        return aversion / self.sample.periods_per_year / COUNTED.get(self.code, 1.0)

    @property
    def measure(self) -> Measure | None:
        """The measure in our words; None where we do not have it, or deviations are from means that are not theirs."""
        if self.code not in NAMES_OF_CODES:
            return None
        if self.code in ("MAD", "MSV"):
            apart = float(np.abs(self.means - self.sample.mean).max())
            if apart > SAME_MEAN * float(np.sqrt(self.estimates.covariance.variances.max())):
                return None
        threshold = self.rate if self.code in ("FLPM", "SLPM") else 0.0
        return Measure(NAMES_OF_CODES[self.code], self.problem.confidence_level, threshold)

    @property
    def shares(self) -> Vector:
        """Budgets of risk in the order of the names; shape (n,)."""
        budgets = self.options.budgets or dict.fromkeys(self.names, 1.0 / len(self.names))
        return np.array([budgets[name] for name in self.names])
