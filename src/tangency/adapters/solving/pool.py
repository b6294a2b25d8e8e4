"""Solver processes that are isolated from each other and from the service: a crash or a hang costs its own job alone.

Every job has four limits, each harder than the one before: the solver's own, the pool's, the kernel's alarm, and the
patience of whoever waits here, after which the whole pool is taken for stuck and replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures.process import BrokenProcessPool
from typing import Self, TypeVar

import msgspec
import pebble

from tangency.adapters.settings import Settings
from tangency.adapters.solving import fork_server, solver_process
from tangency.adapters.solving.conclusion import conclude, conclude_frontier, read_installed
from tangency.adapters.solving.frontier_wire import pack_frontier_job, unpack_traced
from tangency.adapters.solving.wire import Limits, pack_job, unpack
from tangency.domain.errors import MethodCrashed, NoAnswer, NoFreeSolver, ResourcesExhausted, TimeLimitReached
from tangency.domain.frontier.frontier import Curve
from tangency.domain.frontier.question import FrontierQuestion
from tangency.domain.optimization.cost import Shape
from tangency.domain.optimization.plugins import Plugins
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Solution

OFF_THE_LOOP = 200
"""Names from which packing and judging, both O(n^2), take a thread: below, they take less than the hand-over."""
SOLVER_SHARE = 0.9
"""Of a job's time, for the solvers themselves; the rest is for estimating, and for saying why nothing is feasible."""
ALARM_S, PATIENCE_S = 1.0, 3.0
"""Beyond the pool's own limit. Stopping a process takes the pool up to its term_timeout and one look around."""
UNKNOWN_ENDING = 255
"""What the exit code reads when the fork server, and not the process, was lost."""
FEWEST_TRIES = 2

pebble.CONSTS.term_timeout = 0.2  # while it waits for a hung process to obey, pebble serves nobody
pebble.CONSTS.sleep_unit = 0.1  # how long a dead process may go unnoticed, and its place empty

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[bytes], bytes]


