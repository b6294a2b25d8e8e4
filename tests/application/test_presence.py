"""A worker says that it is there; who else is, it asks only where it takes turns with them."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tangency.application.activity import Activity
from tangency.application.presence import registered
from tangency.application.tickets import Tickets
from tests.support.service import Door

EVER = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("shared", [True, False])
def test_a_worker_looks_for_fellows_only_where_they_share_tickets(door: Door, shared: bool) -> None:
    context = door.with_ports(activity=Activity(), tickets=Tickets(shared=shared), lease_s=0.03).service.context
    own = context.activity.worker

    async def moments() -> set[datetime]:
        return {each.seen_at for each in await context.fleet.workers(EVER) if each.id == own}

    async def seen_again() -> UUID | None:
        """The second time begins when the first has ended."""
        async with registered(context):
            seen = await moments()
            while len(seen) < 2:
                await asyncio.sleep(0.01)
                seen |= await moments()
            return context.tickets.own

    assert door.run(seen_again) == (own if shared else None)
