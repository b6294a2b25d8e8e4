"""``tangency pulsar``: what the broker must have."""

from __future__ import annotations

import click

RETENTION_DAYS = 7


@click.group("pulsar")
def broker() -> None:
    """Set up the broker that events are published to."""


@broker.command("setup")
@click.option(
    "--retention-days",
    type=click.IntRange(1, 3650),
    default=RETENTION_DAYS,
    show_default=True,
    help="How many days the broker keeps events for late or restarted subscribers.",
)
def setup(retention_days: int) -> None:
    """Create tenant, namespace, topics, subscriptions and retention through the broker's web port.

    TANGENCY_PULSAR_WEB_URL names it. What is there already stays, so that this can be run before every start.
    """
    from tangency.adapters import container
    from tangency.adapters.settings import Settings

    for made in container.set_up_broker(Settings.load(), retention_days):
        click.echo(made)
