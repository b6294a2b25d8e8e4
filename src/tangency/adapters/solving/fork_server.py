"""Where solver processes come from: one server process, with the solvers loaded and a single thread, that forks them.

The server is started by exec, so it is safe beside event loops and threads, and forks in milliseconds because nothing
has to be imported again. Neither it nor its children ever run the program that asked for them.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType

from tangency.adapters.solving.solver_process import BLAS_THREADS

PRELOADED = (
    "tangency.adapters.entry_points.catalogue",
    "tangency.adapters.solving.in_process",
    "tangency.adapters.solving.solver_process",
    "scipy.linalg",
)
"""What every solver process needs. Nothing here may start a thread: a fork copies one thread and everybody's locks."""

PROMPT = ("scipy.optimize",)
"""What some problems need, and takes a fifth of the server's start: loaded ahead where somebody waits for an answer."""

_main = threading.Lock()


class SolverProcess(ForkServerProcess):
    """A process that does not import the program that asked for it, whether or not that program is guarded."""

    def start(self) -> None:
        """Start it."""
        with _alone():
            super().start()


class SolverContext(ForkServerContext):
    """What a pool starts its processes by."""

    Process = SolverProcess


def start(modules: Iterable[str]) -> None:
    """Start the server if it is not running, with modules loaded beside those that every solver process needs.

    From here on, this process and everything it starts is told to use one thread per BLAS call: the libraries read
    these variables once, when they are loaded, and kernels on several threads are not reproducible.
    """
    os.environ.update(dict.fromkeys(BLAS_THREADS, "1"))
    forkserver.set_forkserver_preload([*PRELOADED, *modules])
    with _alone():
        forkserver.ensure_running()


@contextmanager
def _alone() -> Iterator[None]:
    """For a moment, look like a program that has no file and no keyboard: what starts now is to have neither.

    Ctrl-C goes to every process of a terminal. The server ignores it once it listens, and would die of it before.
    """
    resource_tracker.ensure_running()  # by the server; it lets interrupts in again where it starts one
    with _main:
        program = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            sys.modules["__main__"] = program
