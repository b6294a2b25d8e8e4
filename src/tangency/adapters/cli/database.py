"""``tangency db``: the revision of the database."""

from __future__ import annotations

import asyncio

import click

from tangency.adapters.cli.terminal import json_option, print_json, progress


@click.group("db")
def database() -> None:
    """Bring the database up to date, or look where it is."""


@database.command("upgrade")
@json_option
def upgrade(as_json: bool) -> None:
    """Bring the database to the newest revision. A SQLite file is upgraded by itself."""
    from tangency.adapters import container
    from tangency.adapters.settings import Settings

    with progress("Upgrading the database", as_json):
        revision = asyncio.run(container.upgrade(Settings.load()))
    _print(revision, as_json)


@database.command("current")
@json_option
def current(as_json: bool) -> None:
    """Say which revision the database is at."""
    from tangency.adapters import container
    from tangency.adapters.settings import Settings

    _print(asyncio.run(container.current(Settings.load())), as_json)


def _print(revision: str | None, as_json: bool) -> None:
    if as_json:
        print_json({"revision": revision})
    else:
        click.echo(revision or "none: the database is empty")
