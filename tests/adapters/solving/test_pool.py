"""Whatever a method does, it costs its own job alone: the error says who it was, and the next answer is the same."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.solving import in_process
from tangency.adapters.solving.pool import ProcessSolverPool
from tangency.domain.errors import (
    InvalidInput,
    MethodCrashed,
    NoFreeSolver,
    NumericalFailure,
    PluginError,
    ResourcesExhausted,
    TangencyError,
    TimeLimitReached,
    Unsupported,
)
from tangency.domain.market.estimates import EstimatorChoice
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.constraint import Budget, LongOnly, MaximumWeight
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.solution import Solution
from tests.support.distributions import Distribution
from tests.support.evil_plugins import BODIES, EVIL

UNIVERSE = Universe.of(["A", "B", "C"])
COVARIANCE = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, 0.02], [0.0, 0.02, 0.16]])
GOLDEN = Problem(
    Market(UNIVERSE, covariance=COVARIANCE), MinimumVolatility(), (Budget(), LongOnly(), MaximumWeight(0.5))
)


class Service:
    """An event loop with a pool of two processes, driven from tests that are not asynchronous themselves."""

    def __init__(self, installed: Distribution, blocked: tuple[str, ...] = (), **limits: Any) -> None:
        self.installed = installed
        self.plugins = EntryPointPlugins(blocked)
        self.loop = asyncio.Runner()
        self.pool = ProcessSolverPool(self.plugins, **{"workers": 2, "memory_mb": 2048, **limits})
        self.loop.run(self.pool.start())

    def solve(self, problem: Problem, deadline_s: float = 20.0) -> Solution:
        return self.loop.run(self.pool.solve(problem, deadline_s))

    def solve_all(self, problems: list[Problem], deadline_s: float = 20.0) -> list[Solution | BaseException]:
        async def every() -> list[Solution | BaseException]:
            jobs = (self.pool.solve(problem, deadline_s) for problem in problems)
            return await asyncio.gather(*jobs, return_exceptions=True)

        return self.loop.run(every())

    def close(self) -> None:
        self.loop.run(self.pool.close())
        self.loop.close()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Distribution]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        EVIL.install(tmp_path_factory.mktemp("evil"), monkeypatch)
        yield EVIL


@pytest.fixture(scope="module")
def service(installed: Distribution) -> Iterator[Service]:
    running = Service(installed)
    yield running
    running.close()


@pytest.fixture(scope="module")
def golden(service: Service) -> bytes:
    """The weights of a job whose answer must never change by a bit."""
    return weights(service.solve(GOLDEN))


def weights(solution: Solution) -> bytes:
    assert solution.status is Status.OPTIMAL
    assert solution.weights is not None
    return solution.weights.tobytes()


def evil(name: str, **options: object) -> Problem:
    return Problem(
        Market(UNIVERSE, covariance=COVARIANCE), MinimumVolatility(), (Budget(), LongOnly()), name, options=options
    )


def processes_with(word: str, file: str) -> list[int]:
    """Ids of the processes that have a word in their ``cmdline`` or ``environ``."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and word.encode() in (entry / file).read_bytes():
                found.append(int(entry.name))
    return found


