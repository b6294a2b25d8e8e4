"""A request over REST at n = 100: at most 5 ms above the bare solve at the median, the durable commit apart.

One client on one connection posts problems with inline estimates, no two alike, so that every matrix is new to the
database; the same problems are solved bare in between. Times are by the clock on the wall, since three processes work.
Commits are measured by themselves, through a store like the one that the service writes to; what the same commit takes
on a disk is told beside it. A peer that solves the least volatility of the same names in between says how quick the
machine is at that hour.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from uuid import uuid4

import tangency
from benchmarks.asking import body_of, got, posted, problem_of, quick_folder, serving
from benchmarks.cases import Case, Sample
from benchmarks.claims import Claim
from benchmarks.contenders import pypfopt_call
from tangency.adapters.bus import InProcessBus
from tangency.adapters.clock import RandomIds, SystemClock
from tangency.adapters.settings import Settings
from tangency.adapters.sql import Store
from tangency.domain.optimization.announcement import portfolio_optimized
from tangency.domain.optimization.optimization import Configuration, Optimization
from tangency.domain.series.point import SeriesPoint
from tangency.domain.unit_of_work import UnitOfWork

SIZE, ROUNDS, BLOCK = 100, 7, 30
"""Each round posts a block of requests in a row, as a client would; the first round is a warm-up.

After a pause the first half a dozen requests take up to 2 ms more, until the processor has sped up and has the service
in its caches.
"""
MOST_MS = 5.0
CAP = 0.1
UNDER_WAY_S = 0.02
"""Longer than it takes to compress a matrix, which the service does beside the solve."""


@dataclass(frozen=True)
class Overhead:
    """Medians in milliseconds.

    Attributes:
        request: from the first byte sent to the last received.
        solve: the bare solve of the same problem in this process.
        commit: of one answer with its matrix, where the service commits.
        durable: the same on a disk.
        peer: PyPortfolioOpt's least volatility of as many names.
        round_trip: of a request that asks for nothing.
    """

    request: float
    solve: float
    commit: float
    durable: float
    peer: float
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
            f"{self.round_trip:.2f}; PyPortfolioOpt's least volatility of as many names {self.peer:.2f}"
        )


def overhead() -> Overhead:
    """Start a service on an empty database, and ask it; blocks of solves and commits take turns with the requests."""
    quick = quick_folder()
    with (
        TemporaryDirectory(dir=quick) as theirs,
        TemporaryDirectory(dir=quick) as beside,
        TemporaryDirectory() as on_disk,
        serving(theirs) as address,
    ):
        connection = HTTPConnection(*address)
        rounds = asyncio.run(_rounds(connection, beside, on_disk))
        trips = [got(connection) for _ in range(ROUNDS * BLOCK)]
        connection.close()
    turns = zip(*(turn for round_ in rounds[1:] for turn in round_), strict=True)
    request, solve, commit, durable, peer = map(_median, turns)
    return Overhead(request, solve, commit, durable, peer, _median(trips))


async def _rounds(connection: HTTPConnection, beside: str, on_disk: str) -> list[list[tuple[float, ...]]]:
    sample, now = Sample.drawn(SIZE), SystemClock().now
    rounds = []
    async with (
        Store.open(Settings(data_dir=beside), now, InProcessBus()) as quick,
        Store.open(Settings(data_dir=on_disk), now, InProcessBus()) as durable,
    ):
        for number in range(ROUNDS):
            problems = [problem_of(sample, BLOCK * number + i, CAP) for i in range(BLOCK)]
            bodies = [body_of(problem, CAP, "benchmark") for problem in problems]
            requests = [posted(connection, body) for body in bodies]
            connection.close()  # it opens again by itself; the service closes one that is silent for seconds
            solved = [_solved(problem) for problem in problems]
            peer = [_spent_by_peer(sample) for _ in problems]
            commits = [
                [await _committed(store, problem, solution) for problem, solution, _ in solved]
                for store in (quick, durable)
            ]
            rounds.append(list(zip(requests, [spent for *_, spent in solved], *commits, peer, strict=True)))
    return rounds


def _median(seconds: Sequence[float]) -> float:
    return 1e3 * median(seconds)


def _solved(problem: tangency.Problem) -> tuple[tangency.Problem, tangency.Solution, float]:
    began = perf_counter()
    solution = tangency.solve(problem)
    return problem, solution, perf_counter() - began


def _spent_by_peer(sample: Sample) -> float:
    call = pypfopt_call(Case("minimum volatility", CAP, "10 %", sample))
    began = perf_counter()
    call()
    return perf_counter() - began


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
