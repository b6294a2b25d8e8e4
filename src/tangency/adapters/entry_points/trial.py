"""A stranger's plugin, loaded in a process of its own before it is loaded here: it may end the one it is in."""

from __future__ import annotations

import signal
import subprocess
import sys
from functools import cache
from importlib.metadata import EntryPoint
from threading import Lock

from tangency.domain.optimization.crash import ending

PATIENCE_S = 60
"""For an import. The heaviest libraries, from a cold disk, take half of it."""
SURVIVED = 94
"""Exit code that says so; no other is to be trusted, for the plugin may choose any."""

PROGRAM = """
import os, resource, signal, sys
from importlib import import_module
from tangency.adapters.entry_points import EntryPointPlugins
patience_s, survived, module, points, *sys.path = sys.argv[1:]
plugins = EntryPointPlugins()
find = {"tangency.methods": plugins.find_method, "tangency.estimators": plugins.find_estimator}
steps = [(import_module, module)]
steps += [(find[group], name) for group, _, name in (point.partition("/") for point in points.splitlines())]
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
signal.alarm(int(patience_s))
for step, name in steps:
    try:
        step(name)
    except BaseException:
        pass  # whoever loads it next is told
os._exit(int(survived))
"""


def refusal(point: EntryPoint, beside: tuple[EntryPoint, ...]) -> str | None:
    """Why a plugin must not be loaded here; None where it may be. It is tried once, as it would be loaded once.

    Its module is imported, its class made, and what it declares is read: with all that are beside it, which takes one
    process, and where that ends, to find out which of them ended it, in others.

    Args:
        point: where it is, on the path of this process.
        beside: every plugin of the same module, this one among them.
    """
    module = point.module
    with _turn(module):
        if _exit_code(module, beside) == SURVIVED:
            return None
        return _told(f"importing {module}", _exit_code(module)) or _told(
            f"loading {point.value}", _exit_code(module, (point,))
        )


@cache
def _turn(_module: str) -> Lock:
    """Of those who want a module at the same moment, one tries it."""
    return Lock()


@cache
def _exit_code(module: str, points: tuple[EntryPoint, ...] = ()) -> int:
    """How the process ended that imported a module and then loaded these plugins."""
    told = "\n".join(f"{point.group}/{point.name}" for point in points)
    command = [sys.executable, "-c", PROGRAM, str(PATIENCE_S), str(SURVIVED), module, told, *sys.path]
    silent = subprocess.DEVNULL
    return subprocess.run(command, stdin=silent, stdout=silent, check=False).returncode  # noqa: S603 - all of it is ours


def _told(step: str, exit_code: int) -> str | None:
    if exit_code == SURVIVED:
        return None
    how = f"ended the process that tried it with {ending(exit_code)}"
    if exit_code == -signal.SIGALRM:
        how = f"did not end within {PATIENCE_S} s"
    return f"{step} {how}. Mend or uninstall it, and start again"