def eventually(condition: Any, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


LEFT = ("leaves_a_child", "leaves_a_child_behind", "abandons_a_child")
ENDINGS: dict[str, tuple[type[TangencyError], str]] = {
    "segfault": (MethodCrashed, "method 'segfault' of distribution 'evil-methods' 1.2.3 ended with SIGSEGV"),
    "c_loop": (TimeLimitReached, "method 'c_loop' of distribution 'evil-methods'"),
    "deadlock": (TimeLimitReached, "method 'deadlock' of distribution 'evil-methods'"),
    "exits": (MethodCrashed, "method 'exits' of distribution 'evil-methods' 1.2.3 ended with exit code 3"),
    "exits_well": (MethodCrashed, "method 'exits_well' of distribution 'evil-methods' 1.2.3 ended with exit code 0"),
    "nameless": (MethodCrashed, "method 'nameless' of distribution 'evil-methods' 1.2.3 ended with signal 40"),
    "system_exit": (MethodCrashed, "method 'system_exit' of distribution 'evil-methods' 1.2.3 raised SystemExit: 4"),
    "raises": (MethodCrashed, "'evil-methods' 1.2.3 raised ZeroDivisionError: one over nothing"),
    "memory": (ResourcesExhausted, "method 'memory' of distribution 'evil-methods' 1.2.3 ran out of memory"),
    "memory_error": (
        ResourcesExhausted,
        "method 'memory_error' of distribution 'evil-methods' 1.2.3 ran out of memory",
    ),
    "hog": (ResourcesExhausted, "method 'hog' of distribution 'evil-methods' 1.2.3 ran out of memory"),
    "returns_nothing": (MethodCrashed, "raised TypeError: it returned NoneType, and a method returns a Proposal"),
    "strange_witness": (MethodCrashed, "raised ValueError: a cut of its witness"),
    "text_for_weights": (MethodCrashed, "raised ValueError: could not convert string to float"),
    "refuses": (Unsupported, "constraints.max_weight: is not to my liking."),
    "gives_up": (NumericalFailure, "lost all digits"),
    "broken": (PluginError, "plugin 'broken' of distribution 'evil-methods' cannot be used: AttributeError"),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_an_evil_method_is_an_error_that_names_it_and_the_next_answer_is_the_same(
    name: str, service: Service, golden: bytes
) -> None:
    error, words = ENDINGS[name]
    with pytest.raises(error) as caught:
        service.solve(evil(name), 1.5 if ENDINGS[name][0] is TimeLimitReached else 20.0)
    assert type(caught.value) is error
    assert words in str(caught.value)
    assert weights(service.solve(GOLDEN)) == golden


DOUBTFUL = {
    "wrong_shape": Status.NUMERICAL_ERROR,
    "matrix": Status.NUMERICAL_ERROR,
    "not_a_number": Status.NUMERICAL_ERROR,
    "breaks_the_budget": Status.NUMERICAL_ERROR,
    "lies": Status.FEASIBLE,
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_nothing_that_a_method_says_is_served_unchecked(name: str, service: Service, golden: bytes) -> None:
    solution = service.solve(evil(name))
    assert solution.status is DOUBTFUL[name]
    assert solution.status is in_process.solve(evil(name), service.plugins).status
    assert weights(service.solve(GOLDEN)) == golden


def test_every_evil_method_is_tested() -> None:
    assert {*BODIES, "broken"} == {*ENDINGS, *DOUBTFUL, "prints", *LEFT, "sleeps", "process"}


def test_an_innocent_beside_an_evil_one_is_not_disturbed(service: Service, golden: bytes) -> None:
    results = service.solve_all([evil("segfault"), GOLDEN, evil("exits"), GOLDEN, evil("raises"), GOLDEN])
    assert [type(result) for result in results[::2]] == [MethodCrashed] * 3
    for result in results[1::2]:
        assert isinstance(result, Solution)
        assert weights(result) == golden


def test_a_hang_costs_its_neighbours_less_than_a_second(service: Service, golden: bytes) -> None:
    async def beside() -> float:
        hanging = asyncio.create_task(service.pool.solve(evil("deadlock"), 1.0))
        longest = 0.0
        while not hanging.done():
            began = time.monotonic()
            assert weights(await service.pool.solve(GOLDEN, 20.0)) == golden
            longest = max(longest, time.monotonic() - began)
        with pytest.raises(TimeLimitReached):
            await hanging
        return longest

    assert service.loop.run(beside()) < 1.0


def test_an_answer_is_bit_equal_to_that_of_the_library(service: Service) -> None:
    ours, theirs = service.solve(GOLDEN), in_process.solve(GOLDEN, service.plugins)
    assert weights(ours) == weights(theirs)
    assert ours.certificate is not None
    assert theirs.certificate is not None
    assert ours.certificate.spectrum == theirs.certificate.spectrum
    assert ours.certificate.duality_gap == theirs.certificate.duality_gap
    assert ours.provenance is not None
    assert theirs.provenance is not None
    assert ours.provenance.problem_hash == theirs.provenance.problem_hash
    assert ours.provenance.versions == theirs.provenance.versions


def test_estimates_arrive_from_returns_and_say_where_they_came_from(service: Service) -> None:
    rows = np.random.default_rng(3).normal(0.001, 0.01, size=(40, 3))
    rows[4, 1] = np.nan
    market = Market(UNIVERSE, returns=Returns(UNIVERSE, rows), covariance_estimator=EstimatorChoice("ledoit_wolf"))
    problem = replace(GOLDEN, market=market)
    ours, theirs = service.solve(problem), in_process.solve(problem, service.plugins)
    assert weights(ours) == weights(theirs)
    assert ours.expected_return == theirs.expected_return
    assert ours.provenance is not None
    assert theirs.provenance is not None
    assert ours.provenance.sources == theirs.provenance.sources
    assert ours.provenance.sources.data is not None
    assert ours.provenance.sources.data.causes == ("B",)


def test_a_repaired_covariance_is_reported_and_used_as_repaired(service: Service) -> None:
    twins = np.array([[0.04, 0.04, 0.0], [0.04, 0.04, 0.0], [0.0, 0.0, 0.09]])
    problem = replace(GOLDEN, market=Market(UNIVERSE, covariance=twins))
    ours, theirs = service.solve(problem), in_process.solve(problem, service.plugins)
    assert ours.certificate is not None
    assert theirs.certificate is not None
    assert ours.certificate.repair is not None
    assert ours.certificate.repair == theirs.certificate.repair
    assert ours.expected_volatility == theirs.expected_volatility


def test_an_infeasible_problem_arrives_with_its_conflict_and_its_proof(service: Service) -> None:
    problem = replace(GOLDEN, constraints=(Budget(), LongOnly(), MaximumWeight(0.3)))
    ours, theirs = service.solve(problem), in_process.solve(problem, service.plugins)
    assert ours.status is Status.INFEASIBLE
    assert ours.infeasibility is not None
    assert theirs.infeasibility is not None
    assert ours.infeasibility.conflict == theirs.infeasibility.conflict
    assert ours.infeasibility.relaxation == theirs.infeasibility.relaxation
    assert ours.infeasibility.bound == theirs.infeasibility.bound


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"method": "mean_varience"}, ("method",), "did you mean mean_variance"),
        ({"options": {"speed": 1}}, ("method_options", "speed"), "'speed' is not a known option"),
        (
            {"market": Market(UNIVERSE, covariance=-COVARIANCE)},
            ("risk_parameters", "covariance", "values"),
            "not positive",
        ),
        ({"market": Market(UNIVERSE)}, ("risk_parameters", "covariance"), "is missing"),
    ],
    ids=["method", "options", "indefinite", "nothing known"],
)
def test_what_is_refused_in_a_process_arrives_with_its_place(
    change: dict[str, Any], path: tuple[str, ...], words: str, service: Service
) -> None:
    with pytest.raises(InvalidInput) as caught:
        service.solve(replace(GOLDEN, **change))
    (fault,) = caught.value.faults
    assert fault.path == path
    assert words in fault.detail


