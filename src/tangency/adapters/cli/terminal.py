"""What every command shares: where its words go, whether anybody watches, and how JSON leaves it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console

NARROWEST = 80
"""Columns that tables need; a narrower terminal wraps its lines."""
WIDEST = 120

Command = TypeVar("Command", bound=Callable[..., Any])
Step = Callable[[], None]


def json_option(command: Command) -> Command:
    """``--json`` for a command."""
    help_text = "Print one JSON document on standard output: the result, or a problem document."
    return click.option("--json", "as_json", is_flag=True, help=help_text)(command)


def portfolio_option(command: Command) -> Command:
    """``--portfolio-id`` for a command."""
    help_text = "The id under which requests ask for it."
    return click.option("--portfolio-id", required=True, metavar="ID", help=help_text, callback=_composed)(command)


def _composed(_context: click.Context, _option: click.Parameter, given: str) -> str:
    """An id as it is spelled wherever it comes in."""
    from tangency.domain.composed import composed_text

    return composed_text(given)


def console(stderr: bool = False) -> Console:
    """Where tables are printed."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    made.width = min(max(made.width, NARROWEST), WIDEST)
    return made


def print_json(document: object) -> None:
    """One JSON document on standard output, indented."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))


@contextmanager
def progress(words: str, quiet: bool, steps: int | None = None) -> Iterator[Step]:
    """A bar on standard error while something takes its time; nothing where nobody watches.

    Args:
        words: what is being done.
        quiet: whether to show nothing in any case.
        steps: how many times the result will be called; without it the bar only shows that something happens.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(words, total=steps)
        yield lambda: bar.advance(task)
