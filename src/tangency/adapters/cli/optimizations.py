"""``tangency optimizations``: those that are ordered now and carried out later, by whoever serves the database."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tangency.adapters.cli.exit_codes import NO_ANSWER, OK, ExitCode, exit_code_of_outcome
from tangency.adapters.cli.failures import tell_conflict
from tangency.adapters.cli.terminal import Command, console, json_option, print_json, progress

if TYPE_CHECKING:
    from tangency.adapters.cli.desk import Desk
    from tangency.adapters.document.orders import OptimizationDocument, OptimizationList

LOOK_S = 0.5
LIMITS = ("max_position_size", "min_position_size", "max_turnover", "target_volatility")
STATUSES = ("processing", "completed", "failed", "infeasible", "cancelled")
Answer = TypeVar("Answer")


def url_option(command: Command) -> Command:
    """``--url`` for a command."""
    help_text = "Of a service to ask, such as http://127.0.0.1:8000.  [default: the database of the settings]"
    return click.option("--url", metavar="URL", help=help_text)(command)


ID = click.argument("optimization_id", metavar="ID")


@click.group()
def optimizations() -> None:
    """Order optimizations to be solved later, and read them.

    A `tangency serve` or `tangency worker` on the same database solves them.
    """


@optimizations.command("order")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--portfolio-id", metavar="ID", help="The id of the imported prices and holdings.")
@click.option("--optimization-type", metavar="NAME", help="A method from `tangency methods`.")
@click.option("--objective", metavar="NAME", help="maximize_sharpe, minimize_risk, ...")
@click.option("--risk-measure", metavar="NAME", help="volatility, cvar, ...")
@click.option("--max-position-size", type=float, help="Largest weight of every name.")
@click.option("--min-position-size", type=float, help="Smallest weight of a name that is held.")
@click.option("--max-turnover", type=float, help="Largest one-way turnover, cash included, as a fraction of the value.")
@click.option("--target-volatility", type=float, help="Largest annual volatility.")
@click.option("--follow", "follows", is_flag=True, help="Wait for the result, as `follow` does.")
@url_option
@json_option
def order(file: Path | None, url: str | None, follows: bool, as_json: bool, **asked: str | float | None) -> int:
    """Order an optimization of an imported portfolio.

    FILE is JSON or YAML: the document of POST /api/v1/optimizations; a dash reads JSON from standard input. Options
    override its fields, or replace it.
    """
    document = _with_options(_document(file), asked)
    made = _asked(url, lambda desk: desk.order(document))
    if follows:
        return _followed(made.optimization_id, url, as_json)
    if as_json:
        print_json(made)
    else:
        click.echo(f"{made.optimization_id} is ordered, and expected by {made.estimated_completion_time:%F %T} UTC.")
    return OK.code


@optimizations.command("show")
@ID
@url_option
@json_option
def show(optimization_id: str, url: str | None, as_json: bool) -> None:
    """Show the state and the result of an order."""
    _print(_asked(url, lambda desk: desk.show(optimization_id)), as_json)


@optimizations.command("list")
@click.option("--portfolio-id", metavar="ID", help="Only those of this portfolio.")
@click.option("--status", type=click.Choice(STATUSES), help="Only those with this status.")
@click.option("--limit", type=int, help="How many to list, at most 200.  [default: 50]")
@click.option("--cursor", help="Continue where the previous page ended.")
@url_option
@json_option
def list_(url: str | None, as_json: bool, **asked: str | int | None) -> None:
    """List the orders, newest first."""
    query = {name: str(value) for name, value in asked.items() if value is not None}
    found = _asked(url, lambda desk: desk.find(query))
    if as_json:
        print_json(found)
    else:
        _print_list(found)


@optimizations.command("cancel")
@ID
@url_option
@json_option
def cancel(optimization_id: str, url: str | None, as_json: bool) -> None:
    """Cancel an order, even while it is being solved."""
    _print(_asked(url, lambda desk: desk.cancel(optimization_id)), as_json)


@optimizations.command("follow")
@ID
@url_option
@json_option
def follow(optimization_id: str, url: str | None, as_json: bool) -> int:
    """Wait until an order has ended, and show it. The exit code says how it ended."""
    return _followed(optimization_id, url, as_json)


def _document(file: Path | None) -> dict[str, Any]:
    from tangency.adapters import container

    if file is None:
        return {}
    path, content = (Path("standard input"), sys.stdin.buffer.read()) if str(file) == "-" else (file, file.read_bytes())
    document = container.read_document(path, content)
    if not isinstance(document, dict):
        raise click.BadParameter(f"{path} holds no request: it begins with no object.", param_hint="FILE")
    return document


def _with_options(document: dict[str, Any], asked: dict[str, str | float | None]) -> dict[str, Any]:
    """What is stated on the command line wins."""
    stated = {name: value for name, value in asked.items() if value is not None}
    limits = {name: stated.pop(name) for name in LIMITS if name in stated}
    written = document.get("constraints", {})
    constraints = {"constraints": {**written, **limits}} if limits and isinstance(written, dict) else {}
    return {**document, **stated, **constraints}


def _asked(url: str | None, ask: Callable[[Desk], Awaitable[Answer]]) -> Answer:
    """One question at the desk."""
    from tangency.adapters.cli.desk import desk_at

    async def answer() -> Answer:
        async with desk_at(url) as desk:
            return await ask(desk)

    return asyncio.run(answer())


def _followed(optimization_id: str, url: str | None, as_json: bool) -> int:
    with progress(f"Waiting for {optimization_id}", as_json):
        ended = _asked(url, lambda desk: _until_it_ended(desk, optimization_id))
    _print(ended, as_json)
    return _ending(ended).code


async def _until_it_ended(desk: Desk, optimization_id: str) -> OptimizationDocument:
    document = await desk.show(optimization_id)
    while document.status == "processing":
        await asyncio.sleep(LOOK_S)
        document = await desk.show(optimization_id)
    return document


def _ending(document: OptimizationDocument) -> ExitCode:
    if document.failure is not None:
        return exit_code_of_outcome(document.failure.outcome)
    return OK if document.status == "completed" else NO_ANSWER


# --- what people read ---------------------------------------------------------------------------------------------


def _print(document: OptimizationDocument, as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    state = document.status if document.queue_state is None else f"{document.status} ({document.queue_state})"
    click.echo(f"{document.optimization_id}: {document.objective} of portfolio {document.portfolio_id!r} is {state}.")
    if document.failure is not None:
        click.echo(document.failure.message)
        tell_conflict(document.failure.conflict or (), document.failure.relaxation or (), console())
    if document.status == "completed":
        _print_answer(document)


def _print_answer(document: OptimizationDocument) -> None:
    from tangency.adapters.cli.tables import allocation_table, outcome_table

    screen = console()
    screen.print()
    screen.print(allocation_table(document.current_allocation or {}, document.target_allocation or {}))
    screen.print(outcome_table(document.metrics))


def _print_list(found: OptimizationList) -> None:
    from tangency.adapters.cli.tables import table

    made = table("Optimization", "Portfolio", "Objective", "Status", "Ordered, UTC")
    made.columns[0].no_wrap = True  # to be copied
    for each in found.optimizations:
        status = each.queue_state or each.status
        made.add_row(each.optimization_id, each.portfolio_id, each.objective, status, f"{each.created_at:%F %T}")
    console().print(made)
    if found.next_cursor is not None:
        click.echo(f"There are more: --cursor {found.next_cursor}")
