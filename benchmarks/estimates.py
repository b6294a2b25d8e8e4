"""Whether orders take what they are estimated at: ``python -m benchmarks.estimates``, on the embedded service.

Orders of many shapes, each with its frontier, one after another and then all at once behind each other. What is printed
is the time that was predicted over the time that it took, both by the clock, from acceptance to the end: the median of
each kind, and of all. Workers learn their pace from a few orders before.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from typing import Any

import numpy as np

from tangency.adapters import container
from tangency.adapters.document.order_request import order_request_of
from tangency.adapters.settings import Settings
from tangency.application.orders import PlaceOrder, ReadOrder
from tangency.application.portfolio import ImportHoldings, ImportPrices
from tangency.application.service import Service
from tangency.domain.optimization.order import OrderState
from tangency.domain.portfolio.portfolio import Holding, Portfolio
from tangency.domain.portfolio.prices import PriceHistory

SECTORS = 10
LOOK_S = 0.01
GOAL = 3.0


@dataclass(frozen=True)
class Kind:
    """Orders of one sort over portfolios of several sizes: names, and periods of returns."""

    name: str
    sizes: Sequence[tuple[int, int]]
    asked: dict[str, Any] = field(default_factory=dict)


MIX = (
    Kind("volatility", [(20, 250), (100, 500), (250, 500), (500, 500)], {"objective": "minimize_risk"}),
    Kind(
        "constraints",
        [(20, 500), (100, 500), (250, 500), (500, 500)],
        {"objective": "maximize_sharpe", "constraints": {"max_position_size": 0.2, "max_sector_exposure": 0.3}},
    ),
    Kind("turnover", [(20, 500), (100, 500)], {"constraints": {"max_turnover": 0.3}}),
    Kind("cvar", [(20, 250), (20, 1000), (100, 250), (100, 500), (100, 1000)], {"risk_measure": "cvar"}),
    Kind("drawdown at risk", [(20, 250), (20, 500), (40, 250)], {"risk_measure": "cdar"}),
    Kind("entropic", [(20, 250), (20, 500)], {"risk_measure": "evar"}),
    Kind(
        "smallest positions",
        [(10, 500), (20, 250), (30, 500), (40, 250)],
        {"constraints": {"min_position_size": 0.03, "max_position_size": 0.3}},
    ),
)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimates")
    parser.add_argument("--rounds", type=int, default=2)
    rounds = parser.parse_args().rounds
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="tangency-estimates-") as folder:
        asyncio.run(_measured(Settings(data_dir=folder, solver_workers=2, lease_s=60.0), rounds))
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


async def _measured(settings: Settings, rounds: int) -> None:
    async with container.serving(settings) as service:
        for names, periods in sorted({size for kind in MIX for size in kind.sizes}):
            await _held(service, names, periods)
        for kind in MIX:  # the solvers load their libraries, and the worker learns its pace
            await _alone(service, kind, kind.sizes[0])
        print(f"pace after {len(MIX)} orders: {service.context.activity.pace:.2f}")
        alone = {kind.name: [await _alone(service, kind, size) for size in [*kind.sizes] * rounds] for kind in MIX}
        together = await _together(service)
    print("predicted over actual time, median (least to most):")
    for name, ratios in alone.items():
        print(f"  {name:20s} {_spread(ratios)}")
    print(f"  one after another    {_spread([ratio for ratios in alone.values() for ratio in ratios])}")
    print(f"  all at once          {_spread(together)}")


async def _held(service: Service, names: int, periods: int) -> None:
    """A portfolio of equal parts on made-up prices with three common factors."""
    random, labels = np.random.default_rng(names * periods), [f"N{place}" for place in range(names)]
    common = random.normal(0.0, 0.006, (periods, 3)) @ random.normal(1.0, 0.4, (3, names)) / 2.0
    returns = common + random.normal(2e-4, 0.01, (periods, names)) + random.uniform(0.0, 6e-4, names)
    grown = np.cumprod(np.vstack([np.ones((1, names)), 1.0 + returns]), axis=0)
    prices = np.asarray(100.0 * grown, dtype=np.float64)
    days = tuple(date(2015, 1, 1) + timedelta(days=day) for day in range(periods + 1))
    parts = zip(labels, prices[-1].tolist(), strict=True)
    held = tuple(Holding(n, 1e4 / p, f"S{place % SECTORS}", "equity") for place, (n, p) in enumerate(parts))
    await service.handle(ImportPrices(_named(names, periods), PriceHistory(tuple(labels), days, prices)))
    await service.handle(ImportHoldings(Portfolio(_named(names, periods), held, 0.0)))


def _named(names: int, periods: int) -> str:
    return f"{names}-names-{periods}-periods"


async def _ordered(service: Service, kind: Kind, size: tuple[int, int]) -> OrderState:
    plain = {"optimization_type": "mean_variance", "objective": "minimize_risk"}
    return await service.handle(PlaceOrder(order_request_of({**plain, **kind.asked, "portfolio_id": _named(*size)})))


async def _ratio(service: Service, order: OrderState) -> float:
    """Predicted over actual time, once whoever asks can see that it ended: the frontier beside it is traced by then."""
    while order.ended_at is None:
        await asyncio.sleep(LOOK_S)
        order = await service.handle(ReadOrder(order.id))
    if order.answer is None:
        raise RuntimeError(f"an order of {order.portfolio_id} ended {order.outcome}: {order.message}")
    return (order.expected_at - order.created_at) / (service.context.clock.now() - order.created_at)


async def _alone(service: Service, kind: Kind, size: tuple[int, int]) -> float:
    return await _ratio(service, await _ordered(service, kind, size))


async def _together(service: Service) -> list[float]:
    """Every order of the mix, the kinds in turn, before any of them is waited for."""
    most = max(len(kind.sizes) for kind in MIX)
    turns = [(kind, kind.sizes[turn]) for turn in range(most) for kind in MIX if turn < len(kind.sizes)]
    orders = [await _ordered(service, kind, size) for kind, size in turns]
    return await asyncio.gather(*[_ratio(service, order) for order in orders])


def _spread(ratios: Sequence[float]) -> str:
    middle = median(ratios)
    kept = "within" if 1.0 / GOAL <= middle <= GOAL else "NOT within"
    return f"{middle:5.2f} ({min(ratios):.2f} to {max(ratios):.2f}), {len(ratios)} orders, {kept} {GOAL:g}x"


if __name__ == "__main__":
    main()
