"""The command ``tangency``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from tangency.adapters.cli import failures
from tangency.adapters.cli.database import database
from tangency.adapters.cli.demo import demo
from tangency.adapters.cli.exit_codes import INTERRUPTED, OK, STORAGE, USAGE, told
from tangency.adapters.cli.factors import factors
from tangency.adapters.cli.frontier import frontier
from tangency.adapters.cli.importing import importing
from tangency.adapters.cli.methods import methods
from tangency.adapters.cli.optimizations import optimizations
from tangency.adapters.cli.optimize import optimize
from tangency.adapters.cli.pulsar import broker
from tangency.adapters.cli.rebalance import rebalance
from tangency.adapters.cli.serve import serve
from tangency.adapters.cli.settings import settings
from tangency.adapters.cli.status import status
from tangency.adapters.cli.upstream import upstream
from tangency.adapters.cli.worker import worker

EPILOG = f"\b\nExit codes:\n{told()}"


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tangency", message="%(prog)s %(version)s")
@click.option("--traceback", is_flag=True, help="Show where an unexpected error came from.")
def tangency(traceback: bool) -> None:
    """Optimize portfolios, with a proof that the answer is right.

    Start with `tangency demo`. Settings come from variables that begin with TANGENCY_, or from the TOML file that
    TANGENCY_CONFIG names.
    """


WORK = (demo, optimize, optimizations, rebalance, factors, frontier, importing, methods)
SERVICE = (serve, worker, status, upstream, database, broker, settings)

for command in (*WORK, *SERVICE):
    tangency.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and say how it ended."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    try:
        ended = tangency.main(given, prog_name="tangency", standalone_mode=False)
    except click.ClickException as error:
        failures.report_usage(error, as_json)
        return USAGE.code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED.code
    except BrokenPipeError:  # whoever read our output has seen enough
        return _reader_left()
    except Exception as error:  # noqa: BLE001 - the outermost place: nothing may end in a traceback unasked
        return failures.report(error, as_json, with_traceback="--traceback" in given).code
    return ended if isinstance(ended, int) else OK.code


def _reader_left() -> int:
    """Leave without Python's own complaint about the closed pipe."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return STORAGE.code
