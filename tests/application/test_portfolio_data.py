"""One answer stands on one state of a portfolio, however often its handler looks."""

import asyncio
from collections.abc import Sequence
from datetime import date

import numpy as np

from tangency.application.portfolio_data import holdings_and_prices, reading_once, risk_model
from tangency.application.question import RiskParameters
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.risk_model import RiskModel
from tangency.domain.portfolio.portfolio import Holding, Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tests.support.service import Door

DATES = (date(2026, 1, 2), date(2026, 1, 5))


class Restless:
    """Portfolios and prices that are others whenever somebody looks."""

    def __init__(self) -> None:
        self.looks = 0

    async def portfolio(self, portfolio_id: str) -> Portfolio:
        self.looks += 1
        await asyncio.sleep(0)
        return Portfolio(portfolio_id, (Holding("A", float(self.looks)),))

    async def prices(self, portfolio_id: str, names: Sequence[str]) -> PriceHistory:
        self.looks += 1
        return PriceHistory(tuple(names), DATES, np.full((2, len(names)), float(self.looks)))

    async def risk_model(self, portfolio_id: str) -> RiskModel:
        self.looks += 1
        return RiskModel(("A",), np.array([[float(self.looks)]]))


def test_one_answer_sees_one_state(door: Door) -> None:
    restless = Restless()
    ports = {"portfolios": restless, "market_data": restless, "risk_models": restless}
    context = reading_once(door.with_ports(**ports).service.context)

    async def looking_twice_at_a_time() -> list[tuple[Portfolio | None, PriceHistory | None]]:
        return [*await asyncio.gather(*(holdings_and_prices("p", context) for _ in range(2)))]

    (first, prices), (second, same) = door.run(looking_twice_at_a_time)
    assert first is second
    assert prices is same
    assert restless.looks == 2
    door.run(lambda: holdings_and_prices("another", context))
    assert restless.looks == 4


def test_a_risk_model_is_asked_for_only_where_nothing_else_is_stated(door: Door) -> None:
    restless = Restless()
    context = reading_once(door.with_ports(risk_models=restless).service.context)
    stated = RiskParameters(covariance_estimator=EstimatorChoice("ewma"))
    assert door.run(lambda: risk_model("p", stated, context)) is None
    assert restless.looks == 0
    assert door.run(lambda: risk_model("p", RiskParameters(), context)) is not None
