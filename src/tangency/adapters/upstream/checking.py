"""Whether the neighbours can be asked and keep their contracts: for operators, before anybody depends on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tangency.adapters.settings import Settings
from tangency.adapters.upstream.asking import Asking
from tangency.adapters.upstream.connections import connected
from tangency.adapters.upstream.service_names import MARKET_DATA, PORTFOLIOS, RISK_MODELS
from tangency.adapters.upstream.sources import UpstreamPortfolios, UpstreamPrices, UpstreamRecords, UpstreamRiskModels
from tangency.domain.clock import Clock
from tangency.domain.errors import NeighbourUnavailable, NeighbourUnusable, NotFound

VALID = "valid"


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of asking one neighbour once.

    Attributes:
        contract: ``valid``, or what is wrong; or why nothing can be said.
        latency_ms: from the question to the answer, whatever it was, every attempt included.
        fine: whether it answered, and nothing was wrong with the answer.
    """

    service: str
    host: str
    reachable: bool
    contract: str
    latency_ms: float
    fine: bool


async def checked(settings: Settings, clock: Clock, portfolio_id: str, names: Sequence[str]) -> list[Checked]:
    """Ask each neighbour that there is about a portfolio.

    Args:
        settings: where they are.
        clock: to take times with.
        portfolio_id: that they should know.
        names: to ask for the prices of; those that the portfolio service has for the portfolio where empty.

    Raises:
        InvalidSettings: an address that cannot be used.
    """
    async with connected(settings, clock) as asked:
        held = [*names]

        async def portfolio() -> object:
            found = await UpstreamPortfolios(asked[PORTFOLIOS]).portfolio(portfolio_id)
            held.extend(found.by_name if not held else ())
            records = UpstreamRecords(asked[PORTFOLIOS])
            await records.tax_lots(portfolio_id)
            await records.benchmark(portfolio_id)
            return found

        async def prices() -> object:
            source = UpstreamPrices(asked[MARKET_DATA], clock, settings.upstream_history_days, settings.names_limit)
            return await source.prices(portfolio_id, held or [portfolio_id])

        async def risk_model() -> object:
            return await UpstreamRiskModels(asked[RISK_MODELS]).risk_model(portfolio_id)

        asks = {PORTFOLIOS: portfolio, MARKET_DATA: prices, RISK_MODELS: risk_model}
        return [await _one(asking, asks[word], clock) for word, asking in asked.items()]


async def _one(asking: Asking, ask: Callable[[], Awaitable[object]], clock: Clock) -> Checked:
    began, reachable, fine = clock.monotonic(), True, True
    try:
        contract = "not seen: there is no such risk model" if await ask() is None else VALID
    except NotFound as missing:
        contract = f"not seen: {missing}"
    except NeighbourUnusable as error:
        contract, fine = str(error), False
    except NeighbourUnavailable as error:
        contract, reachable, fine = str(error), False, False
    latency_ms = 1e3 * (clock.monotonic() - began)
    return Checked(asking.neighbour.name, asking.neighbour.url.host, reachable, contract, latency_ms, fine)
