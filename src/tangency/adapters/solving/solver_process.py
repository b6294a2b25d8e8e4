"""What runs in a solver process: it sets its limits, then does one job after the other, bytes in and bytes out.

A method's C code may hold the interpreter lock for as long as it likes, so the kernel enforces the limits: an alarm for
the time, and limits on processor time and memory. A process that has seen a failure is not trusted with another job: it
reports the failure and ends, and the pool starts a fresh one.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from tangency.adapters.solving import frame
from tangency.adapters.solving.frontier_wire import pack_traced, unpack_frontier_job
from tangency.adapters.solving.wire import Limits, pack_error, pack_proposed, unpack_job
from tangency.domain.errors import MethodCrashed, ResourcesExhausted, TangencyError
from tangency.domain.optimization.crash import told
from tangency.domain.optimization.plugins import Plugins
from tangency.domain.optimization.problem import Problem

RESIDENT_SHARE = 0.5
"""Of the memory limit: a process that keeps more than that between jobs has a leak, and is replaced."""
LEAST_ROOM = 128 * 2**20
"""Bytes of address space that a process gets beyond what it holds at its start, however low the limit."""
SOLVE, TRACE = b"s", b"t"
"""The first letter of a job says what to do."""
READY = b""
"""The frame that says that a process is ready for another job."""


def serve(pool: socket.socket, plugins: Plugins, memory_bytes: int, jobs: int) -> None:
    """Do jobs until ``jobs`` are done, something goes wrong, or the pool closes the socket.

    Args:
        pool: the socket on which jobs arrive and answers leave.
        plugins: finds methods and estimators.
        memory_bytes: limit of the address space.
        jobs: how many to do before the process ends.
    """
    prepare(memory_bytes)
    with contextlib.suppress(ConnectionError):
        _work(pool, plugins, memory_bytes, jobs)
    os._exit(0)  # without waiting for threads that a method may have left


def _work(pool: socket.socket, plugins: Plugins, memory_bytes: int, jobs: int) -> None:
    frame.send(pool, report())
    for left in reversed(range(jobs)):
        job = frame.receive(pool)
        if job is None:
            return
        said, sound = answer(job, plugins)
        frame.send(pool, said)
        if not (left and sound) or _resident() > RESIDENT_SHARE * memory_bytes:
            return
        frame.send(pool, READY)


def prepare(memory_bytes: int) -> None:
    """Set up a process that was just forked.

    Args:
        memory_bytes: limit of the address space.
    """
    os.setsid()  # a group of its own, so that a method's own child processes can be ended with it
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    address_space = max(memory_bytes, _address_space() + LEAST_ROOM)
    resource.setrlimit(resource.RLIMIT_AS, (address_space, resource.getrlimit(resource.RLIMIT_AS)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a method prints, from C too, is no part of an answer
    gc.freeze()  # what was loaded before the fork stays: looking through it again would only copy its pages


def answer(job: bytes, plugins: Plugins) -> tuple[bytes, bool]:
    """Do one job.

    Returns:
        The packed answer or error; and whether the process can be trusted with another job.
    """
    do = _solved if job.startswith(SOLVE) else _traced
    try:
        packed = do(job[1:], plugins)
    except MemoryError:
        most = resource.getrlimit(resource.RLIMIT_AS)[0] / 2**20
        return pack_error(ResourcesExhausted(f"The solve needed more memory than {most:.0f} MB.")), False
    except TangencyError as error:
        return pack_error(error), not isinstance(error, MethodCrashed | ResourcesExhausted)
    except Exception as error:  # noqa: BLE001 - whatever is wrong is told, and costs this job alone
        return pack_error(MethodCrashed(f"The solver process raised {told(error)}.")), False
    left_running = _end_children()  # threads, locks and files of theirs may be anywhere in this process
    return packed, not left_running


def _solved(job: bytes, plugins: Plugins) -> bytes:
    from tangency.adapters.solving.in_process import proposed  # solvers: loaded here, never in the pool's process

    problem, limits = unpack_job(job)
    with _limited(limits):
        return pack_proposed(problem, proposed(_in_time(problem, limits), plugins))


def _traced(job: bytes, plugins: Plugins) -> bytes:
    from tangency.adapters.solving.in_process import traced

    problem, limits, question = unpack_frontier_job(job)
    with _limited(limits):
        return pack_traced(problem, traced(_in_time(problem, limits), question, plugins))


def _in_time(problem: Problem, limits: Limits) -> Problem:
    policy = replace(problem.solver, time_limit_s=min(problem.solver.time_limit_s, limits.solver_s))
    return replace(problem, solver=policy)


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
