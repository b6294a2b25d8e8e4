"""What a request may say to mean-variance optimization."""

from __future__ import annotations

from dataclasses import dataclass

from tangency.plugins.kernels.tax_lots import TaxOption
from tangency.plugins.kernels.trading_costs import TradingCosts
from tangency.plugins.multi.options import Aims


@dataclass(frozen=True)
class MeanVarianceOptions(TradingCosts, Aims):
    """Trading costs and taxes, and for MULTI_OBJECTIVE the objectives.

    Attributes:
        tax: tax lots and rates. The tax on the sales is subtracted from the objective. MIN_VOLATILITY takes it into
            account only if the request states a ``risk_aversion``; otherwise it is only reported.
    """

    tax: TaxOption | None = None

    def __post_init__(self) -> None:
        TradingCosts.__post_init__(self)
        Aims.__post_init__(self)
