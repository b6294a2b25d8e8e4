"""Expected logarithmic growth as exponential cones, one per scenario."""

from __future__ import annotations

import clarabel
import numpy as np

from tangency.domain.numbers import Vector
from tangency.domain.optimization.log_growth import LogGrowth
from tangency.plugins.kernels.conic_program import Builder, Compiled, Entry, Expression, Solved


def growth_cone(term: LogGrowth, build: Builder) -> Compiled:
    """-E g with exp(g) <= 1 + r'x; the multiplier of the wealth over its probability is 1 / wealth."""
    sample = build.estimates.required_scenarios("growth")
    possible = np.flatnonzero(sample.weights > 0)
    returns, p = sample.returns[possible], sample.weights[possible]
    count, every = len(possible), np.arange(len(possible))
    growth = build.variables(count)
    log: Entry = (3 * every, growth, -np.ones(count))
    wealth: Entry = (np.repeat(3 * every + 2, build.n), np.tile(build.weights, count), -returns.ravel())
    limits = np.tile([0.0, 1.0, 1.0], count)
    rows = build.add(clarabel.ExponentialConeT(), [log, wealth], limits)[2::3]
    build.cones += [clarabel.ExponentialConeT()] * (count - 1)
    size = term.weight * sample.periods_per_year

    def dual(solved: Solved, price: float) -> Vector | None:
        inverse = np.ones(len(sample))
        inverse[possible] = solved.prices[rows] / (price * size * p)
        return inverse if (inverse > 0).all() else None

    return Compiled(Expression(growth, -size * p, 0.0), dual)
