"""``tangency upstream``: the services that data comes from in place of imports."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from tangency.adapters.cli.exit_codes import NEIGHBOUR, OK
from tangency.adapters.cli.terminal import console, json_option, portfolio_option, print_json, progress

if TYPE_CHECKING:
    from tangency.adapters.container import Checked


@click.group()
def upstream() -> None:
    """Check the services that supply the data."""


@upstream.command("check")
@portfolio_option
@click.option(
    "--name", "names", multiple=True, help="An asset to ask prices for; may be repeated.  [default: the assets held]"
)
@json_option
def check(portfolio_id: str, names: tuple[str, ...], as_json: bool) -> int:
    """Ask each service once about a portfolio that it should know.

    Says for each whether it can be reached, whether its answer keeps the contract, and how long it took. Nothing is
    stored.
    """
    from tangency.adapters import container
    from tangency.adapters.settings import Settings

    settings = Settings.load()
    with progress("Asking the neighbours", as_json):
        found = asyncio.run(container.check_neighbours(settings, portfolio_id, names))
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        _print(found)
    return OK.code if all(each.fine for each in found) else NEIGHBOUR.code


def _print(found: Sequence[Checked]) -> None:
    if not found:
        click.echo("Data comes from imports: no TANGENCY_UPSTREAM_..._URL says where a neighbouring service is.")
        return
    from tangency.adapters.cli.tables import table

    made = table("Service", "Reachable", "Contract", "Latency")
    for each in found:
        reachable = "yes" if each.reachable else "no"
        made.add_row(f"{each.service}\n{each.host}", reachable, each.contract, f"{each.latency_ms:.0f} ms")
    console().print(made)
