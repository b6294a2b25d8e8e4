"""Neighbours as production composes them, asked from tests that are not asynchronous."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from tangency.adapters.clock import SystemClock
from tangency.adapters.settings import Settings
from tangency.adapters.upstream import Neighbours
from tangency.domain.market.risk_model import RiskModel
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.portfolio.tax_lots import TaxLot
from tests.support.neighbour import Neighbour

Got = TypeVar("Got")


class Imports:
    """What was imported: nothing, or one portfolio with its prices and risks."""

    def __init__(
        self,
        portfolio: Portfolio | None = None,
        prices: PriceHistory | None = None,
        model: RiskModel | None = None,
        lots: Sequence[TaxLot] = (),
        benchmark: Mapping[str, float] | None = None,
    ) -> None:
        self._portfolio, self._prices, self._model = portfolio, prices, model
        self._lots, self._benchmark = lots, benchmark

    async def portfolio(self, portfolio_id: str) -> Portfolio | None:
        return self._portfolio

    async def prices(self, portfolio_id: str, names: Sequence[str]) -> PriceHistory | None:
        return self._prices

    async def risk_model(self, portfolio_id: str) -> RiskModel | None:
        return self._model

    async def tax_lots(self, portfolio_id: str) -> Sequence[TaxLot]:
        return self._lots

    async def benchmark(self, portfolio_id: str) -> Mapping[str, float] | None:
        return self._benchmark


NOTHING = Imports()


def settings_for(stub: Neighbour, **changes: Any) -> Settings:
    """All three neighbours are the stub, and nobody has much patience."""
    settings = {
        "upstream_portfolios_url": stub.address,
        "upstream_market_data_url": stub.address,
        "upstream_risk_models_url": stub.address,
        "upstream_private_hosts": ("127.0.0.1",),
        "upstream_connect_s": 1.0,
        "upstream_read_s": 0.3,
        "upstream_deadline_s": 5.0,
        "upstream_limit_bytes": 2**20,
        "upstream_history_days": 100_000,
    }
    return Settings(**{**settings, **changes})


def asking(settings: Settings, ask: Callable[[Neighbours], Awaitable[Got]], imports: Imports = NOTHING) -> Got:
    """Ask neighbours that are opened and closed for it."""

    async def opened() -> Got:
        async with Neighbours.open(settings, SystemClock(), imports) as neighbours:
            return await ask(neighbours)

    return asyncio.run(opened())


def portfolio_from(stub: Neighbour, portfolio_id: str, imports: Imports = NOTHING, **changes: Any) -> Portfolio | None:
    return asking(settings_for(stub, **changes), lambda all_: all_.portfolios.portfolio(portfolio_id), imports)
