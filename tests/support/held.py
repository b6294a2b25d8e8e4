"""A portfolio that is held: thirty names of three asset classes and six sectors, on made-up prices."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tangency.adapters import container
from tangency.adapters.settings import Settings
from tangency.application.message import Message
from tangency.application.orders import ReadEvents
from tangency.application.portfolio import ImportHoldings, ImportPrices
from tangency.domain.event import Event
from tangency.domain.portfolio.portfolio import Holding, Portfolio
from tangency.domain.portfolio.prices import PriceHistory

SECTORS = ("technology", "health_care", "energy", "banks", "government", "metals")
CLASSES = {"government": "bond", "metals": "commodity"}
NAMES = tuple(f"{sector[:4].upper()}{place}" for sector in SECTORS for place in range(5))
SECTOR_OF = {name: SECTORS[place // 5] for place, name in enumerate(NAMES)}
CLASS_OF = {name: CLASSES.get(sector, "equity") for name, sector in SECTOR_OF.items()}
CASH = 20_000.0
PERIODS = 300


def prices(seed: int = 7) -> NDArray[np.float64]:
    """Daily, of thirty names; shape (301, 30)."""
    random = np.random.default_rng(seed)
    common, own = random.normal(0.0, 0.006, (PERIODS, 1)), random.normal(0.0, 0.009, (PERIODS, 30))
    scale = np.repeat([1.2, 0.9, 1.1, 1.0, 0.3, 0.7], 5)
    common, own = common - common.mean(), own - own.mean(axis=0)  # so that the means are what is written below
    returns = np.linspace(2e-4, 7e-4, 30)[random.permutation(30)] + scale * (common + own)
    grown = np.cumprod(np.vstack([np.ones((1, 30)), 1.0 + returns]), axis=0)
    return np.asarray(grown * np.linspace(20.0, 300.0, 30))


def history() -> PriceHistory:
    values = prices()
    days = tuple(date(2024, 1, 1) + timedelta(days=day) for day in range(len(values)))
    return PriceHistory(NAMES, days, values)


def portfolio(portfolio_id: str) -> Portfolio:
    """Some 33,000 in each name, and a little cash."""
    last = prices()[-1]
    held = [
        Holding(n, round(33_000.0 / p), SECTOR_OF[n], CLASS_OF[n]) for n, p in zip(NAMES, last.tolist(), strict=True)
    ]
    return Portfolio(portfolio_id, tuple(held), CASH)


def lots(gains: tuple[float, float]) -> list[dict[str, Any]]:
    """Two lots of every name, half of it each, with these gains of short and of long term, as a request states them."""
    days, latest = (datetime.now(UTC).date() - timedelta(days=60), date(2015, 1, 5)), history().latest()
    return [
        {
            "instrument_id": held.name,
            "quantity": held.quantity / 2,
            "cost": (1.0 - gain) * latest[held.name],
            "date": str(day),
            "lot_id": f"{held.name}-{day.year}",
        }
        for held in portfolio("any").holdings
        for gain, day in zip(gains, days, strict=True)
    ]


def hold(folder: Path, portfolio_id: str) -> None:
    """Import it into the embedded database of a folder."""
    hold_in(Settings(data_dir=str(folder)), portfolio_id)


def keep(folder: Path, *commands: Message[None]) -> None:
    """Carry commands out on the embedded database of a folder, whoever else has it open."""
    _keep_in(Settings(data_dir=str(folder)), *commands)


def events_in(folder: Path) -> list[Event]:
    """What is told by now in the embedded database of a folder, published or not, in its order."""

    async def read() -> list[Event]:
        async with container.keeping(Settings(data_dir=str(folder))) as service:
            async with service.context.outbox.turn() as turn:
                waiting = [] if turn is None else await turn.waiting(1000)
            published = await service.handle(ReadEvents(0, 1000))
        ids = {event.event_id for event in published}
        return [*published, *(event for event in waiting if event.event_id not in ids)]

    return asyncio.run(read())


def hold_in(settings: Settings, portfolio_id: str) -> None:
    """Import it into any database."""
    _keep_in(settings, ImportPrices(portfolio_id, history()), ImportHoldings(portfolio(portfolio_id)))


def _keep_in(settings: Settings, *commands: Message[None]) -> None:
    async def kept() -> None:
        async with container.keeping(settings) as service:
            for command in commands:
                await service.handle(command)

    asyncio.run(kept())
