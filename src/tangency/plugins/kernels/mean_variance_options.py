"""What a request may say to mean-variance optimization."""

from __future__ import annotations

from dataclasses import dataclass

from tangency.plugins.kernels.tax_lots import TaxOption
from tangency.plugins.kernels.trading_costs import TradingCosts
from tangency.plugins.multi.options import Aims


@dataclass(frozen=True)
class MeanVarianceOptions(TradingCosts, Aims):
    """What trading costs, and under objective MULTI_OBJECTIVE the aims.

    Attributes:
        tax: lots and rates. The tax on sales is taken off; a volatility comes first unless there is a `risk_aversion`.
    """

    tax: TaxOption | None = None

    def __post_init__(self) -> None:
        TradingCosts.__post_init__(self)
        Aims.__post_init__(self)
