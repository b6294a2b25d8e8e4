"""Least CVaR at least 5 times as fast as the fastest peer; risk parity and hierarchies over 500 names, 20 times.

Long-only and fully invested, from the same returns. A hierarchy has no objective that a peer could be near: the same
procedure at the same options gives the same weights, so its row compares volatilities.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import method_contenders as contenders
from benchmarks.cases import FASTER, Aim, Array, Case, Sample
from benchmarks.contenders import Contender
from benchmarks.rows import Row, loaded, measured

SIZES = (100, 500)
FASTER_AT_TAILS = 5.0
FASTER_AT_500 = 20.0


@dataclass(frozen=True, eq=False)
class TailCase(Case):
    """Least conditional value at risk of the days."""

    @property
    def faster(self) -> float:
        return FASTER_AT_TAILS

    def value(self, weights: Array) -> float:
        """The mean of the worst twentieth of the days, the last of them by a fraction."""
        losses = np.sort(-(self.sample.returns @ weights))[::-1]
        tail = (1.0 - contenders.LEVEL) * len(losses)
        shares = np.clip(tail - np.arange(len(losses)), 0.0, 1.0)
        return float(shares @ losses) / tail


@dataclass(frozen=True, eq=False)
class ParityCase(Case):
    """Every name with the same share of the volatility."""

    @property
    def faster(self) -> float:
        return FASTER_AT_500 if self.size == SIZES[-1] else FASTER

    def value(self, weights: Array) -> float:
        """ln volatility - mean ln weight, which equal contributions make least (Maillard and others 2010)."""
        return float(np.log(super().value(weights)) - np.log(np.maximum(weights, np.finfo(float).tiny)).mean())


@dataclass(frozen=True, eq=False)
class TreeCase(Case):
    """Hierarchical risk parity."""

    @property
    def faster(self) -> float:
        return FASTER_AT_500 if self.size == SIZES[-1] else FASTER


def rows(sizes: Sequence[int], calls: int) -> Iterator[Row]:
    """Every method at these sizes, in ascending order.

    Args:
        sizes: numbers of assets.
        calls: how often to call the quick ones.
    """
    for case in _cases([20]):
        loaded(case, _asked(case))
    yield from measured(((case, _asked(case)) for case in _cases(sizes)), calls)


def _cases(sizes: Sequence[int]) -> Iterator[Case]:
    trees: tuple[Aim, ...] = ("hierarchical risk parity, single linkage", "hierarchical risk parity, Ward linkage")
    for n in sizes:
        sample = Sample.drawn(n)
        yield TailCase("minimum CVaR 95 %", 0.10, "10 %", sample)
        yield TailCase("minimum CVaR 95 %", 3.0 / n, "3/n", sample)
        yield ParityCase("equal risk contribution", 1.0, "-", sample)
        for tree in trees:
            yield TreeCase(tree, 1.0, "-", sample)


def _asked(case: Case) -> Sequence[Contender]:
    return contenders.BY_AIM[case.aim]
