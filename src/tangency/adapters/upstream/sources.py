"""The ports that neighbours serve."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar
from urllib.parse import quote

from tangency.adapters.upstream.asking import Asking, Query, step
from tangency.adapters.upstream.documents import (
    Foreign,
    read_benchmark,
    read_portfolio,
    read_prices,
    read_risk_model,
    read_tax_lots,
)
from tangency.domain.clock import Clock
from tangency.domain.errors import InvalidInput, NotFound
from tangency.domain.market.risk_model import RiskModel
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.portfolio.tax_lots import TaxLot

LONGEST_QUERY = 4_000
"""Characters of an address that every server and proxy takes; more names are asked for in several questions."""

Read = TypeVar("Read")


class UpstreamPortfolios:
    """What the portfolio service says is held."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking

    async def portfolio(self, portfolio_id: str) -> Portfolio:
        """See :class:`tangency.domain.portfolio.ports.PortfolioSource`; never None."""
        name = self.asking.neighbour.name
        body = await self.asking.document(f"/portfolios/{step(portfolio_id)}")
        if body is None:
            raise NotFound(f"the {name} knows no portfolio {portfolio_id!r}.")
        return await _understood(self.asking, lambda: read_portfolio(body, portfolio_id, name))


class UpstreamRecords:
    """What the portfolio service keeps beside holdings, which it need not: without it nothing is known."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking

    async def tax_lots(self, portfolio_id: str) -> Sequence[TaxLot]:
        """See :class:`tangency.domain.portfolio.ports.PortfolioRecords`."""
        body = await self.asking.document(f"/portfolios/{step(portfolio_id)}/tax-lots", optional=True)
        return () if body is None else await _understood(self.asking, lambda: read_tax_lots(body, portfolio_id))

    async def benchmark(self, portfolio_id: str) -> Mapping[str, float] | None:
        """See :class:`tangency.domain.portfolio.ports.PortfolioRecords`."""
        body = await self.asking.document(f"/portfolios/{step(portfolio_id)}/benchmark", optional=True)
        return None if body is None else await _understood(self.asking, lambda: read_benchmark(body, portfolio_id))


class UpstreamPrices:
    """The prices that the market data service has.

    Args:
        asking: that service.
        clock: says which day it is.
        days: of history to ask for.
        most: names in one problem; nobody is asked for more.
    """

    def __init__(self, asking: Asking, clock: Clock, days: int, most: int) -> None:
        self.asking = asking
        self._clock, self._days, self._most = clock, days, most

    async def prices(self, portfolio_id: str, names: Sequence[str]) -> PriceHistory | None:
        """See :class:`tangency.domain.portfolio.ports.MarketData`; None where no names are known."""
        if not names:
            return None
        if len(names) > self._most:
            detail = f"{portfolio_id!r} has {len(names)} names; this service takes {self._most} at most."
            raise InvalidInput.at(("portfolio_id",), detail, "too_many")
        parts = [*_parts(names)]
        bodies = await asyncio.gather(*(self._part(part) for part in parts))
        found = [(body, part) for body, part in zip(bodies, parts, strict=True) if body is not None]
        service = self.asking.neighbour.name
        history = await _understood(self.asking, lambda: read_prices(found, service) if found else None)
        if history is None:
            raise NotFound(f"the {service} has no price of any name of portfolio {portfolio_id!r}.")
        return history

    async def _part(self, names: Sequence[str]) -> bytes | None:
        start = self._clock.now().date() - timedelta(days=self._days)
        query: Query = [("from", start.isoformat()), *(("name", name) for name in names)]
        return await self.asking.document("/prices", query)


class UpstreamRiskModels:
    """The covariances that the risk model service has."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking

    async def risk_model(self, portfolio_id: str) -> RiskModel | None:
        """See :class:`tangency.domain.portfolio.ports.RiskModels`."""
        name = self.asking.neighbour.name
        body = await self.asking.document(f"/portfolios/{step(portfolio_id)}/risk-model")
        if body is None:
            return None
        return await _understood(self.asking, lambda: read_risk_model(body, portfolio_id, name))


async def _understood(asking: Asking, read: Callable[[], Read]) -> Read:
    """What a document says; read in a thread, since one may have millions of figures."""
    try:
        return await asyncio.to_thread(read)
    except Foreign as foreign:
        raise asking.unusable(str(foreign)) from None


def _parts(names: Sequence[str]) -> Iterator[list[str]]:
    """The names in their order, as many together as fit into one address."""
    part, length = list[str](), 0
    for name in names:
        size = len(quote(name, safe="")) + len("&name=")
        if part and length + size > LONGEST_QUERY:
            yield part
            part, length = [], 0
        part.append(name)
        length += size
    yield part
