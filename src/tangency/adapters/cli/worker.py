"""``tangency worker``: carry orders out."""

from __future__ import annotations

import click

from tangency.adapters.cli.roles import Queues
from tangency.adapters.cli.serve import run, settings_with
from tangency.application.duties import Duties, Role
from tangency.domain.optimization.queue import EVERY_QUEUE, Queue


@click.command()
@click.option(
    "--queue",
    "queues",
    type=Queues(),
    default=EVERY_QUEUE,
    show_default=",".join(EVERY_QUEUE),
    metavar="QUEUE,...",
    help="The queues to take orders from.",
)
@click.option(
    "--concurrency", type=click.IntRange(1, 1_024), help="How many orders to solve at a time.  [default: one per core]"
)
@click.option("--host", help="Where to answer /health/live and /health/ready.  [default: TANGENCY_HOST, or 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="The port; 0 for any free one.  [default: TANGENCY_PORT, or 8000]"
)
def worker(queues: tuple[Queue, ...], concurrency: int | None, host: str | None, port: int | None) -> None:
    """Solve orders on this machine until it is told to stop.

    The same as `tangency serve --role worker`. Any number of workers can share one PostgreSQL.
    """
    settings = settings_with(solver_workers=concurrency, host=host, port=port)
    run(settings, Duties(frozenset({Role.WORKER}), queues))
