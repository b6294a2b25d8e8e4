"""What runs in a solver process: its limits first, then one job after the other, bytes in and bytes out.

A method's C code may hold the interpreter for as long as it likes, so what ends a job for certain is the kernel: an
alarm for the time, and limits on processor time and memory. A process that has seen a failure is not trusted with
another job: it leaves with ``RECYCLE``, and the pool gives the job to a fresh one.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from tangency.adapters.solving.frontier_wire import pack_traced, unpack_frontier_job
from tangency.adapters.solving.wire import Limits, pack_error, pack_proposed, unpack_job
from tangency.domain.errors import MethodCrashed, ResourcesExhausted, TangencyError
from tangency.domain.optimization.crash import told
from tangency.domain.optimization.plugins import Plugins
from tangency.domain.optimization.problem import Problem

RECYCLE = 75
"""Exit code of a process that hands its job back untouched (EX_TEMPFAIL)."""
RESIDENT_SHARE = 0.5
"""Of the memory limit: a process that keeps more than that between jobs has a leak, and is replaced."""
LEAST_ROOM = 128 * 2**20
"""Bytes of address space that a process gets beyond what it holds at its start, however low the limit."""
_SETTLE_S = 0.02
"""The pool must have seen that this process took the job before it sees it go."""


@dataclass
class _Own:
    """The state of this process."""

    plugins: Plugins | None = None
    memory_bytes: int = 0
    spoilt: bool = False


_own = _Own()


def prepare(plugins: Plugins, memory_bytes: int) -> None:
    """Set up a process that was just forked.

    Args:
        plugins: how to find methods and estimators here.
        memory_bytes: limit of the address space.
    """
    os.setsid()  # a group of its own, so that a method's own child processes can be ended with it
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    address_space = max(memory_bytes, _address_space() + LEAST_ROOM)
    resource.setrlimit(resource.RLIMIT_AS, (address_space, resource.getrlimit(resource.RLIMIT_AS)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a method prints, from C too, is no part of an answer
    _own.plugins, _own.memory_bytes = plugins, memory_bytes
    gc.freeze()  # what was loaded before the fork stays: looking through it again would only copy its pages


def answer(job: bytes) -> bytes:
    """Do one job; every error that can be told arrives as bytes too."""
    if _own.spoilt or _own.plugins is None:
        time.sleep(_SETTLE_S)
        os._exit(RECYCLE)
    from tangency.adapters.solving.in_process import proposed  # solvers: loaded here, never in the pool's process

    plugins = _own.plugins

    def solved() -> bytes:
        problem, limits = unpack_job(job)
        with _limited(limits):
            return pack_proposed(problem, proposed(_in_time(problem, limits), plugins))

    return _safely(solved)


def answer_frontier(job: bytes) -> bytes:
    """The same for a frontier."""
    if _own.spoilt or _own.plugins is None:
        time.sleep(_SETTLE_S)
        os._exit(RECYCLE)
    from tangency.adapters.solving.in_process import traced

    plugins = _own.plugins

    def solved() -> bytes:
        problem, limits, question = unpack_frontier_job(job)
        with _limited(limits):
            return pack_traced(problem, traced(_in_time(problem, limits), question, plugins))

    return _safely(solved)


def _in_time(problem: Problem, limits: Limits) -> Problem:
    policy = replace(problem.solver, time_limit_s=min(problem.solver.time_limit_s, limits.solver_s))
    return replace(problem, solver=policy)


def _safely(work: Callable[[], bytes]) -> bytes:
    """Do the work; what can be told of its failure is told."""
    _own.spoilt = True  # until the job has ended well
    try:
        packed = work()
    except MemoryError:
        return pack_error(ResourcesExhausted(f"The solve needed more memory than {_own.memory_bytes / 2**20:.0f} MB."))
    except TangencyError as error:
        _own.spoilt = isinstance(error, MethodCrashed | ResourcesExhausted)
        return pack_error(error)
    except Exception as error:  # noqa: BLE001 - whatever is wrong is told, and costs this job alone
        return pack_error(MethodCrashed(f"The solver process raised {told(error)}."))
    left_running = _end_children()  # threads, locks and files of theirs may be anywhere in this process
    _own.spoilt = left_running or _resident() > RESIDENT_SHARE * _own.memory_bytes
    return packed


def _end_children() -> bool:
    """End what a job started and did not wait for; whether there was anything."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False  # as after most jobs, told by one call
    for child in list(_children()):
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return True


def _children() -> Iterator[int]:
    """Of each thread of this process; none where the kernel does not say."""
    with contextlib.suppress(OSError):  # another kernel, or a thread that ended meanwhile
        for thread in Path("/proc/self/task").iterdir():
            yield from map(int, (thread / "children").read_text().split())


def report() -> bytes:
    """What the pool checks before it takes jobs: the threads of the process that this one was forked from."""
    tasks = Path(f"/proc/{os.getppid()}/task")
    threads = len(list(tasks.iterdir())) if tasks.is_dir() else None
    return msgspec.msgpack.encode({"threads_of_forkserver": threads, "blas_threads": os.environ.get(BLAS_THREADS[0])})


BLAS_THREADS = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
"""Environment variables that a library reads once, when it is loaded."""


@contextlib.contextmanager
def _limited(limits: Limits) -> Iterator[None]:
    """Arm the kernel's alarm, and move the limit of processor time, which counts the whole life of the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + limits.alarm_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    signal.setitimer(signal.ITIMER_REAL, limits.alarm_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)


def _address_space() -> int:
    return _pages(0)


def _resident() -> int:
    return _pages(1)


def _pages(column: int) -> int:
    """Bytes of a column of /proc/self/statm; 0 where there is no such file."""
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[column]) * resource.getpagesize()
    return 0
