"""An efficient frontier of 20 points, each with its certificate: at least 20 times as fast as the peers at n = 100.

A call of ours goes from a validated problem, built anew, to evenly spread points that have been checked one by one, and
the portfolios of the greatest Sharpe ratio and of today. A call of a peer goes from returns or moments to the weights
of its own 20 points, which it spreads by return.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

import tangency
from benchmarks.cases import Array, Sample
from benchmarks.claims import Claim
from benchmarks.stopwatch import Times, interleaved

if TYPE_CHECKING:
    from tangency.adapters.entry_points import EntryPointPlugins

SIZES = (20, 100, 250)
POINTS = 20
FASTER = 20.0
CLAIMED_AT = 100
NEAR = 1e-4
"""How far the end of a peer's frontier may be from ours, relatively, to count as the same question."""

Call = Callable[[], Array]


@dataclass(frozen=True, eq=False)
class Row:
    """Everybody's frontier over one sample; weights by row."""

    size: int
    times: Mapping[str, Times[Array]]
    sample: Sample

    def __str__(self) -> str:
        own = self.times[OURS].milliseconds
        told = [f"frontier of {POINTS} points, n = {self.size}: {own:.1f} ms"]
        told += [self._told(name, own) for name in PEERS]
        return "; ".join(told)

    def _told(self, name: str, own: float) -> str:
        times = self.times[name]
        if times.failure:
            return f"{name} failed: {times.failure}"
        return f"{name} {times.milliseconds / own:.1f} times as long{self._remark(name)}"

    def _remark(self, name: str) -> str:
        """Where a peer answers another question."""
        found, ours = self.times[name].answer, self.times[OURS].answer
        if found is None or ours is None:
            return ""
        least = [float(np.sqrt(weights[0] @ self.sample.covariance @ weights[0])) for weights in (found, ours)]
        return "" if abs(least[0] / least[1] - 1.0) <= NEAR else f" (begins at {least[0]:.5g}, not {least[1]:.5g})"

    @property
    def claims(self) -> list[Claim]:
        if self.size != CLAIMED_AT:
            return []
        own = self.times[OURS].milliseconds
        peers = {name: self.times[name].milliseconds for name in PEERS if not self.times[name].failure}
        title = f"frontier, n = {self.size}"
        return [Claim(title, spent / own, FASTER, f"times {name}", at_least=True) for name, spent in peers.items()]

    def record(self) -> dict[str, object]:
        figures = {name: times.failure or times.milliseconds for name, times in self.times.items()}
        return {"row": f"frontier, n = {self.size}", "milliseconds": figures}


def rows(sizes: Sequence[int], calls: int) -> Iterator[Row]:
    """Run the sizes one after the other."""
    interleaved(_contenders(Sample.drawn(SIZES[0])), calls=0)  # everybody's imports
    for size in sizes:
        sample = Sample.drawn(size)
        yield Row(size, interleaved(_contenders(sample), calls), sample)


def _contenders(sample: Sample) -> dict[str, Callable[[], Call]]:
    return {name: partial(prepare, sample) for name, prepare in {OURS: tangency_call, **PEERS}.items()}


def tangency_call(sample: Sample) -> Call:
    from tangency.adapters.solving.in_process import trace
    from tangency.domain.frontier.question import FrontierQuestion

    market = tangency.Market(tangency.Universe.of(sample.names), sample.mean, sample.covariance)
    problem = tangency.Problem(market, tangency.MinimumVolatility(), (tangency.Budget(), tangency.LongOnly()))
    question, plugins = FrontierQuestion(points=POINTS), _plugins()

    def call() -> Array:
        return np.array([point.weights for point in trace(problem, question, plugins).points])

    return call


@cache
def _plugins() -> EntryPointPlugins:
    """What is installed, looked up once, as a service does."""
    from tangency.adapters.entry_points import EntryPointPlugins

    return EntryPointPlugins(())


def skfolio_call(sample: Sample) -> Call:
    from skfolio.optimization import MeanRisk

    def call() -> Array:
        return np.asarray(MeanRisk(efficient_frontier_size=POINTS).fit(sample.returns).weights_, dtype=float)

    return call


def riskfolio_call(sample: Sample) -> Call:
    import pandas as pd
    import riskfolio

    names = list(sample.names)
    returns = pd.DataFrame(sample.returns, columns=names)
    mean = pd.DataFrame(sample.mean[None, :], columns=names)
    covariance = pd.DataFrame(sample.covariance, columns=names, index=names)

    def call() -> Array:
        portfolio = riskfolio.Portfolio(returns=returns)
        portfolio.mu, portfolio.cov = mean, covariance
        frontier = portfolio.efficient_frontier(model="Classic", rm="MV", points=POINTS, rf=0, hist=True)
        return np.asarray(frontier, dtype=float).T

    return call


OURS = "tangency"
PEERS = {"skfolio": skfolio_call, "Riskfolio-Lib": riskfolio_call}
