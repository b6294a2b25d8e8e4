"""One solver process, seen from the pool: a job goes in, and an answer comes out or the process ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import weakref
from typing import Self

import msgspec

from tangency.adapters.solving import frame, solver_process
from tangency.adapters.solving.fork_server import SolverContext, SolverProcess
from tangency.domain.optimization.plugins import Plugins

UNKNOWN_ENDING = 255
"""The exit code that is reported if the fork server died, and with it what it knew of the process."""
START_S = 60.0
"""A fork takes milliseconds, but before the first one the fork server loads the solvers."""
SETTLING_S = 5.0
"""After an answer, a process checks its own state. That takes a fraction of a millisecond."""
LAST_WORDS_S = 1.0
"""How long to read on after a process has ended. A child of its own may still hold the socket open."""
ROOM_BYTES = 2**20

_context = SolverContext()


class Ended(Exception):
    """A process ended before it answered.

    Attributes:
        exit_code: negative for a signal.
    """

    def __init__(self, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(f"exit code {exit_code}")


class Solver:
    """One process, which does one job at a time.

    Attributes:
        threads: how many threads its fork server has; None if the system does not tell.
    """

    threads: int | None = None
    _busy = False

    def __init__(self, process: SolverProcess, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._process, self._pid = process, process.pid or 0
        self._reader, self._writer = reader, writer
        self._exit_code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(process.sentinel, self._bury)

    @classmethod
    async def start(cls, plugins: Plugins, memory_bytes: int, jobs: int) -> Self:
        """Start a process, and wait until it is ready for its first job.

        Args:
            plugins: finds methods and estimators; it is pickled to the process, without any plugin.
            memory_bytes: limit of its address space.
            jobs: how many it does before it ends.

        Raises:
            Ended: it failed during its preparation.
            OSError: there is no fork server, or no memory for another process.
        """
        process, channel = await asyncio.to_thread(_started, plugins, memory_bytes, jobs)
        solver = cls(process, *await asyncio.open_unix_connection(sock=channel, limit=ROOM_BYTES))
        weakref.finalize(solver, channel.close)  # an idle process ends when its socket is closed
        try:
            async with asyncio.timeout(START_S):
                report = msgspec.msgpack.decode(await solver._told())
        except BaseException:
            await solver.end()
            raise
        solver.threads = report["threads_of_forkserver"]
        return solver

    @property
    def alive(self) -> bool:
        """Whether it still runs, as far as is known."""
        return not self._exit_code.done()

    async def done(self, job: bytes, limit_s: float) -> bytes:
        """Run a job, and return the answer. If the wait ends for any other reason, the process is killed.

        Raises:
            TimeoutError: there is no answer after ``limit_s`` seconds.
            Ended: the process ended before it answered.
        """
        self._busy = True
        try:
            async with asyncio.timeout(limit_s):
                frame.write(self._writer, job)
                return await self._told()
        except BaseException:
            self.kill()
            raise

    async def settled(self) -> bool:
        """Wait until it is ready for another job; False if it never will be."""
        try:
            async with asyncio.timeout(SETTLING_S):
                if self._busy:
                    await self._told()
                    self._busy = False
        except (Ended, TimeoutError):
            return False
        return self.alive

    def kill(self) -> None:
        """Kill it, together with everything it started."""
        if self.alive:
            self._end_group()
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)  # it may not lead a group yet

    async def end(self) -> None:
        """Kill it, wait until it is gone, and close the connection to it."""
        self.kill()
        await self._gone()
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _gone(self) -> int:
        return await asyncio.shield(self._exit_code)

    async def _told(self) -> bytes:
        try:
            return await frame.read(self._reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Ended(await self._gone()) from None

    def _bury(self) -> None:
        """The process has ended: kill what it left running, and keep its exit code."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._process.sentinel)
        self._end_group()
        self._exit_code.set_result(self._process.exitcode or 0)
        self._process.close()
        loop.call_later(LAST_WORDS_S, self._writer.transport.abort)

    def _end_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)


def _started(plugins: Plugins, memory_bytes: int, jobs: int) -> tuple[SolverProcess, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM_BYTES)
    with theirs:
        process = _context.Process(target=solver_process.serve, args=(theirs, plugins, memory_bytes, jobs))
        process.start()
    return process, ours
