"""The kernel's limits, which hold when nothing else does; tried on processes of our own, without a pool."""

import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.context import ForkServerProcess
from multiprocessing.queues import SimpleQueue

import msgspec
import numpy as np
import pytest

from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.solving import fork_server, frame, solver_process
from tangency.adapters.solving.solver_process import SOLVE
from tangency.adapters.solving.wire import Limits, pack_job
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.constraint import Budget, LongOnly
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tests.support.evil_plugins import EVIL

MARKET = Market(Universe.of(["A", "B", "C"]), covariance=np.diag([0.04, 0.09, 0.16]))
GOOD = Problem(MARKET, MinimumVolatility(), (Budget(), LongOnly()), "equal_weight")
CONTEXT = fork_server.SolverContext()


@pytest.fixture(scope="module", autouse=True)
def _evil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        EVIL.install(tmp_path_factory.mktemp("evil"), monkeypatch)
        fork_server.start(())
        yield


def run(target: Callable[..., None], *arguments: object) -> int | None:
    """The exit code of a process that does something."""
    process: ForkServerProcess = CONTEXT.Process(target=target, args=arguments)
    process.start()
    process.join(30)
    return process.exitcode


def prepared(memory_bytes: int = 2**32) -> None:
    solver_process.prepare(memory_bytes)


def do(job: bytes) -> None:
    prepared()
    solver_process.answer(SOLVE + job, EntryPointPlugins())


def said(job: bytes, memory_bytes: int = 2**32, jobs: int = 500) -> list[bytes]:
    """All that a process says that is given a job."""
    ours, theirs = socket.socketpair()
    process: ForkServerProcess = CONTEXT.Process(
        target=solver_process.serve, args=(theirs, EntryPointPlugins(), memory_bytes, jobs)
    )
    with ours:
        with theirs:
            process.start()
        frame.send(ours, SOLVE + job)
        frames = [frame.receive(ours) for _ in range(3)]
    process.join(30)
    assert process.exitcode == 0
    return [each for each in frames if each is not None]


def outlive_the_alarm(job: bytes) -> None:
    do(job)
    time.sleep(1.0)


def spin_beyond_the_processor_limit() -> None:
    prepared()
    with solver_process._limited(Limits(1.0, 1.0, 0.0)):
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        _spin(30.0)


def _spin(seconds: float) -> None:
    end = resource.getrusage(resource.RUSAGE_SELF).ru_utime + seconds
    while resource.getrusage(resource.RUSAGE_SELF).ru_utime < end:
        pass


def look_at_the_limits(found: SimpleQueue[tuple[int, int]]) -> None:
    prepared(2**20)
    found.put((resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CORE)[1]))


def test_the_kernel_ends_what_never_returns_to_the_interpreter() -> None:
    job = pack_job(replace(GOOD, method="c_loop"), Limits(0.2, 0.3, 0.5))
    assert run(do, job) == -signal.SIGALRM


def test_the_alarm_is_disarmed_when_the_job_is_done() -> None:
    assert run(outlive_the_alarm, pack_job(GOOD, Limits(0.2, 0.3, 0.5))) == 0


def test_processor_time_is_limited() -> None:
    assert run(spin_beyond_the_processor_limit) == -signal.SIGXCPU


GENEROUS = Limits(5.0, 5.0, 5.0)


def test_a_process_is_ready_again_when_it_has_answered() -> None:
    _report, answer, ready = said(pack_job(GOOD, GENEROUS))
    assert "proposal" in msgspec.msgpack.decode(answer)
    assert ready == solver_process.READY


def test_a_process_that_refused_a_job_does_the_next() -> None:
    _report, answer, ready = said(pack_job(replace(GOOD, method="nobody"), GENEROUS))
    assert "faults" in msgspec.msgpack.decode(answer)
    assert ready == solver_process.READY


def test_a_process_that_saw_a_failure_tells_of_it_and_ends() -> None:
    _report, answer = said(pack_job(replace(GOOD, method="raises"), GENEROUS))
    assert msgspec.msgpack.decode(answer)["error"] == "MethodCrashed"


def test_a_process_that_keeps_too_much_memory_answers_and_ends() -> None:
    _report, answer = said(pack_job(GOOD, GENEROUS), memory_bytes=2**20)
    assert "proposal" in msgspec.msgpack.decode(answer)


def test_a_process_ends_after_its_share_of_jobs() -> None:
    _report, _answer = said(pack_job(GOOD, GENEROUS), jobs=1)


def test_memory_is_limited_with_room_to_start_and_no_core_is_written() -> None:
    found: SimpleQueue[tuple[int, int]] = CONTEXT.SimpleQueue()
    assert run(look_at_the_limits, found) == 0
    address_space, core = found.get()
    assert solver_process.LEAST_ROOM < address_space < 2**40
    assert core == 0


def tell(found: SimpleQueue[bytes]) -> None:
    found.put(solver_process.report())


def test_the_fork_server_has_one_thread_and_blas_is_told_to_use_one() -> None:
    found: SimpleQueue[bytes] = CONTEXT.SimpleQueue()
    assert run(tell, found) == 0
    assert msgspec.msgpack.decode(found.get()) == {"threads_of_forkserver": 1, "blas_threads": "1"}
