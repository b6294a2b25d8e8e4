"""What every store must do with what is imported for portfolios: holdings, prices, lots, risk models."""

from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import func, select

from tangency.adapters.settings import Settings
from tangency.adapters.sql import Store
from tangency.adapters.sql.engine import engine_of
from tangency.adapters.sql.schema import StoredMatrix
from tangency.domain.market.market import Market
from tangency.domain.market.risk_model import RiskModel
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.document import content_hash
from tangency.domain.optimization.optimization import Optimization
from tangency.domain.portfolio.labels import Label
from tangency.domain.portfolio.portfolio import Holding, Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.portfolio.tax_lots import TaxLot
from tests.contracts.test_store import COVARIANCE, UNIVERSE, ended, keep, load, prices, problem, run


def test_imports_come_back_and_replace_each_other(settings: Settings) -> None:
    first = Portfolio("port-1", (Holding("B", -2.5, None, "equity"), Holding("A", 1e-3, "technology")), cash=-7.5)
    second = Portfolio("port-1", (Holding("A", 4.0),))

    async def put_and_look(store: Store) -> list[Any]:
        seen = []
        for portfolio in (first, second):
            async with store.units() as unit:
                await unit.portfolios.put(portfolio)
                await unit.portfolios.put_prices("port-1", prices())
                await unit.commit()
            seen.append(await store.portfolio("port-1"))
        return [*seen, await store.prices("port-1")]

    one, two, history = run(settings, put_and_look)
    assert (one, two) == (first, second)
    assert (history.names, history.dates) == (prices().names, prices().dates)
    assert history.values.tobytes() == prices().values.tobytes()


def test_the_portfolios_that_are_known_are_listed_as_far_as_wanted(settings: Settings) -> None:
    async def put_and_look(store: Store) -> list[Any]:
        async with store.units() as unit:
            for portfolio_id in ("port-2", "port-1", "port-3"):
                await unit.portfolios.put(Portfolio(portfolio_id, (Holding("A", 1.0),)))
            await unit.commit()
        return [list(await store.known_portfolios(most)) for most in (2, 9)]

    assert run(settings, put_and_look) == [["port-1", "port-2"], ["port-1", "port-2", "port-3"]]


def test_lots_a_benchmark_and_labels_come_back_and_replace_each_other(settings: Settings) -> None:
    lots = [TaxLot("b", "A", 3.5, 10.25, date(2020, 2, 29)), TaxLot("a", "B", 1.0, 0.0, date(2024, 1, 2))]
    weights = {"A": 0.1 + 0.2, "CASH": 0.7}
    labels = {"A": Label("energy", None), "C": Label(None, "bond")}
    held = Portfolio("port-1", (Holding("A", 1.0, "utilities", "equity"),))

    async def put_and_look(store: Store) -> list[Any]:
        seen: list[Any] = []
        for part in (1, 2):
            async with store.units() as unit:
                await unit.portfolios.put(held)
                await unit.portfolios.put_tax_lots("port-1", lots[:part])
                await unit.portfolios.put_benchmark("port-1", weights if part == 2 else {"B": 1.0})
                await unit.portfolios.put_labels("port-1", labels if part == 2 else {"B": Label("energy")})
                await unit.commit()
            seen.append(await store.tax_lots("port-1"))
        nothing = [await store.tax_lots("port-2"), await store.benchmark("port-2")]
        return [*seen, await store.benchmark("port-1"), await store.portfolio("port-1"), nothing]

    one, two, benchmark, portfolio, nothing = run(settings, put_and_look)
    assert (one, two, benchmark, nothing) == (lots[:1], lots, weights, [[], None])
    assert portfolio.holdings == (Holding("A", 1.0, "energy", "equity"), Holding("C", 0.0, None, "bond"))


def test_a_risk_model_comes_back_and_keeps_its_matrix(settings: Settings) -> None:
    shared, other = np.array([[0.04, 0.01], [0.01, 0.09]]), np.array([[0.05, 0.01], [0.01, 0.09]])

    async def put_and_look(store: Store) -> list[Any]:
        seen: list[Any] = [await store.risk_model("one")]
        for portfolio_id, values in (("one", shared), ("two", shared), ("two", other), ("two", shared)):
            async with store.units() as unit:
                await unit.portfolios.put_risk_model(portfolio_id, RiskModel(("A", "B"), values))
                await unit.commit()
            seen.append(await store.risk_model("one"))
        return [*seen, await store.risk_model("two")]

    nothing, *models = run(settings, put_and_look)
    assert nothing is None
    assert [(model.names, model.covariance.tobytes()) for model in models] == [(("A", "B"), shared.tobytes())] * 5


def only_matrix(values: Matrix) -> PriceHistory:
    return PriceHistory(("A", "B", "C"), (date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)), values)


async def put_prices(store: Store, portfolio_id: str, history: PriceHistory) -> None:
    async with store.units() as unit:
        await unit.portfolios.put_prices(portfolio_id, history)
        await unit.commit()


async def matrices(settings: Settings) -> int:
    engine = engine_of(settings)
    try:
        async with engine.connect() as connection:
            query = select(func.count()).select_from(StoredMatrix).where(StoredMatrix.tenant == settings.tenant)
            return int(await connection.scalar(query) or 0)
    finally:
        await engine.dispose()


def test_replaced_prices_go_once_nobody_has_them(settings: Settings) -> None:
    shared, own = only_matrix(np.full((3, 3), 2.0)), only_matrix(np.full((3, 3), 3.0))

    async def replace_one_by_one(store: Store) -> list[int]:
        counts = []
        for portfolio_id, history in (("one", shared), ("two", shared), ("one", own), ("two", own), ("two", own)):
            await put_prices(store, portfolio_id, history)
            counts.append(await matrices(settings))
        return counts

    assert run(settings, replace_one_by_one) == [1, 1, 2, 1, 1]


def test_replaced_prices_stay_where_an_answer_stands_on_the_same_figures(settings: Settings) -> None:
    covariance = COVARIANCE + 0.01
    optimization = ended(problem(market=Market(UNIVERSE, mean=np.array([0.05, 0.07, 0.09]), covariance=covariance)))

    async def replace_after_an_answer(store: Store) -> Optimization | None:
        await put_prices(store, "one", only_matrix(covariance))
        await keep(store, optimization)
        await put_prices(store, "one", only_matrix(np.full((3, 3), 2.0)))
        return await load(store, optimization)

    back = run(settings, replace_after_an_answer)
    assert back is not None
    assert content_hash(back.problem) == content_hash(optimization.problem)
