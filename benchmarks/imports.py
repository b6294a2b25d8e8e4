"""Time to import, each in a process of its own: ours and our command line under 0.3 s.

Figures are processor time from the start of the interpreter to its end, which is the wall time of an idle machine.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from time import perf_counter

from benchmarks.claims import Claim
from benchmarks.tables import figure, line

LONGEST_MS = 300.0
OUR_RUNS, PEER_RUNS = 10, 3
PEERS = ("cvxpy", "pypfopt", "skfolio", "riskfolio")


@dataclass(frozen=True)
class Start:
    """What one command takes to start and end, in milliseconds; medians."""

    name: str
    processor: float
    wall: float
    claimed: bool

    @property
    def claims(self) -> list[Claim]:
        return [Claim(self.name, self.processor, LONGEST_MS, "ms", at_least=False)] if self.claimed else []

    def record(self) -> dict[str, object]:
        """The same for a JSON file."""
        return dict(vars(self))


def starts() -> list[Start]:
    """The interpreter alone, ours, and the peers that are installed."""
    command = Path(sys.executable).with_name("tangency")
    return [
        _start("interpreter", _importing("sys"), OUR_RUNS),
        _start("import tangency", _importing("tangency"), OUR_RUNS, claimed=True),
        _start("tangency --help", [str(command), "--help"], OUR_RUNS, claimed=True),
        _start("import tangency, and all that solving needs", _importing("tangency.plugins.mean_variance"), OUR_RUNS),
        *(_start(f"import {name}", _importing(name), PEER_RUNS) for name in PEERS if find_spec(name)),
    ]


def header() -> str:
    return f"{line(('start', 'ms', 'by the clock, ms'))}\n{line(['---'] * 3)}"


def row_line(start: Start) -> str:
    return line([start.name, figure(start.processor), figure(start.wall)])


def _importing(module: str) -> list[str]:
    return [sys.executable, "-c", f"import {module}"]


def _start(name: str, command: Sequence[str], runs: int, claimed: bool = False) -> Start:
    spent = [_spent(command) for _ in range(runs)]
    processor, wall = (1e3 * median(each) for each in zip(*spent, strict=True))
    return Start(name, processor, wall, claimed)


def _spent(command: Sequence[str]) -> tuple[float, float]:
    before, started = _of_children(), perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own
    return _of_children() - before, perf_counter() - started


def _of_children() -> float:
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
