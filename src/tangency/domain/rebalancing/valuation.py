"""Which state of a portfolio a plan is for."""

from __future__ import annotations

import hashlib
import json

from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.prices import PriceHistory


def state_digest(portfolio: Portfolio, prices: PriceHistory) -> str:
    """Of holdings, cash and latest prices: equal for equal states, and for no others."""
    state = [
        [[holding.name, float(holding.quantity)] for holding in portfolio.holdings if holding.quantity],
        float(portfolio.cash),
        prices.dates[-1].isoformat(),
        sorted(prices.latest().items()),
    ]
    return hashlib.sha256(json.dumps(state, separators=(",", ":")).encode()).hexdigest()