def test_a_crashing_estimator_is_named_and_not_the_method(service: Service, golden: bytes) -> None:
    rows = np.random.default_rng(3).normal(0.001, 0.01, size=(40, 3))
    for which in ("covariance_estimator", "mean_estimator"):
        choice: dict[str, Any] = {which: EstimatorChoice("crashing")}
        market = Market(UNIVERSE, returns=Returns(UNIVERSE, rows), **choice)
        with pytest.raises(MethodCrashed, match="estimator 'crashing' of distribution 'evil-methods'"):
            service.solve(replace(GOLDEN, market=market))
    assert weights(service.solve(GOLDEN)) == golden


def test_what_a_method_prints_stays_out_of_the_way(service: Service, capfd: pytest.CaptureFixture[str]) -> None:
    assert service.solve(evil("prints")).status is Status.FEASIBLE
    assert capfd.readouterr().out == ""


def test_what_a_method_leaves_running_is_ended_with_it(service: Service) -> None:
    mark = f"left-by-{os.getpid()}"
    with pytest.raises(TimeLimitReached):
        service.solve(evil("leaves_a_child", mark=mark), 2.0)
    assert eventually(lambda: not processes_with(mark, "cmdline"))


def test_what_a_method_left_running_is_ended_with_its_job_where_that_ended_well(
    service: Service, golden: bytes
) -> None:
    mark = f"behind-{os.getpid()}"
    assert service.solve(evil("leaves_a_child_behind", mark=mark)).status is Status.FEASIBLE
    assert not processes_with(mark, "cmdline")
    assert weights(service.solve(GOLDEN)) == golden


