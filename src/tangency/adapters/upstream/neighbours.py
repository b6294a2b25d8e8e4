"""The neighbours while the service runs: who serves which port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from tangency.adapters.settings import Settings
from tangency.adapters.upstream.service_names import MARKET_DATA, PORTFOLIOS, RISK_MODELS, WORDS
from tangency.domain.clock import Clock
from tangency.domain.portfolio.ports import MarketData, PortfolioRecords, PortfolioSource, RiskModels

if TYPE_CHECKING:
    from tangency.adapters.upstream.asking import Asking


class Imports(PortfolioSource, MarketData, RiskModels, PortfolioRecords, Protocol):
    """What was imported, by all four ports."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The sources of portfolios, prices and risks: a neighbour where the operator names one, else what was imported.

    Attributes:
        asked: the neighbours that there are, by their word in the settings.
    """

    portfolios: PortfolioSource
    market_data: MarketData
    risk_models: RiskModels
    records: PortfolioRecords
    asked: Mapping[str, Asking] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, clock: Clock, imports: Imports) -> AsyncIterator[Neighbours]:
        """Nothing is asked yet; connections are closed at the end.

        Args:
            settings: where the neighbours are.
            clock: for circuits and histories.
            imports: what was imported.

        Raises:
            InvalidSettings: an address that cannot be used.
        """
        if not any(getattr(settings, f"upstream_{word}_url") for word in WORDS):
            yield cls(imports, imports, imports, imports)  # the usual case, and it need not load an HTTP client
            return
        from tangency.adapters.upstream.connections import connected

        async with connected(settings, clock) as asked:
            yield _composed(settings, clock, asked, imports)


def _composed(settings: Settings, clock: Clock, asked: Mapping[str, Asking], imports: Imports) -> Neighbours:
    from tangency.adapters.upstream.fallback import (
        PortfoliosOrImports,
        PricesOrImports,
        RecordsOrImports,
        RiskModelsOrImports,
    )
    from tangency.adapters.upstream.sources import (
        UpstreamPortfolios,
        UpstreamPrices,
        UpstreamRecords,
        UpstreamRiskModels,
    )

    when, ports = settings.upstream_fallback, Neighbours(imports, imports, imports, imports, asked)
    if PORTFOLIOS in asked:
        portfolios = PortfoliosOrImports(UpstreamPortfolios(asked[PORTFOLIOS]), imports, when)
        records = RecordsOrImports(UpstreamRecords(asked[PORTFOLIOS]), imports, when)
        ports = replace(ports, portfolios=portfolios, records=records)
    if MARKET_DATA in asked:
        prices = UpstreamPrices(asked[MARKET_DATA], clock, settings.upstream_history_days, settings.names_limit)
        ports = replace(ports, market_data=PricesOrImports(prices, imports, when))
    if RISK_MODELS in asked:
        models = RiskModelsOrImports(UpstreamRiskModels(asked[RISK_MODELS]), imports, when)
        ports = replace(ports, risk_models=models)
    return ports
