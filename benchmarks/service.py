"""A request over REST at n = 100: at most 5 ms above the bare solve at the median, the durable commit apart.

One client on one connection posts problems with inline estimates, no two alike, so that every matrix is new to the
database; the same problems are solved bare in between. Times are by the clock on the wall, since three processes work.
Commits are measured by themselves, through a store like the one that the service writes to. The service writes to
memory where the system has a folder there, so that the moods of a disk do not hide a few milliseconds; what the same
commit takes on a disk is told beside it.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from uuid import uuid4

import tangency
from benchmarks.cases import Array, Sample
from benchmarks.claims import Claim
from tangency.adapters.bus import InProcessBus
from tangency.adapters.clock import RandomIds, SystemClock
from tangency.adapters.settings import Settings
from tangency.adapters.sql import Store
from tangency.domain.optimization.announcement import portfolio_optimized
from tangency.domain.optimization.optimization import Configuration, Optimization
from tangency.domain.series.point import SeriesPoint
from tangency.domain.unit_of_work import UnitOfWork

SIZE, ROUNDS, BLOCK = 100, 11, 10
"""Each round posts a block of requests in a row, as a client would; the first round is a warm-up."""
MOST_MS = 5.0
CAP = 0.1
UNDER_WAY_S = 0.02
"""Longer than it takes to compress a matrix, which the service does beside the solve."""
MEMORY = Path("/dev/shm")  # noqa: S108 - nothing secret, in a folder with a name of its own
ADDRESS = re.compile(r"http://([\w.]+):(\d+)")


@dataclass(frozen=True)
class Overhead:
    """Medians in milliseconds.

    Attributes:
        request: from the first byte sent to the last received.
        solve: the bare solve of the same problem in this process.
        commit: of one answer with its matrix, where the service commits.
        durable: the same on a disk.
        round_trip: of a request that asks for nothing.
    """

    request: float
    solve: float
    commit: float
    durable: float
    round_trip: float

    @property
    def above(self) -> float:
        """What a request takes beyond solve and commit."""
        return self.request - self.solve - self.commit

    @property
    def claims(self) -> list[Claim]:
        return [Claim("REST above solve and commit, n = 100", self.above, MOST_MS, "ms", at_least=False)]

    def record(self) -> dict[str, object]:
        """The same for a JSON file."""
        return {**vars(self), "above": self.above}

    def __str__(self) -> str:
        return (
            f"REST, n = {SIZE}, one client: request {self.request:.2f} ms = solve {self.solve:.2f} + commit "
            f"{self.commit:.2f} (durably {self.durable:.2f}) + {self.above:.2f}; a round trip that asks for nothing "
            f"{self.round_trip:.2f}"
        )


def overhead() -> Overhead:
    """Start a service on an empty database, and ask it; blocks of solves and commits take turns with the requests."""
    quick = str(MEMORY) if MEMORY.is_dir() else None
    with (
        TemporaryDirectory(dir=quick) as theirs,
        TemporaryDirectory(dir=quick) as beside,
        TemporaryDirectory() as on_disk,
        _serving(theirs) as connection,
    ):
        rounds = asyncio.run(_rounds(connection, beside, on_disk))
        trips = [_got(connection) for _ in range(ROUNDS * BLOCK)]
    request, solve, commit, durable = zip(*(turn for turns in rounds[1:] for turn in turns), strict=True)
    return Overhead(_median(request), _median(solve), _median(commit), _median(durable), _median(trips))


async def _rounds(connection: HTTPConnection, beside: str, on_disk: str) -> list[list[tuple[float, ...]]]:
    sample, now = Sample.drawn(SIZE), SystemClock().now
    rounds = []
    async with (
        Store.open(Settings(data_dir=beside), now, InProcessBus()) as quick,
        Store.open(Settings(data_dir=on_disk), now, InProcessBus()) as durable,
    ):
        for number in range(ROUNDS):
            problems = [_problem(sample, BLOCK * number + i) for i in range(BLOCK)]
            bodies = [_body(problem) for problem in problems]
            requests = [_posted(connection, body) for body in bodies]
            solved = [_solved(problem) for problem in problems]
            commits = [
                [await _committed(store, problem, solution) for problem, solution, _ in solved]
                for store in (quick, durable)
            ]
            rounds.append(list(zip(requests, [spent for *_, spent in solved], *commits, strict=True)))
    return rounds


def _median(seconds: Sequence[float]) -> float:
    return 1e3 * median(seconds)


def _problem(sample: Sample, number: int) -> tangency.Problem:
    covariance: Array = sample.covariance * (1.0 + 1e-6 * number)
    market = tangency.Market(tangency.Universe.of(sample.names), sample.mean, covariance)
    limits = (tangency.Budget(), tangency.LongOnly(), tangency.MaximumWeight(CAP))
    return tangency.Problem(market, tangency.MaximumSharpe(), limits)


def _body(problem: tangency.Problem) -> bytes:
    names, market = problem.universe.names, problem.market
    if market.mean is None or market.covariance is None:
        raise ValueError("a problem without estimates is not the one to measure")
    means = zip(names, market.mean.tolist(), strict=True)
    document = {
        "portfolio_id": "benchmark",
        "objective": "MAX_SHARPE",
        "method": "MEAN_VARIANCE",
        "strategies": [{"name": name, "expected_return": mean} for name, mean in means],
        "constraints": {"max_weight": CAP},
        "risk_parameters": {"covariance": {"names": names, "values": market.covariance.tolist()}},
    }
    return json.dumps(document).encode()


@contextmanager
def _serving(folder: str) -> Iterator[HTTPConnection]:
    command = [str(Path(sys.executable).with_name("tangency")), "serve", "--port", "0"]
    environment = {**os.environ, "TANGENCY_DATA_DIR": folder, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    try:
        told = ADDRESS.search(process.stdout.readline() if process.stdout else "")
        if told is None:
            raise OSError("the service ended before it listened")
        yield HTTPConnection(told[1], int(told[2]))
    finally:
        process.terminate()
        process.wait()


def _posted(connection: HTTPConnection, body: bytes) -> float:
    return _asked(connection, "POST", "/api/v1/optimize", body, {"Content-Type": "application/json"})


def _got(connection: HTTPConnection) -> float:
    return _asked(connection, "GET", "/health/live", None, {})


def _asked(connection: HTTPConnection, verb: str, path: str, body: bytes | None, headers: dict[str, str]) -> float:
    began = perf_counter()
    connection.request(verb, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    spent = perf_counter() - began
    if answer.status != 200:
        raise OSError(f"{verb} {path} answered {answer.status}: {content[:500]!r}")
    return spent


def _solved(problem: tangency.Problem) -> tuple[tangency.Problem, tangency.Solution, float]:
    began = perf_counter()
    solution = tangency.solve(problem)
    return problem, solution, perf_counter() - began


async def _kept(optimization: Optimization, unit: UnitOfWork) -> None:
    """All that the service keeps of an answer."""
    if optimization.answer is not None:
        await unit.events.add(portfolio_optimized(optimization.answer, RandomIds()))
        await unit.series.add(SeriesPoint.of(optimization.answer))
    await unit.optimizations.add(optimization)


async def _committed(store: Store, problem: tangency.Problem, solution: tangency.Solution) -> float:
    clock = SystemClock()
    asked = Configuration("MAX_SHARPE", "MEAN_VARIANCE", {"max_weight": CAP}, {})
    optimization = Optimization.request(uuid4(), "benchmark", asked, problem, clock.now())
    optimization.start(clock.now())
    optimization.conclude(solution, clock.now(), 1.0, ())
    store.units.prepare(problem)
    await asyncio.sleep(UNDER_WAY_S)
    began = perf_counter()
    await store.units.keep(lambda unit: _kept(optimization, unit))
    return perf_counter() - began
