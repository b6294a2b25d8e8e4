"""What one database takes, the other takes too: the longest names, the smallest and the largest figures."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np

from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.settings import Settings
from tangency.adapters.sql import Store
from tangency.domain.optimization.document import content_hash
from tangency.domain.optimization.optimization import Answer, Configuration, Optimization
from tangency.domain.risk.measure import MEASURES
from tests.contracts.test_orders import order
from tests.contracts.test_store import ended, keep, load, problem, run

LONGEST = 100
CATALOGUE = EntryPointPlugins().describe()


def names() -> list[str]:
    """Of every method, objective and measure that is registered."""
    objectives = [name for method in CATALOGUE for name in (method["capabilities"] or {}).get("objectives", ())]
    return [*(method["name"] for method in CATALOGUE), *objectives, *MEASURES]


def test_no_name_is_longer_than_its_column() -> None:
    assert max(map(len, names())) <= LONGEST


def test_the_longest_names_come_back(settings: Settings) -> None:
    longest, portfolio = max(names(), key=len).ljust(LONGEST, "x"), "ü" * LONGEST
    tenant = replace_tenant(settings, "t" * LONGEST)
    optimization = ended(problem(), portfolio)
    optimization.configuration = Configuration(longest, longest, {"max_weight": 0.1 + 0.2}, {})
    made = order()
    wording = {**made.wording, **dict.fromkeys(("optimization_type", "objective", "risk_measure"), longest)}

    async def work(store: Store) -> tuple[Optimization | None, Answer | None, str]:
        await keep(store, optimization)
        async with store.units() as unit:
            await unit.orders.add(replace(made, wording=wording))
            await unit.commit()
        state = await store.order(made.optimization.id)
        assert state is not None
        return await load(store, optimization), await store.answer(portfolio), str(state.wording["objective"])

    back, answer, objective = run(tenant, work)
    assert back is not None
    assert back.configuration == optimization.configuration
    assert answer is not None
    assert (answer.portfolio_id, objective) == (portfolio, longest)


def replace_tenant(settings: Settings, tenant: str) -> Settings:
    """Other data in the same database."""
    kept = {name: getattr(settings, name) for name in ("database_url", "data_dir", "database_wait_s")}
    return Settings(**kept, tenant=tenant)


def test_figures_come_back_to_the_last_bit_and_times_to_the_microsecond(settings: Settings) -> None:
    """JSONB would make 0 of -0, and an integer of 1e22."""
    at = datetime(2026, 3, 29, 2, 30, 0, 123457, tzinfo=timezone(timedelta(hours=2)))
    current = np.array([-0.0, 5e-324, 1.0 - 1e-16])
    optimization = ended(problem(current=current, risk_free_rate=0.1 + 0.2 - 0.3), at=at)

    async def work(store: Store) -> Optimization | None:
        await keep(store, optimization)
        return await load(store, optimization)

    back = run(settings, work)
    assert back is not None
    assert back.problem.current is not None
    assert back.problem.current.tobytes() == current.tobytes()
    assert content_hash(back.problem) == content_hash(optimization.problem)
    assert (back.requested_at, back.requested_at.tzinfo) == (at, UTC)
