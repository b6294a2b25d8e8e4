"""``tangency status``: what waits, who works, and what is still to be published."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from tangency.adapters.cli.terminal import console, json_option, print_json, progress

if TYPE_CHECKING:
    from rich.table import Table

    from tangency.adapters.settings import Settings
    from tangency.domain.optimization.fleet import FleetState


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show queues, workers, leases and waiting events.

    Everything is read from the database, so no service needs to run.
    """
    from tangency.adapters.settings import Settings

    settings = Settings.load()
    with progress("Reading the database", as_json):
        state, now = asyncio.run(_read(settings))
    if as_json:
        print_json(document_of(state, now, settings.lease_s))
        return
    for each in (_queues(state, now), _workers(state, now, settings.lease_s), _leases(state, now)):
        console().print(each)
        click.echo()
    click.echo(_backlog(state, now))


async def _read(settings: Settings) -> tuple[FleetState, datetime]:
    from tangency.adapters import container
    from tangency.application.fleet import ReadFleet

    async with container.keeping(settings) as service:
        return await service.handle(ReadFleet()), service.context.clock.now()


def document_of(state: FleetState, now: datetime, lease_s: float) -> dict[str, Any]:
    """The same for programs: moments in UTC, ages in seconds."""
    import msgspec

    from tangency.domain.optimization.identity import spelled

    document: dict[str, Any] = msgspec.to_builtins(state)
    for queue, made in zip(state.queues, document["queues"], strict=True):
        made["oldest_s"] = _age(queue.oldest_at, now)
    for lease, made in zip(state.leases, document["leases"], strict=True):
        made["order"] = spelled(lease.order)
    for worker, made in zip(state.workers, document["workers"], strict=True):
        made["alive"] = _alive(worker.seen_at, now, lease_s)
    document["backlog"]["lag_s"] = _age(state.backlog.oldest_at, now)
    return document


def _age(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else max(0.0, (now - moment).total_seconds())


def _alive(seen_at: datetime, now: datetime, lease_s: float) -> bool:
    return _age(seen_at, now) <= lease_s


def _queues(state: FleetState, now: datetime) -> Table:
    from tangency.adapters.cli.tables import table

    made = table("Queue", "Waiting", "Running", "Oldest waits", numbers=(1, 2, 3))
    for each in state.queues:
        made.add_row(each.queue.value, str(each.waiting), str(each.running), f"{_age(each.oldest_at, now):.0f} s")
    return made


def _workers(state: FleetState, now: datetime, lease_s: float) -> Table:
    from tangency.adapters.cli.tables import table

    made = table("Worker", "Process", "Queues", "Busy", "State", "Seen", "Version", numbers=(1, 5))
    for each in state.workers:
        condition = "draining" if each.draining else "working" if each.busy else "idle"
        told = condition if _alive(each.seen_at, now, lease_s) else "lost"
        seen, queues = f"{_age(each.seen_at, now):.0f} s ago", ", ".join(each.queues)
        made.add_row(each.host, str(each.process), queues, f"{each.busy} of {each.slots}", told, seen, each.version)
    return made


def _leases(state: FleetState, now: datetime) -> Table:
    from tangency.adapters.cli.tables import table
    from tangency.domain.optimization.identity import spelled

    processes = {each.id: f"{each.host} {each.process}" for each in state.workers}
    made = table("Optimization", "Queue", "Attempt", "Worker", "Lease ends in", numbers=(2, 4))
    for each in state.leases:
        holder = "unknown" if each.worker is None else processes.get(each.worker, "gone")
        left = "ended" if each.until is None or each.until < now else f"{(each.until - now).total_seconds():.0f} s"
        made.add_row(spelled(each.order), each.queue.value, str(each.attempt), holder, left)
    return made


def _backlog(state: FleetState, now: datetime) -> str:
    backlog = state.backlog
    waiting = f"{backlog.events:,} events and {backlog.tickets:,} tickets wait to be published"
    lag = f", the oldest for {_age(backlog.oldest_at, now):.0f} s" if backlog.events else ""
    return f"{waiting}{lag}; {backlog.refused:,} were refused."