def test_what_a_method_left_running_is_ended_where_it_took_its_process_down(service: Service, golden: bytes) -> None:
    mark = f"abandoned-{os.getpid()}"
    with pytest.raises(MethodCrashed):
        service.solve(evil("abandons_a_child", mark=mark))
    assert weights(service.solve(GOLDEN)) == golden
    assert eventually(lambda: not processes_with(mark, "cmdline"))


def test_what_a_method_left_running_is_ended_when_nobody_wants_its_answer_any_more(service: Service) -> None:
    mark = f"unwanted-{os.getpid()}"

    async def unwanted() -> None:
        asking = asyncio.create_task(service.pool.solve(evil("leaves_a_child", mark=mark), 60.0))
        assert await asyncio.to_thread(eventually, lambda: processes_with(mark, "cmdline"))
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    service.loop.run(unwanted())
    assert eventually(lambda: not processes_with(mark, "cmdline"))


def test_a_process_is_used_again_and_replaced_after_its_share_of_jobs(installed: Distribution) -> None:
    running = Service(installed, workers=1, jobs=3)
    try:
        ids = [running.solve(evil("process")).message for _ in range(6)]
    finally:
        running.close()
    assert ids == [ids[0]] * 3 + [ids[3]] * 3
    assert ids[0] != ids[3]


def test_a_process_that_saw_a_crash_is_not_trusted_again(installed: Distribution) -> None:
    running = Service(installed, workers=1)
    try:
        before = running.solve(evil("process")).message
        with pytest.raises(MethodCrashed):
            running.solve(evil("raises"))
        assert running.solve(evil("process")).message != before
    finally:
        running.close()


def test_a_process_that_was_killed_while_it_waited_is_replaced_and_nobody_is_blamed(
    service: Service, golden: bytes
) -> None:
    process = int(service.solve(evil("process")).message)
    service.loop.run(asyncio.sleep(0.1))
    os.kill(process, signal.SIGKILL)
    service.loop.run(asyncio.sleep(0.1))
    assert [weights(result) for result in map(service.solve, [GOLDEN] * 3)] == [golden] * 3


def test_a_problem_that_waits_too_long_or_behind_too_many_is_sent_away(installed: Distribution) -> None:
    running = Service(installed, workers=1, queue=1)
    try:
        results = running.solve_all([evil("sleeps", seconds=3.0), GOLDEN, GOLDEN], 1.5)
    finally:
        running.close()
    assert isinstance(results[0], TimeLimitReached)
    assert isinstance(results[1], NoFreeSolver)
    assert "deadline of 1.5 s" in str(results[1])
    assert isinstance(results[2], NoFreeSolver)
    assert "all busy: 1; problems that wait, the most allowed: 1. Try again" in str(results[2])
    assert results[2].retry_after_s >= 1.0


def test_what_an_operator_blocked_is_blocked_in_the_processes_too(installed: Distribution) -> None:
    running = Service(installed, blocked=("ledoit_wolf",), workers=1)
    try:
        rows = np.random.default_rng(3).normal(0.001, 0.01, size=(40, 3))
        choice = EstimatorChoice("ledoit_wolf")
        market = Market(UNIVERSE, returns=Returns(UNIVERSE, rows), covariance_estimator=choice)
        with pytest.raises(Unsupported, match="blocked by the operator"):
            running.solve(replace(GOLDEN, market=market))
    finally:
        running.close()


def test_a_deadline_that_has_passed_is_said_at_once(service: Service, golden: bytes) -> None:
    for deadline_s in (0.0, -1.0):
        with pytest.raises((TimeLimitReached, NoFreeSolver)):
            service.solve(GOLDEN, deadline_s)
    assert weights(service.solve(GOLDEN)) == golden


LOSES_ITS_FORK_SERVER = """
import asyncio, os, signal
from multiprocessing import forkserver
import numpy as np
import tangency
from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.solving.pool import ProcessSolverPool

async def run():
    pool = ProcessSolverPool(EntryPointPlugins(), workers=2)
    await pool.start()
    market = tangency.Market(tangency.Universe.of(["A", "B"]), covariance=np.diag([0.04, 0.09]))
    job = tangency.Problem(market, tangency.MinimumVolatility(), (tangency.Budget(), tangency.LongOnly()))
    print((await pool.solve(job, 20.0)).weights.tobytes().hex())
    for pause in (0.5, 0.0):
        os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
        await asyncio.sleep(pause)
        print((await pool.solve(job, 20.0)).weights.tobytes().hex())
    await pool.close()

asyncio.run(run())
"""


