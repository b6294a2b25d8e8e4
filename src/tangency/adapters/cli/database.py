"""``tangency db``: the revision of the database, and what is read of it."""

from __future__ import annotations

import asyncio

import click

from tangency.adapters.cli.terminal import json_option, print_json, progress


@click.group("db")
def database() -> None:
    """Upgrade, inspect, check and repair the database."""


@database.command("upgrade")
@json_option
def upgrade(as_json: bool) -> None:
    """Upgrade the database to the newest revision. SQLite files are upgraded automatically."""
    from tangency.adapters import container
    from tangency.adapters.settings import Settings

    with progress("Upgrading the database", as_json):
        revision = asyncio.run(container.upgrade(Settings.load()))
    _print(revision, as_json)


@database.command("current")
@json_option
def current(as_json: bool) -> None:
    """Show the revision of the database."""
    from tangency.adapters import container
    from tangency.adapters.settings import Settings

    _print(asyncio.run(container.current(Settings.load())), as_json)


@database.command("rebuild")
@json_option
def rebuild(as_json: bool) -> None:
    """Rebuild the read tables from the records. Writing waits meanwhile; reading goes on."""
    from tangency.adapters import container
    from tangency.adapters.settings import Settings

    with progress("Rebuilding what is read", as_json):
        rows = asyncio.run(container.rebuild(Settings.load()))
    _print_rows(rows, as_json)


@database.command("check")
@json_option
def check(as_json: bool) -> None:
    """Compare the tables with this release, and the read tables with the records."""
    from tangency.adapters import container
    from tangency.adapters.settings import Settings

    with progress("Checking the database", as_json):
        rows = asyncio.run(container.check_database(Settings.load()))
    _print_rows(rows, as_json)


def _print_rows(rows: dict[str, int], as_json: bool) -> None:
    if as_json:
        print_json({"rows": rows})
        return
    for table, count in rows.items():
        click.echo(f"{table}: {count} rows")


def _print(revision: str | None, as_json: bool) -> None:
    if as_json:
        print_json({"revision": revision})
    else:
        click.echo(revision or "none: the database is empty")
