"""A pool of solver processes, isolated from each other and from the service: a crash or a hang costs one job only.

Three time limits apply to every job, each harder than the one before: the solver's own; the pool's, which kills the
process; and the kernel's alarm, which does so even if the service itself is stuck or gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Self, TypeVar

from tangency.adapters.settings import Settings
from tangency.adapters.solving import fork_server
from tangency.adapters.solving.conclusion import conclude, conclude_frontier, read_installed
from tangency.adapters.solving.frontier_wire import pack_frontier_job, unpack_traced
from tangency.adapters.solving.solver import UNKNOWN_ENDING, Ended, Solver
from tangency.adapters.solving.solver_process import SOLVE, TRACE
from tangency.adapters.solving.wire import Limits, pack_job, unpack
from tangency.domain.errors import MethodCrashed, NoAnswer, NoFreeSolver, ResourcesExhausted, TimeLimitReached
from tangency.domain.frontier.frontier import Curve
from tangency.domain.frontier.question import FrontierQuestion
from tangency.domain.optimization.cost import Shape
from tangency.domain.optimization.crash import ending
from tangency.domain.optimization.plugins import Plugins
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Solution

OFF_THE_LOOP = 200
"""Above this many names, packing and judging, both O(n^2), run in a thread; below, the thread would cost more."""
SOLVER_SHARE = 0.9
"""The solvers' share of a job's time. The rest is for estimation and for explaining infeasibility."""
ALARM_S = 1.0
"""How long after the pool's limit the kernel's alarm goes off."""
ATTEMPTS = 3
"""How often a job is tried if its process dies through no fault of the job."""
PAUSE_S = 1.0
"""The wait before the next attempt to start a process."""

log = logging.getLogger(__name__)

T = TypeVar("T")


class ProcessSolverPool:
    """Implements the port ``SolverPool`` with child processes."""

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
        self._free = asyncio.LifoQueue[Solver]()  # the process that was used last has the warmest caches
        self._all = set[Solver]()
        self._returning = set[asyncio.Task[None]]()
        self._closed = False
        self._waiting = 0
        self._typical_s = 0.1

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
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self.close)
            await asyncio.to_thread(fork_server.start, self._preload)
            starting = asyncio.gather(*(self._started() for _ in range(self._workers)))
            await asyncio.to_thread(read_installed, self._plugins)  # while the fork server loads the solvers
            for solver in await starting:
                self._check(solver)
                self._free.put_nowait(solver)
            stack.pop_all()

    async def close(self) -> None:
        """End every process, and everything they started."""
        self._closed = True
        await asyncio.gather(*self._returning)
        await asyncio.gather(*(solver.end() for solver in self._all))

    async def solve(self, problem: Problem, deadline_s: float) -> Solution:
        """Solve a problem in a process; see the port."""
        return await self._asked(
            problem,
            deadline_s,
            len(problem.universe) > OFF_THE_LOOP or _by_cases(problem),
            lambda limits: SOLVE + pack_job(problem, limits),
            lambda raw: conclude(problem, unpack(problem, raw), self._plugins),
        )

    async def trace(self, problem: Problem, question: FrontierQuestion, deadline_s: float) -> Curve:
        """Trace a frontier in a process; see the port."""
        return await self._asked(
            problem,
            deadline_s,
            True,  # every point is judged
            lambda limits: TRACE + pack_frontier_job(problem, question, limits),
            lambda raw: conclude_frontier(problem, question, unpack_traced(problem, raw), self._plugins),
        )

    async def _asked(
        self,
        problem: Problem,
        deadline_s: float,
        heavy: bool,
        pack: Callable[[Limits], bytes],
        end: Callable[[bytes], T],
    ) -> T:
        """Pack a job, run it in a process, and turn its raw answer into a result; in a thread if that is heavy."""
        deadline, aside = _Deadline(deadline_s), _aside(heavy)
        raw = await self._done(problem, deadline, lambda limits: aside(lambda: pack(limits)))
        self._typical_s += 0.1 * (deadline.passed_s - self._typical_s)
        return await aside(lambda: end(raw))

    async def _done(self, problem: Problem, deadline: _Deadline, pack: Callable[[Limits], Awaitable[bytes]]) -> bytes:
        """Run a job in a free process; retry if the process was lost because the fork server died."""
        attempts = 0
        while True:
            attempts += 1
            async with self._solver(deadline) as solver:
                limits = deadline.limits()
                try:
                    return await solver.done(await pack(limits), limits.pool_s)
                except TimeoutError:
                    raise self._ending(-signal.SIGALRM, problem, limits) from None
                except Ended as ended:
                    if ended.exit_code != UNKNOWN_ENDING or attempts == ATTEMPTS:
                        raise self._ending(ended.exit_code, problem, limits) from None

    @contextlib.asynccontextmanager
    async def _solver(self, deadline: _Deadline) -> AsyncIterator[Solver]:
        """Borrow a free process, and return it afterwards."""
        retry_after_s = max(1.0, self._typical_s * (self._waiting + 1) / self._workers)
        if self._free.empty() and self._waiting >= self._queue:
            detail = f"Solvers, all busy: {self._workers}; problems that wait, the most allowed: {self._waiting}."
            raise NoFreeSolver(f"{detail} Try again in {retry_after_s:.0f} s.", retry_after_s)
        self._waiting += 1
        try:
            async with asyncio.timeout(deadline.left_s):
                solver = await self._living()
        except TimeoutError:
            detail = f"No solver became free within the deadline of {deadline.seconds:g} s."
            raise NoFreeSolver(f"{detail} Try again in {retry_after_s:.0f} s.", retry_after_s) from None
        finally:
            self._waiting -= 1
        try:
            yield solver
        finally:
            self._return(solver)

    async def _living(self) -> Solver:
        """Wait for a free process, skipping those that died while idle."""
        while not (solver := await self._free.get()).alive:
            self._return(solver)
        return solver

    def _ending(self, exit_code: int, problem: Problem, limits: Limits) -> NoAnswer:
        """The error for a process that ended before it answered."""
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
        ended = f"The process that solved with {whose} ended with {ending(exit_code)}"
        return MethodCrashed(f"{ended}. Its author should hear of it.")

    # --- the processes ------------------------------------------------------------------------------------------

    def _return(self, solver: Solver) -> None:
        """Put a process back in the background."""
        returning = asyncio.create_task(self._put_back(solver))
        self._returning.add(returning)
        returning.add_done_callback(self._returning.discard)

    async def _put_back(self, solver: Solver) -> None:
        """Wait until the process is ready for another job; replace it if it ended instead."""
        if await solver.settled():
            self._free.put_nowait(solver)
            return
        await solver.end()
        self._all.discard(solver)
        while not self._closed:
            try:
                another = await self._started()
            except Exception as error:  # noqa: BLE001 - no memory, a dying fork server: whatever it is may pass
                log.warning("a solver process could not be started, %s are left: %r", len(self._all), error)
                await asyncio.sleep(PAUSE_S)
            else:
                self._free.put_nowait(another)
                return

    def _check(self, solver: Solver) -> None:
        if solver.threads not in (None, 1):
            detail = f"the fork server runs {solver.threads} threads; one of its preloaded modules starts them"
            raise RuntimeError(f"{detail}: {', '.join([*fork_server.PRELOADED, *self._preload])}")

    async def _started(self) -> Solver:
        solver = await Solver.start(self._plugins, self._memory_bytes, self._jobs)
        self._all.add(solver)
        return solver


@dataclass(frozen=True)
class _Deadline:
    """How long the caller is prepared to wait.

    Attributes:
        seconds: counted from when it was made.
    """

    seconds: float
    began: float = field(default_factory=time.monotonic)

    @property
    def passed_s(self) -> float:
        return time.monotonic() - self.began

    @property
    def left_s(self) -> float:
        return self.seconds - self.passed_s

    def limits(self) -> Limits:
        """The limits of a job that starts now."""
        left = self.left_s
        if left <= 0:
            raise TimeLimitReached(f"The deadline of {self.seconds:g} s passed before the solve began.")
        return Limits(SOLVER_SHARE * left, left, left + ALARM_S)


def _by_cases(problem: Problem) -> bool:
    """Whether the proof of the answer may have thousands of cases."""
    shape = Shape.of(problem)
    return shape.choices + shape.taxed > 0


def _aside(heavy: bool) -> Callable[[Callable[[], T]], Awaitable[T]]:
    """How to run a step: in a thread if it would block the event loop, or at once."""
    return _in_a_thread if heavy else _at_once


async def _in_a_thread(step: Callable[[], T]) -> T:
    return await asyncio.to_thread(step)


async def _at_once(step: Callable[[], T]) -> T:
    return step()
