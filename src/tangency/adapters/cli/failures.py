"""Errors as people and programs read them. Nobody is shown a traceback who did not ask for one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tangency.adapters.cli.exit_codes import (
    INVALID,
    NEIGHBOUR,
    STORAGE,
    UNEXPECTED,
    USAGE,
    ExitCode,
    exit_code_of,
    exit_code_of_class,
)
from tangency.adapters.cli.terminal import console, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from tangency.adapters.document.problem import ConflictingLimit, Problem, RelaxedLimit
    from tangency.application.question import Question

USAGE_STATUS, AWAY_STATUS = 400, 503
"""Problem documents carry an HTTP status; these are the nearest for what has none."""

OWN_KINDS = {USAGE: ("settings", USAGE_STATUS), STORAGE: ("storage", AWAY_STATUS), NEIGHBOUR: ("broker", AWAY_STATUS)}
"""Slug and status of what only a command meets, by how it ends."""


class Failed(Exception):
    """An error on its way out of a command, with the question that it answers."""

    def __init__(self, error: Exception, question: Question | None = None) -> None:
        self.error, self.question = error, question
        super().__init__(str(error))


class Told(Exception):
    """A problem that a service told of; it reads and ends as if it had been met here."""

    def __init__(self, document: Problem) -> None:
        self.document = document
        super().__init__(document.detail)


def report(error: Exception, as_json: bool, with_traceback: bool = False) -> ExitCode:
    """Tell what went wrong, and how the command ends.

    Args:
        error: anything a command raised.
        as_json: a problem document on standard output, instead of sentences on standard error.
        with_traceback: for an unexpected error in Tangency.
    """
    question = error.question if isinstance(error, Failed) else None
    error = error.error if isinstance(error, Failed) else error
    ending = _ending_of(error)
    if ending is UNEXPECTED and with_traceback:
        sys.excepthook(type(error), error, error.__traceback__)
    if as_json:
        print_json(problem_document(error, question, ending))
    else:
        _tell(error, question, ending)
    return ending


def _ending_of(error: Exception) -> ExitCode:
    if not isinstance(error, Told):
        return exit_code_of(error)
    from tangency.adapters.document.problem import KINDS

    return next((exit_code_of_class(each) for each, kind in KINDS.items() if kind.type == error.document.type), INVALID)


def report_usage(error: click.ClickException, as_json: bool) -> None:
    """Tell what is wrong with the command line."""
    if not as_json:
        error.show()
        return
    from tangency.adapters.document.problem import Kind, problem

    print_json(problem(Kind("usage", USAGE_STATUS, "The command line cannot be used", ""), error.format_message()))


def problem_document(error: Exception, question: Question | None, ending: ExitCode) -> Problem:
    """The problem document that REST gives for an error; errors that REST never has get one of their own."""
    from tangency.adapters.document.problem import INTERNAL, Kind, kind_of, problem, problem_of

    if isinstance(error, Told):
        return error.document
    if kind_of(error) is not INTERNAL:
        return problem_of(error, question)
    if ending is UNEXPECTED:
        return problem(INTERNAL, sentence(error, ending))
    slug, status = OWN_KINDS[ending]
    return problem(Kind(slug, status, _capitalised(ending.meaning), ""), sentence(error, ending))


def sentence(error: Exception, ending: ExitCode) -> str:
    """An error in one sentence."""
    if ending is UNEXPECTED:
        remedy = "This is an error in Tangency; run `tangency --traceback ...` again and report what it says."
        return f"{type(error).__name__}: {error}. {remedy}"
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'}: {error.strerror or error}."
    return str(error)


def _tell(error: Exception, question: Question | None, ending: ExitCode) -> None:
    document = problem_document(error, question, ending)
    screen = console(stderr=True)
    mistakes = document.errors or ()
    several = len(mistakes) > 1
    screen.print(f"Error: {f'There are {len(mistakes)} mistakes:' if several else document.detail}", soft_wrap=True)
    for item in mistakes if several else ():
        screen.print(f"  {item.pointer[1:] or 'request'} {item.detail}", soft_wrap=True)
    tell_conflict(document.conflict or (), document.relaxation or (), console(stderr=True))


def tell_conflict(conflict: Sequence[ConflictingLimit], relaxation: Sequence[RelaxedLimit], screen: Console) -> None:
    """Which limits contradict each other, and what would have to give way."""
    from tangency.adapters.cli.tables import conflict_table, relaxation_table

    if conflict:
        screen.print("\nThese limits contradict each other:")
        screen.print(conflict_table(conflict))
    if relaxation:
        screen.print("The smallest change that resolves the conflict:")
        screen.print(relaxation_table(relaxation))


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