class ProcessSolverPool:
    """The port ``SolverPool`` over child processes.

    Attributes:
        rebuilt: how often the pool had to be replaced; more than zero deserves somebody's attention.
    """

    def __init__(
        self,
        plugins: Plugins,
        *,
        workers: int = 2,
        queue: int = 64,
        memory_mb: int = 4096,
        jobs: int = 500,
        preload: Iterable[str] = (),
    ) -> None:
        """Nothing is started yet; :meth:`start` does, or :meth:`open`.

        Args:
            plugins: how methods and estimators are found; it is pickled to the processes, and no plugin with it.
            workers: processes.
            queue: problems that may wait for a free process.
            memory_mb: address space of a process.
            jobs: problems after which a process is replaced.
            preload: modules to load before forking; they must not start threads.
        """
        self._plugins, self._workers, self._queue = plugins, workers, queue
        self._memory_bytes, self._jobs, self._preload = memory_mb * 2**20, jobs, tuple(preload)
        self._free = asyncio.Semaphore(workers)
        self._waiting = 0
        self._typical_s = 0.1
        self._replacing = asyncio.Lock()
        self.rebuilt = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, settings: Settings, plugins: Plugins, prompt: bool = True) -> AsyncIterator[Self]:
        """A pool as the settings say, its processes ready; they are gone at the end.

        Args:
            settings: what an operator set.
            plugins: how methods and estimators are found.
            prompt: whether somebody waits for answers, so that the first must not take longer than others.
        """
        pool = cls(
            plugins,
            workers=settings.workers,
            queue=settings.solver_queue,
            memory_mb=settings.solver_memory_mb,
            jobs=settings.solver_jobs,
            preload=fork_server.PROMPT if prompt else (),
        )
        await pool.start()
        try:
            yield pool
        finally:
            await pool.close()

    async def start(self) -> None:
        """Start the fork server and the processes.

        Raises:
            RuntimeError: a module that is loaded before forking has started a thread.
        """
        await asyncio.to_thread(self._start)
        await asyncio.to_thread(read_installed, self._plugins)  # while the fork server loads the solvers
        raw = await asyncio.wrap_future(self._pool.schedule(solver_process.report))
        threads = msgspec.msgpack.decode(raw)["threads_of_forkserver"]
        if threads not in (None, 1):
            await self.close()
            detail = f"the fork server runs {threads} threads; one of its preloaded modules starts them"
            raise RuntimeError(f"{detail}: {', '.join([*fork_server.PRELOADED, *self._preload])}")

    async def close(self) -> None:
        """End every process, and everything they started."""
        await asyncio.to_thread(_stop, self._pool)

    async def solve(self, problem: Problem, deadline_s: float) -> Solution:
        """Solve a problem in a process; see the port."""
        return await self._asked(
            problem,
            deadline_s,
            len(problem.universe) > OFF_THE_LOOP or _by_cases(problem),
            solver_process.answer,
            lambda limits: pack_job(problem, limits),
            lambda raw: conclude(problem, unpack(problem, raw), self._plugins),
        )

    async def trace(self, problem: Problem, question: FrontierQuestion, deadline_s: float) -> Curve:
        """Trace a frontier in a process; see the port."""
        return await self._asked(
            problem,
            deadline_s,
            True,  # every point is judged
            solver_process.answer_frontier,
            lambda limits: pack_frontier_job(problem, question, limits),
            lambda raw: conclude_frontier(problem, question, unpack_traced(problem, raw), self._plugins),
        )

    async def _asked(
        self,
        problem: Problem,
        deadline_s: float,
        heavy: bool,
        work: Work,
        pack: Callable[[Limits], bytes],
        end: Callable[[bytes], T],
    ) -> T:
        """Pack a job, have it done in a process, and make something of what comes back; aside where that is heavy."""
        began = time.monotonic()
        aside = _aside(heavy)
        async with self._slot(deadline_s):
            left = deadline_s - (time.monotonic() - began)
            if left <= 0:
                raise TimeLimitReached(f"The deadline of {deadline_s:g} s passed before the solve began.")
            limits = Limits(SOLVER_SHARE * left, left, left + ALARM_S)
            job = await aside(lambda: pack(limits))
            raw = await self._run(work, job, problem, limits)
            self._typical_s += 0.1 * (time.monotonic() - began - self._typical_s)
        return await aside(lambda: end(raw))

    @contextlib.asynccontextmanager
    async def _slot(self, deadline_s: float) -> AsyncIterator[None]:
        """A free process, so that the pool's clock runs only while a job does."""
        retry_after_s = max(1.0, self._typical_s * (self._waiting + 1) / self._workers)
        if self._free.locked() and self._waiting >= self._queue:
            detail = f"{self._waiting} problems wait for {self._workers} busy solvers, and that is the limit"
            raise NoFreeSolver(f"{detail}. Try again in {retry_after_s:.0f} s.", retry_after_s)
        self._waiting += 1
        try:
            async with asyncio.timeout(deadline_s):
                await self._free.acquire()
        except TimeoutError:
            detail = f"No solver became free within the deadline of {deadline_s:g} s."
            raise NoFreeSolver(f"{detail} Try again in {retry_after_s:.0f} s.", retry_after_s) from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()

    async def _run(self, work: Work, job: bytes, problem: Problem, limits: Limits) -> bytes:
        """Hand a job over, again where the process or the pool was lost through no fault of the job's."""
        for attempt in range(self._workers + FEWEST_TRIES):
            pool = self._pool
            try:
                return await self._handed_over(pool, work, job, problem, limits)
            except pebble.ProcessExpired as expired:
                blameless = expired.exitcode == UNKNOWN_ENDING and attempt == 0
                if expired.exitcode != solver_process.RECYCLE and not blameless:
                    raise self._ending(expired.exitcode, problem, limits) from None
            except (BrokenProcessPool, RuntimeError) as error:
                await self._replace(pool, str(error))
            except TimeoutError:
                raise self._ending(-signal.SIGALRM, problem, limits) from None
        raise self._ending(solver_process.RECYCLE, problem, limits)

    async def _handed_over(
        self, pool: pebble.ProcessPool, work: Work, job: bytes, problem: Problem, limits: Limits
    ) -> bytes:
        future = pool.schedule(work, args=(job,), timeout=limits.pool_s)
        waiting = asyncio.wrap_future(future)
        try:
            done, _ = await asyncio.wait([waiting], timeout=limits.pool_s + PATIENCE_S)
        except asyncio.CancelledError:
            waiting.cancel()  # nobody wants the answer any more: the pool ends the process
            raise
        if not done:
            waiting.cancel()
            await self._replace(pool, "a job outlived every limit")
            raise TimeoutError
        raw: bytes = waiting.result()
        return raw

    def _ending(self, exit_code: int, problem: Problem, limits: Limits) -> NoAnswer:
        """The error for a process that ended before its job."""
        origin = self._plugins.origin(problem.method)
        whose = f"method {origin.name!r} of distribution {origin.distribution!r} {origin.version}"
        if exit_code == -signal.SIGALRM:
            detail = f"The deadline passed after {limits.pool_s:.3g} s of solving with {whose}"
            return TimeLimitReached(f"{detail}. Allow more time, or ask for fewer names.")
        if exit_code == -signal.SIGXCPU:
            return ResourcesExhausted(f"Solving with {whose} used up its {limits.alarm_s:.3g} s of processor time.")
        if exit_code == -signal.SIGKILL:
            detail = f"The system killed the process that solved with {whose}, as it does when memory runs out"
            return ResourcesExhausted(f"{detail}. Ask for fewer names.")
        how = f"exit code {exit_code}" if exit_code >= 0 else signal.Signals(-exit_code).name
        return MethodCrashed(f"The process that solved with {whose} ended with {how}. Its author should hear of it.")

    # --- the processes ------------------------------------------------------------------------------------------

    def _start(self) -> None:
        fork_server.start(self._preload)
        self._pool = pebble.ProcessPool(
            max_workers=self._workers,
            max_tasks=self._jobs,
            initializer=solver_process.prepare,
            initargs=(self._plugins, self._memory_bytes),
            context=fork_server.SolverContext(),
        )

    async def _replace(self, broken: pebble.ProcessPool, reason: str) -> None:
        """Put a new pool in the place of a broken one, unless somebody else just did."""
        async with self._replacing:
            if self._pool is not broken:
                return
            self.rebuilt += 1
            log.error("the pool of solver processes is replaced: %s", reason)
            await asyncio.to_thread(_stop, broken)
            await asyncio.to_thread(self._start)


def _by_cases(problem: Problem) -> bool:
    """Whether the proof of its answer may have thousands of parts."""
    shape = Shape.of(problem)
    return shape.choices + shape.taxed > 0


def _aside(heavy: bool) -> Callable[[Callable[[], T]], Awaitable[T]]:
    """Where a step is taken that may keep the loop waiting."""
    return _in_a_thread if heavy else _at_once


async def _in_a_thread(step: Callable[[], T]) -> T:
    return await asyncio.to_thread(step)


async def _at_once(step: Callable[[], T]) -> T:
    return step()


def _stop(pool: pebble.ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()
