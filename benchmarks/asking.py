"""A service of one's own, and how it is asked: problems with inline estimates, no two alike."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter

import tangency
from benchmarks.cases import Array, Sample

MEMORY = Path("/dev/shm")  # noqa: S108 - nothing secret, in a folder with a name of its own
"""The service writes to memory where the system has a folder there, so that the moods of a disk hide no millisecond."""
ADDRESS = re.compile(r"http://([\w.]+):(\d+)")


def quick_folder() -> str | None:
    """Where temporary folders are to be; None for wherever they are otherwise."""
    return str(MEMORY) if MEMORY.is_dir() else None


@contextmanager
def serving(folder: str) -> Iterator[tuple[str, int]]:
    """The host and port of a service that keeps its data in a folder."""
    command = [str(Path(sys.executable).with_name("tangency")), "serve", "--port", "0"]
    environment = {**os.environ, "TANGENCY_DATA_DIR": folder, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    try:
        told = ADDRESS.search(process.stdout.readline() if process.stdout else "")
        if told is None:
            raise OSError("the service ended before it listened")
        yield told[1], int(told[2])
    finally:
        process.terminate()
        process.wait()


def problem_of(sample: Sample, number: int, cap: float) -> tangency.Problem:
    """The maximum Sharpe ratio of a sample; each number has a covariance that is new to every database."""
    covariance: Array = sample.covariance * (1.0 + 1e-6 * number)
    market = tangency.Market(tangency.Universe.of(sample.names), sample.mean, covariance)
    limits = (tangency.Budget(), tangency.LongOnly(), tangency.MaximumWeight(cap))
    return tangency.Problem(market, tangency.MaximumSharpe(), limits)


def body_of(problem: tangency.Problem, cap: float, portfolio_id: str) -> bytes:
    """The same as a request."""
    names, market = problem.universe.names, problem.market
    if market.mean is None or market.covariance is None:
        raise ValueError("a problem without estimates is not the one to measure")
    means = zip(names, market.mean.tolist(), strict=True)
    document = {
        "portfolio_id": portfolio_id,
        "objective": "MAX_SHARPE",
        "method": "MEAN_VARIANCE",
        "strategies": [{"name": name, "expected_return": mean} for name, mean in means],
        "constraints": {"max_weight": cap},
        "risk_parameters": {"covariance": {"names": names, "values": market.covariance.tolist()}},
    }
    return json.dumps(document).encode()


def posted(connection: HTTPConnection, body: bytes) -> float:
    """Seconds that an answer took, from the first byte sent to the last received."""
    return _asked(connection, "POST", "/api/v1/optimize", body, {"Content-Type": "application/json"})


def got(connection: HTTPConnection) -> float:
    """The same of a request that asks for nothing."""
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
