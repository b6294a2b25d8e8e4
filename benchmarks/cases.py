"""The problems that every contender solves: long-only, fully invested, one cap for every name, annual moments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Aim: TypeAlias = Literal[
    "minimum volatility",
    "maximum Sharpe",
    "minimum CVaR 95 %",
    "equal risk contribution",
    "hierarchical risk parity, single linkage",
    "hierarchical risk parity, Ward linkage",
]

SIZES = (20, 100, 250, 500, 1000)
AIMS: tuple[Aim, ...] = ("minimum volatility", "maximum Sharpe")
PERIODS_PER_YEAR = 252
FACTORS = 10

FASTER = 3.0
FASTER_AT_SHARPE_1000 = 20.0


@dataclass(frozen=True, eq=False)
class Sample:
    """Daily returns of n names and their annual moments.

    Attributes:
        returns: shape (T, n).
        mean: annual, of these returns; shape (n,).
        covariance: annual, of these returns; shape (n, n).
    """

    names: tuple[str, ...]
    returns: Array
    mean: Array
    covariance: Array

    @classmethod
    def drawn(cls, n: int) -> Sample:
        """T = 2n + 250 days of one market factor, nine others and noise, with means of about 6 % a year per beta.

        The means of the sample are set, not drawn: over so few days they would be noise, and in some samples no
        portfolio at all would have a positive one.
        """
        random = np.random.default_rng(n)
        days = 2 * n + PERIODS_PER_YEAR - 2
        loadings = random.normal(0.0, 0.5, (n, FACTORS))
        loadings[:, 0] = random.uniform(0.6, 1.4, n)
        factors = random.normal(0.0, 0.005, (days, FACTORS))
        factors[:, 0] = random.normal(0.0, 0.01, days)
        noise = random.normal(0.0, 1.0, (days, n)) * random.uniform(0.005, 0.02, n)
        returns = factors @ loadings.T + noise
        premium = 0.06 * loadings[:, 0] + random.normal(0.0, 0.03, n)
        returns += premium / PERIODS_PER_YEAR - returns.mean(axis=0)
        moments = PERIODS_PER_YEAR * returns.mean(axis=0), PERIODS_PER_YEAR * np.cov(returns, rowvar=False)
        return cls(tuple(f"A{i:04d}" for i in range(n)), returns, *moments)


@dataclass(frozen=True, eq=False)
class Case:
    """One aim over one sample under one cap."""

    aim: Aim
    cap: float
    cap_words: str
    sample: Sample

    @property
    def size(self) -> int:
        return len(self.sample.names)

    @property
    def sharpe(self) -> bool:
        return self.aim == "maximum Sharpe"

    @property
    def faster(self) -> float:
        """How many times as fast as the fastest peer ours is claimed to be."""
        return FASTER_AT_SHARPE_1000 if self.sharpe and self.size == SIZES[-1] else FASTER

    def value(self, weights: Array) -> float:
        """Annual volatility, or the Sharpe ratio over a risk-free rate of 0."""
        volatility = float(np.sqrt(weights @ self.sample.covariance @ weights))
        return float(self.sample.mean @ weights) / volatility if self.sharpe else volatility

    def violation(self, weights: Array) -> float:
        """By how much the worst limit is broken, as a fraction of the portfolio."""
        return max(abs(float(weights.sum()) - 1.0), -float(weights.min()), float(weights.max()) - self.cap, 0.0)


def cases(sizes: Sequence[int]) -> Iterator[Case]:
    """Every aim at every size under both caps: 10 %, where few names are held, and 3/n, where a third or more are."""
    for n in sizes:
        sample = Sample.drawn(n)
        for aim in AIMS:
            yield Case(aim, 0.10, "10 %", sample)
            yield Case(aim, 3.0 / n, "3/n", sample)
