"""A stranger's module, imported in a process of its own before it is imported here: it may end the one it is in."""

from __future__ import annotations

import signal
import subprocess
import sys
from functools import cache
from threading import Lock

from tangency.domain.optimization.crash import ending

PATIENCE_S = 60
"""For an import. The heaviest libraries, from a cold disk, take half of it."""
SURVIVED = 94
"""Exit code that says so; no other is to be trusted, for the module may choose any."""

PROGRAM = """
import os, resource, signal, sys
from importlib import import_module
patience_s, survived, module, *sys.path = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
signal.alarm(int(patience_s))
try:
    import_module(module)
except BaseException:
    pass  # whoever imports it next is told
os._exit(int(survived))
"""


def refusal(module: str) -> str | None:
    """Why a module must not be imported here; None where it may be. It is tried once, as it would be imported once.

    Args:
        module: its name, on the path of this process.
    """
    with _turn(module):
        return _tried(module)


@cache
def _turn(_module: str) -> Lock:
    """Of those who want a module at the same moment, one tries it."""
    return Lock()


@cache
def _tried(module: str) -> str | None:
    if module in sys.modules:
        return None
    command = [sys.executable, "-c", PROGRAM, str(PATIENCE_S), str(SURVIVED), module, *sys.path]
    silent = subprocess.DEVNULL
    exit_code = subprocess.run(command, stdin=silent, stdout=silent, check=False).returncode  # noqa: S603 - all of it is ours
    return None if exit_code == SURVIVED else f"{_told(module, exit_code)}. Mend or uninstall it, and start again"


def _told(module: str, exit_code: int) -> str:
    if exit_code == -signal.SIGALRM:
        return f"importing {module} did not end within {PATIENCE_S} s"
    return f"importing {module} ended the process that tried it with {ending(exit_code)}"
