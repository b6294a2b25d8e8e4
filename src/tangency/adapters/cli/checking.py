"""A method checked in a process of its own, as it solves in one: it may end the one it is in."""

from __future__ import annotations

import os
import signal
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

import click

from tangency.domain.errors import MethodCrashed
from tangency.domain.optimization.crash import ending

if TYPE_CHECKING:
    from tangency.contracts import MethodReport
    from tangency.domain.optimization.plugins import Plugins


def checked(plugins: Plugins, name: str, examples: int) -> MethodReport:
    """How every law ended for a method.

    Args:
        plugins: finds the method; it is pickled, and no plugin with it.
        name: of the method.
        examples: problems per law.

    Raises:
        ClickException: what the suite needs is not installed.
        MethodCrashed: the method ended the process.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_check, args=(plugins, name, examples, theirs))
    process.start()
    theirs.close()
    try:
        wait([ours, process.sentinel])
        return _received(ours)
    except EOFError:
        process.join()
        ended = f"method {name!r} ended the process that checked it with {ending(process.exitcode or 0)}"
        raise MethodCrashed(f"{ended}. A method never does: it says what happened in the status.") from None
    finally:
        process.kill()  # it may hang, and whoever waited has left
        process.join()
        ours.close()


def _received(channel: Connection) -> MethodReport:
    if not channel.poll():  # the process has ended, and one that it left behind still holds the other end
        raise EOFError
    said: MethodReport | ImportError = channel.recv()
    if isinstance(said, ImportError):
        told = f"the suite needs {said.name}, which the extra brings: pip install 'tangency[contracts]'."
        raise click.ClickException(told)
    return said


def _check(plugins: Plugins, name: str, examples: int, channel: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C comes to every process; the other one ends this one
    try:
        from hypothesis.configuration import set_hypothesis_home_dir

        from tangency import contracts
    except ImportError as error:
        channel.send(error)
        return
    set_hypothesis_home_dir(os.devnull)  # it would leave its notes where the command was run, and can do without
    channel.send(contracts.check(plugins.find_method(name), examples=examples))
