"""What every store must do, whatever database is behind it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import func, select

from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.settings import Settings
from tangency.adapters.solving import in_process
from tangency.adapters.sql import Store
from tangency.adapters.sql.schema import OptimizationResult
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Asset, Universe
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.constraint import Budget, LongOnly, MaximumWeight, TargetVolatility
from tangency.domain.optimization.document import content_hash
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.optimization import Configuration, Optimization, Stage
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.solution import Solution
from tangency.domain.portfolio.portfolio import Holding, Portfolio
from tangency.domain.portfolio.prices import PriceHistory

Result = TypeVar("Result")
Work = Callable[[Store], Coroutine[Any, Any, Result]]

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
UNIVERSE = Universe((Asset("A", "technology", "equity"), Asset("B"), Asset("C", "energy")))
COVARIANCE: Matrix = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.16]])
CONFIGURATION = Configuration("MAX_SHARPE", "mean_variance", {"max_weight": 0.6}, {"risk_free_rate": 0.02})


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    async with Store.open(settings, lambda: AT) as store:
        yield store


def run(settings: Settings, work: Work[Result]) -> Result:
    async def whole() -> Result:
        async with opened(settings) as store:
            return await work(store)

    return asyncio.run(whole())


def problem(**changes: Any) -> Problem:
    market = Market(UNIVERSE, mean=np.array([0.05, 0.07, 0.09]), covariance=COVARIANCE)
    limits = (Budget(), LongOnly(), MaximumWeight(0.6))
    return replace(Problem(market, MaximumSharpe(0.02), limits, risk_free_rate=0.02), **changes)


def ended(asked: Problem, portfolio_id: str = "port-1", at: datetime = AT) -> Optimization:
    optimization = Optimization.request(uuid4(), portfolio_id, CONFIGURATION, asked, at)
    optimization.start(at)
    solution = in_process.solve(asked, EntryPointPlugins())
    optimization.conclude(solution, at + timedelta(seconds=1), 12.5, ("risk_parameters.confidence_level",))
    return optimization


async def keep(store: Store, *optimizations: Optimization) -> None:
    for optimization in optimizations:
        store.units.prepare(optimization.problem)
        async with store.units() as unit:
            await unit.optimizations.add(optimization)
            await unit.commit()


async def load(store: Store, optimization: Optimization) -> Optimization | None:
    async with store.units() as unit:
        return await unit.optimizations.get(optimization.id)


def plain(solution: Solution | None) -> dict[str, Any]:
    assert solution is not None
    document = asdict(replace(solution, weights=None, risk=None, current_risk=None))
    document["weights"] = solution.weights_by_name
    document["shares"] = None if solution.risk_shares is None else solution.risk_shares.tolist()
    return document


def prices() -> PriceHistory:
    values = np.array([[1.0, 2.0], [np.nan, 2.5], [1.5, 0.1 + 0.2]])
    return PriceHistory(("A", "B"), (date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)), values)


INFEASIBLE = problem(constraints=(Budget(), LongOnly(), MaximumWeight(0.2), TargetVolatility(0.01)))


@pytest.mark.parametrize(
    "asked",
    [
        problem(),
        problem(current=np.array([0.5, 0.25, 0.25])),
        problem(objective=MinimumVolatility(), method="equal_weight", constraints=(Budget(), LongOnly())),
        INFEASIBLE,
    ],
    ids=["answered", "with current weights", "by a rule", "infeasible"],
)
def test_what_is_kept_comes_back_whole(settings: Settings, asked: Problem) -> None:
    optimization = ended(asked)

    async def there_and_back(store: Store) -> Optimization | None:
        await keep(store, optimization)
        return await load(store, optimization)

    back = run(settings, there_and_back)
    assert back is not None
    assert content_hash(back.problem) == content_hash(asked)
    assert plain(back.solution) == plain(optimization.solution)
    for field in ("id", "portfolio_id", "configuration", "stage", "outcome", "message", "time_ms", "unused_inputs"):
        assert getattr(back, field) == getattr(optimization, field)
    assert (back.requested_at, back.ended_at) == (optimization.requested_at, optimization.ended_at)


def test_the_infinite_comes_back_as_nothing(settings: Settings) -> None:
    """A riskless rule has an infinite ratio, which JSON has no word for; it is served as null before and after."""
    market = Market(UNIVERSE, mean=np.array([0.05, 0.07, 0.09]), covariance=np.zeros((3, 3)))
    optimization = ended(problem(market=market, method="equal_weight", constraints=(Budget(),)))
    assert optimization.solution is not None
    assert optimization.solution.certificate is not None
    assert optimization.solution.certificate.objective == np.inf

    async def there_and_back(store: Store) -> Optimization | None:
        await keep(store, optimization)
        return await load(store, optimization)

    back = run(settings, there_and_back)
    assert back is not None
    assert back.solution is not None
    assert back.solution.certificate is not None
    assert back.solution.certificate.objective is None


def test_the_latest_is_the_last_completed_one_of_the_portfolio(settings: Settings) -> None:
    first, second, other = ended(problem()), ended(problem()), ended(problem(), "port-2")
    failed = ended(INFEASIBLE)
    assert failed.stage is Stage.INFEASIBLE

    async def latest(store: Store) -> tuple[Any, Any, Any]:
        await keep(store, first, second, failed, other)
        async with store.units() as unit:
            whole = await unit.optimizations.latest("port-1")
            nothing = await unit.optimizations.latest("port-3")
        return whole, nothing, await store.answer("port-1")

    whole, nothing, answer = run(settings, latest)
    assert whole.id == answer.optimization_id == second.id
    assert nothing is None
    assert plain(answer.solution) == plain(replace(second.solution, universe=answer.solution.universe))  # type: ignore[type-var]


def test_the_read_side_gives_the_answer_that_was_given(settings: Settings) -> None:
    optimization = ended(problem(current=np.array([0.5, 0.25, 0.25])))

    async def read(store: Store) -> tuple[Any, Any]:
        await keep(store, optimization)
        return await store.answer("port-1"), await store.answer("port-2")

    answer, nothing = run(settings, read)
    assert nothing is None
    given = optimization.answer
    assert given is not None
    for field in ("optimization_id", "portfolio_id", "time_ms", "turnover", "unused_inputs", "answered_at"):
        assert getattr(answer, field) == getattr(given, field)


def test_order_does_not_hang_on_the_clock(settings: Settings) -> None:
    later, earlier = ended(problem(), at=AT), ended(problem(), at=AT - timedelta(days=1))

    async def latest(store: Store) -> Any:
        await keep(store, later, earlier)
        return await store.answer("port-1")

    assert run(settings, latest).optimization_id == earlier.id


def test_a_matrix_is_kept_once_however_often_it_is_asked_about(settings: Settings) -> None:
    from sqlalchemy import func, select

    from tangency.adapters.sql.schema import OptimizationConfiguration, StoredMatrix

    async def count(store: Store) -> list[int]:
        await keep(store, ended(problem()), ended(problem()), ended(problem(method="equal_weight")))
        async with store.units.engine.connect() as connection:
            tables = (StoredMatrix, OptimizationConfiguration)
            counts = [select(func.count()).select_from(t).where(t.tenant == settings.tenant) for t in tables]
            return [int((await connection.execute(query)).scalar_one()) for query in counts]

    assert run(settings, count) == [1, 1]

    async def count_again(store: Store) -> list[int]:
        store.units.freezer.kept.clear()  # another process knows nothing of what this one kept
        return await count(store)

    assert run(settings, count_again) == [1, 1]


def test_tenants_do_not_see_each_other(settings: Settings) -> None:
    optimization = ended(problem())
    stranger = Settings(
        **{**{f: getattr(settings, f) for f in ("database_url", "data_dir")}, "tenant": "somebody-else"}
    )
    held, history = Portfolio("port-1", (Holding("A", 1.0),)), prices()

    async def keep_all(store: Store) -> None:
        await keep(store, optimization)
        async with store.units() as unit:
            await unit.portfolios.put(held)
            await unit.portfolios.put_prices("port-1", history)
            await unit.commit()

    async def look(store: Store) -> list[Any]:
        seen = [await store.answer("port-1"), await store.portfolio("port-1"), await store.prices("port-1")]
        return [*seen, await load(store, optimization)]

    run(settings, keep_all)
    assert run(stranger, look) == [None] * 4
    assert None not in run(settings, look)


def test_nothing_is_kept_without_commit(settings: Settings) -> None:
    optimization = ended(problem())

    async def forget(store: Store) -> Optimization | None:
        async with store.units() as unit:
            await unit.optimizations.add(optimization)
        assert not store.units.freezer.kept
        return await load(store, optimization)

    assert run(settings, forget) is None


def test_nothing_is_kept_of_a_unit_that_failed(settings: Settings) -> None:
    optimization = ended(problem())

    async def fail(store: Store) -> None:
        async with store.units() as unit:
            await unit.optimizations.add(optimization)
            raise ZeroDivisionError

    async def fail_and_look(store: Store) -> Optimization | None:
        with pytest.raises(ZeroDivisionError):
            await fail(store)
        return await load(store, optimization)

    assert run(settings, fail_and_look) is None


def test_an_optimization_is_kept_once(settings: Settings) -> None:
    """Whoever was not told whether it was kept keeps it again."""
    optimization = ended(problem())

    async def twice(store: Store) -> int:
        await keep(store, optimization, optimization)
        async with store.units.engine.connect() as connection:
            return int(await connection.scalar(select(func.count()).select_from(OptimizationResult)) or 0)

    assert run(settings, twice) == 1


def test_many_writers_at_once_all_get_their_turn(settings: Settings) -> None:
    optimizations = [ended(problem()) for _ in range(20)]

    async def race(store: Store) -> int:
        await asyncio.gather(*(keep(store, each) for each in optimizations))
        return sum([await load(store, each) is not None for each in optimizations])

    assert run(settings, race) == 20


def test_a_status_word_of_the_solution_survives(settings: Settings) -> None:
    optimization = ended(problem(risk_free_rate=0.5, objective=MaximumSharpe(0.5)))
    assert optimization.solution is not None
    assert optimization.solution.status is Status.NOT_APPLICABLE

    async def there_and_back(store: Store) -> Optimization | None:
        await keep(store, optimization)
        return await load(store, optimization)

    back = run(settings, there_and_back)
    assert back is not None
    assert plain(back.solution) == plain(optimization.solution)