def test_a_pool_whose_fork_server_died_gets_another_and_answers() -> None:
    # In a program of its own: there is one fork server per process, and other tests have pools on this one's.
    result = subprocess.run(
        [sys.executable, "-c", LOSES_ITS_FORK_SERVER], check=True, capture_output=True, text=True, timeout=60
    )
    before, after, again = result.stdout.split()
    assert before == after == again


def test_a_cancelled_caller_frees_its_process(service: Service, golden: bytes) -> None:
    async def cancelled() -> None:
        tasks = [asyncio.create_task(service.pool.solve(evil("sleeps", seconds=60.0), 90.0)) for _ in range(2)]
        await asyncio.sleep(0.3)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    service.loop.run(cancelled())
    assert weights(service.solve(GOLDEN, 5.0)) == golden


def started_with(preloaded: str, source: str, folder: Path) -> str:
    """What a program says that starts a pool whose fork server loads a module."""
    (folder / f"{preloaded}.py").write_text(source)
    program = f"""
import asyncio
from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.solving.pool import ProcessSolverPool

async def run():
    pool = ProcessSolverPool(EntryPointPlugins(), workers=1, preload=["{preloaded}"])
    try:
        await pool.start()
    except RuntimeError as error:
        print(error)
    else:
        print("it started")
    await pool.close()

asyncio.run(run())
"""
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in result.stderr
    return result.stdout


def test_a_preloaded_module_that_starts_a_thread_is_found(tmp_path: Path) -> None:
    source = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    told = started_with("starts_a_thread", source, tmp_path)
    assert "the fork server runs 2 threads" in told
    assert "starts_a_thread" in told


def test_ctrl_c_does_not_end_the_fork_server_while_it_loads(tmp_path: Path) -> None:
    told = started_with("is_interrupted", "import os, signal; os.kill(os.getpid(), signal.SIGINT)", tmp_path)
    assert told == "it started\n"


UNGUARDED = """
import asyncio, os, sys
import numpy as np
import tangency
from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.solving.pool import ProcessSolverPool

print("started", flush=True)

async def run():
    pool = ProcessSolverPool(EntryPointPlugins(), workers=2)
    await pool.start()
    market = tangency.Market(tangency.Universe.of(["A", "B"]), covariance=np.eye(2))
    limits = (tangency.Budget(), tangency.LongOnly())
    job = tangency.Problem(market, tangency.MinimumVolatility(), limits)
    print((await pool.solve(job, 20.0)).weights.tolist(), flush=True)
    if len(sys.argv) > 1:
        hanging = tangency.Problem(market, tangency.MinimumVolatility(), limits, method="deadlock")
        asyncio.get_running_loop().create_task(pool.solve(hanging, 4.0))
        await asyncio.sleep(0.5)
        print("hanging", flush=True)
        await asyncio.sleep(600)
    await pool.close()

asyncio.run(run())
"""


def test_a_program_without_a_guard_is_not_run_again_by_its_solver_processes(tmp_path: Path) -> None:
    program = tmp_path / "unguarded.py"
    program.write_text(UNGUARDED)
    result = subprocess.run([sys.executable, program], check=True, capture_output=True, text=True, timeout=60)
    assert result.stdout.splitlines() == ["started", "[0.5, 0.5]"]


def test_nothing_is_left_when_the_service_is_killed(tmp_path: Path, installed: Distribution) -> None:
    assert "deadlock" in installed.methods
    mark = f"killed-{os.getpid()}"
    program = tmp_path / "service.py"
    program.write_text(UNGUARDED)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "SERVICE_MARK": mark}
    with subprocess.Popen(
        [sys.executable, program, "hang"], stdout=subprocess.PIPE, text=True, env=environment
    ) as running:
        assert running.stdout is not None
        while running.stdout.readline().strip() != "hanging":
            assert running.poll() is None
        assert len(processes_with(mark, "environ")) >= 4  # the service, the fork server, two processes
        running.kill()
    assert eventually(lambda: not processes_with(mark, "environ"), 15.0)
