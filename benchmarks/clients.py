"""Sixteen clients ask for the best of 10 to 100 names, each again as soon as it is answered: P99 under 100 ms.

They are threads of one process that does nothing else, on the same cores as the service and its solvers. Every problem
is new to the service, and every answer is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import chain
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.asking import body_of, posted, problem_of, quick_folder, serving
from benchmarks.cases import Sample
from benchmarks.claims import Claim

CLIENTS, EACH, FIRST = 16, 60, 6
"""How many requests each sends, and how many it sends before anything is measured."""
SIZES = (10, 20, 30, 50, 70, 100)
CAP = 0.3
MOST_MS = 100.0


@dataclass(frozen=True)
class Crowd:
    """What many clients see at once.

    Attributes:
        per_second: requests answered.
        median_ms: from the first byte sent to the last received.
        p99_ms: 99 in 100 take less.
    """

    per_second: float
    median_ms: float
    p99_ms: float

    @property
    def claims(self) -> list[Claim]:
        return [Claim(f"REST, P99 of {CLIENTS} clients", self.p99_ms, MOST_MS, "ms", at_least=False)]

    def record(self) -> dict[str, object]:
        """The same for a JSON file."""
        return dict(vars(self))

    def __str__(self) -> str:
        return (
            f"REST, {CLIENTS} clients, n = {SIZES[0]} to {SIZES[-1]}: {self.per_second:.0f} a second, "
            f"median {self.median_ms:.0f} ms, P99 {self.p99_ms:.0f} ms"
        )


def crowd() -> Crowd:
    """Start a service on an empty database, and let all of them ask."""
    samples = [Sample.drawn(size) for size in SIZES]
    bodies = [[_body(samples, client, turn) for turn in range(FIRST + EACH)] for client in range(CLIENTS)]
    with TemporaryDirectory(dir=quick_folder()) as folder, serving(folder) as address:
        _all_ask(address, [own[:FIRST] for own in bodies])
        began = perf_counter()
        spent = _all_ask(address, [own[FIRST:] for own in bodies])
        elapsed = perf_counter() - began
    return Crowd(len(spent) / elapsed, 1e3 * median(spent), 1e3 * quantiles(spent, n=100)[98])


def _body(samples: Sequence[Sample], client: int, turn: int) -> bytes:
    number = client + CLIENTS * turn
    return body_of(problem_of(samples[number % len(samples)], number, CAP), CAP, f"portfolio-{client}")


def _all_ask(address: tuple[str, int], bodies: Sequence[Sequence[bytes]]) -> list[float]:
    with ThreadPoolExecutor(len(bodies)) as clients:
        return list(chain.from_iterable(clients.map(lambda own: _ask(address, own), bodies)))


def _ask(address: tuple[str, int], bodies: Sequence[bytes]) -> list[float]:
    connection = HTTPConnection(*address)
    try:
        return [posted(connection, body) for body in bodies]
    finally:
        connection.close()
