"""Processes of ``tangency`` forked from one that has loaded everything already, a nursery for each process of tests.

Loading takes a second of processor time, and tests start services by the dozen. What is born here runs the function
that the installed script calls, in a process, a folder and an environment of its own, and so does the server that its
solver processes are forked from. Run by itself, this module is a nursery: ``nursery NUMBER``, the number that of a
socket; each message there asks for a process to be born.
"""

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from multiprocessing import forkserver, util
from pathlib import Path
from typing import Any, TextIO
from unittest.mock import patch

from tangency.adapters.cli.main import main
from tangency.adapters.solving import fork_server

ROOM = 2**18
"""Bytes of a message, which states an environment."""
LOADED = (
    "aiosqlite",
    "alembic.command",
    "anyio._backends._asyncio",
    "litestar.plugins.attrs",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "tangency.adapters.container",
    "tangency.adapters.grpc.server",
    "tangency.adapters.rest.app",
    "tangency.adapters.rest.server",
    "tangency.adapters.rest.vital_signs",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.httptools_impl",
    *fork_server.PRELOADED,
    *fork_server.PROMPT,
)
"""What a service would load at its start, and what its fork server would."""


@dataclass(eq=False)
class Born:
    """A process that runs, to be treated as one of :mod:`subprocess`."""

    pid: int
    stdout: TextIO
    ending: int = field(repr=False)
    returncode: int | None = None

    def send_signal(self, which: signal.Signals) -> None:
        """Nothing where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, which)

    def terminate(self) -> None:
        """Tell it to end."""
        self.send_signal(signal.SIGTERM)

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        if self.returncode is None and select.select([self.ending], [], [], 0.0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, once it has.

        Raises:
            TimeoutError: it has not, so many seconds from now.
        """
        if self.returncode is None:
            if not select.select([self.ending], [], [], timeout)[0]:
                raise TimeoutError
            self.returncode = int(os.read(self.ending, 16))
            os.close(self.ending)
        return self.returncode


def born(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], stderr: TextIO | None = None) -> Born:
    """A process of ``tangency`` that was just started, with what it prints; its errors go where ours do, or there."""
    stdout, written = os.pipe()
    ending, told = os.pipe()
    wish = json.dumps({"arguments": arguments, "folder": str(folder), "environment": dict(environment)})
    nursery = _nursery()
    socket.send_fds(nursery, [wish.encode()], [written, stderr.fileno() if stderr else 2, told])
    os.close(written)
    os.close(told)
    return Born(int(nursery.recv(16)), os.fdopen(stdout), ending)


@cache
def _nursery() -> socket.socket:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        command = [sys.executable, "-m", "tests.support.nursery", str(its.fileno())]
        nursery = subprocess.Popen(command, pass_fds=[its.fileno()], cwd=Path(__file__).parents[2])
    atexit.register(_end, ours, nursery)
    return ours


def _end(ours: socket.socket, nursery: subprocess.Popen[bytes]) -> None:
    ours.close()
    nursery.wait()


class Nursery:
    """Bears processes as it is told, and tells how they end, until nobody is there who could ask."""

    def __init__(self, asked: socket.socket) -> None:
        self._asked = asked
        self._endings: dict[int, int] = {}
        self._woken, self._waking = os.pipe()
        os.set_blocking(self._waking, False)

    def run(self) -> int:
        """The exit code: the nursery's, or in a process that was born, that one's."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with whoever asks
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waking)
        while True:
            ready, _, _ = select.select([self._asked.fileno(), self._woken], [], [])
            if self._woken in ready:
                os.read(self._woken, 1024)
                self._bury()
            if self._asked.fileno() in ready:
                wish, files, *_ = socket.recv_fds(self._asked, ROOM, 3)
                if not wish:
                    return 0
                child = self._bear(*files)
                if not child:
                    return _live(json.loads(wish))

    def _bear(self, stdout: int, stderr: int, ending: int) -> int:
        """The number of a process that was just born; 0 there."""
        child = os.fork()
        if child:
            self._endings[child] = ending
            self._asked.send(str(child).encode())
        else:
            os.dup2(stdout, 1)
            os.dup2(stderr, 2)
            self._leave(ending)
        os.close(stdout)
        os.close(stderr)
        return child

    def _leave(self, ending: int) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._asked.close()
        for each in (self._woken, self._waking, ending, *self._endings.values()):
            os.close(each)

    def _bury(self) -> None:
        while self._endings:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                return
            ending = self._endings.pop(child)
            os.write(ending, str(os.waitstatus_to_exitcode(status)).encode())
            os.close(ending)


def _live(wish: Mapping[str, Any]) -> int:
    """As a process that was started with these arguments in this folder, with this environment."""
    os.chdir(wish["folder"])
    os.environ.clear()
    os.environ.update(wish["environment"])
    first = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [*filter(None, first), *(place for place in sys.path if place not in first)]
    _keep_a_fork_server()
    return main(wish["arguments"])


def _keep_a_fork_server() -> None:
    """Fork, ahead of threads and loops, the process that a service would start by exec to fork its solvers.

    It is the service's child as that one would be. Where it died, the next is started as anywhere.
    """
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    kept, start = os.fork(), util.spawnv_passfds
    if not kept:
        ours.close()
        sys.exit(_fork_solvers(its))
    its.close()

    def started(path: Any, arguments: Sequence[Any], files: Sequence[int]) -> int:
        if ours.fileno() < 0 or "forkserver" not in arguments[-1]:
            return start(path, arguments, files)
        with ours:
            socket.send_fds(ours, [json.dumps(dict(os.environ)).encode()], files)
        return kept

    patch.object(util, "spawnv_passfds", started).start()


def _fork_solvers(asked: socket.socket) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with asked:
        environment, files, *_ = socket.recv_fds(asked, ROOM, 2)
    if environment:
        os.environ.clear()
        os.environ.update(json.loads(environment))
        forkserver.main(files[0], files[1], ())
    return 0


if __name__ == "__main__":
    gc.disable()
    for module in LOADED:
        import_module(module)
    gc.freeze()  # it stays: looking through it again would only copy its pages
    gc.enable()
    sys.exit(Nursery(socket.socket(fileno=int(sys.argv[1]))).run())
