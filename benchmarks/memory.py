"""Memory of a solve at n = 1000: at the peak at most three times the covariance above the loaded interpreter.

A process loads the libraries and solves a small problem; from there on it loads the moments and solves. What it held
at most, the given matrix included, less what it held before, is the figure. Linux only, where the peak can be reset.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.cases import AIMS, Aim, Array, Case, Sample
from benchmarks.claims import Claim
from benchmarks.contenders import tangency_call

SIZE, SMALL_SIZE = 1000, 100
MOST_MATRICES = 3.0
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Peak:
    """The most memory that a solve held, in covariance matrices."""

    aim: Aim
    matrices: float

    @property
    def claims(self) -> list[Claim]:
        row = f"memory of {self.aim}, n = {SIZE}"
        return [Claim(row, self.matrices, MOST_MATRICES, "covariance matrices", at_least=False)]

    def record(self) -> dict[str, object]:
        """The same for a JSON file."""
        return dict(vars(self))


def peaks() -> Iterator[Peak]:
    """One process per aim; nothing where the system does not tell."""
    if not RESET.exists():
        return
    sample = Sample.drawn(SIZE)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "moments.npy"
        np.save(file, np.vstack([sample.mean, sample.covariance]))
        for aim in AIMS:
            command = [sys.executable, "-m", "benchmarks.memory", aim, str(file)]
            told = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this file
            yield Peak(aim, float(told.stdout))


def _solve(aim: Aim, mean: Array, covariance: Array) -> None:
    names = tuple(f"A{i:04d}" for i in range(len(mean)))
    tangency_call(Case(aim, 0.1, "10 %", Sample(names, np.empty((0, len(mean))), mean, covariance)))()


def _held(field: str) -> int:
    stated = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return 1024 * int(stated.split()[1])


def _measure(aim: Aim, file: str) -> float:
    small = Sample.drawn(SMALL_SIZE)
    _solve(aim, small.mean, small.covariance)
    before = _held("VmRSS")
    RESET.write_text("5")
    moments: Array = np.load(file)
    _solve(aim, moments[0], moments[1:])
    return (_held("VmHWM") - before) / moments.nbytes


if __name__ == "__main__":
    which = next(aim for aim in AIMS if aim == sys.argv[1])
    print(_measure(which, sys.argv[2]))
