"""The cone of each measure of scenarios, and how its dual vector is read from the multipliers there.

Such a measure is the largest u'z over an envelope of dual vectors u, z the losses or the drawdowns; the rows that tie z
to the weights carry u as their multipliers. They are counted in units near the largest return.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import clarabel
import numpy as np
from numpy.typing import NDArray

from tangency.domain.errors import Unsupported
from tangency.domain.numbers import Matrix, Vector, power_of_two_near
from tangency.domain.risk.deviation import Absolute, RootMeanSquare, Shortfall
from tangency.domain.risk.drawdown import DrawdownRisk
from tangency.domain.risk.envelope import Envelope, LossRisk
from tangency.domain.risk.gini import Differences
from tangency.domain.risk.tail import EntropicTail, Tail, Worst
from tangency.plugins.kernels.conic_program import Builder, Compiled, Dual, Expression, Solved

Places: TypeAlias = NDArray[Any]
"""Rows or columns."""
Entry: TypeAlias = tuple[Places, Places, Vector]
"""Rows, columns and coefficients."""


@dataclass(frozen=True, eq=False, slots=True)
class Losses:
    """What an envelope measures, scenario by scenario: sums over columns, and an offset, in some unit.

    Attributes:
        entries: rows from 0 to T - 1.
        offset: shape (T,).
        unit: what a 1 stands for.
    """

    entries: tuple[Entry, ...]
    offset: Vector
    unit: float

    def __len__(self) -> int:
        return len(self.offset)

    def picked(self, chosen: Places) -> Losses:
        """Those of some scenarios, by position."""
        place = np.full(len(self), -1)
        place[chosen] = np.arange(len(chosen))
        kept = [(place[rows] >= 0, rows, columns, values) for rows, columns, values in self.entries]
        entries = tuple((place[rows[mask]], columns[mask], values[mask]) for mask, rows, columns, values in kept)
        return Losses(entries, self.offset[chosen], self.unit)


def losses_cone(risk: LossRisk, build: Builder) -> Compiled:
    """A measure of losses in a program that would have it small.

    Gini's mean difference stands as the largest of what the dual vectors in ``build.cuts`` say.

    Raises:
        Unsupported: no cone is known for its envelope.
    """
    if isinstance(risk.envelope, Differences):
        return _largest_of(risk, build)
    return _measured(risk.envelope, _losses(risk, build), build)


def _losses(risk: LossRisk, build: Builder) -> Losses:
    unit = power_of_two_near(max(float(np.abs(risk.returns).max()), abs(risk.offset)))
    entry = _dense(-risk.returns / unit, build.weights)
    return Losses((entry,), np.full(len(risk.returns), risk.offset / unit), unit)


# --- drawdowns ----------------------------------------------------------------------------------------------------


def drawdown_cone(risk: DrawdownRisk, build: Builder) -> Compiled:
    """d_t >= d_(t-1) - r_t'x and d_t >= 0, d_0 = 0; the multipliers of the second are those of the peaks."""
    returns = np.diff(risk.cumulative, axis=0, prepend=np.zeros((1, build.n)))
    unit = power_of_two_near(float(np.abs(returns).max()))
    count = len(returns)
    depth, every = build.variables(count), np.arange(count)
    entries: list[Entry] = [_dense(-returns / unit, build.weights), (every, depth, -np.ones(count))]
    entries.append((every[1:], depth[:-1], np.ones(count - 1)))
    _at_most_zero(build, entries, np.zeros(count))
    above = _at_most_zero(build, [(every, depth, -np.ones(count))], np.zeros(count))
    drawdowns = Losses(((every, depth, np.ones(count)),), np.zeros(count), unit)
    measured = _measured(risk.envelope, drawdowns, build)

    def dual(solved: Solved, price: float) -> Vector | None:
        troughs = measured.dual(solved, price)
        peaks = _weights(solved, above, price * unit)
        return None if troughs is None or peaks is None else np.concatenate([peaks, troughs])

    return Compiled(measured.expression, dual)


# --- envelopes ----------------------------------------------------------------------------------------------------


def _measured(envelope: Envelope, losses: Losses, build: Builder) -> Compiled:
    known = _ENVELOPES.get(type(envelope))
    if known is None:
        detail = f"no cone is known for {type(envelope).__name__}; choose another measure."
        raise Unsupported.at(("method_options", "risk_measure"), detail, "unsupported")
    return known(envelope, losses, build)


def _tail(envelope: Envelope, losses: Losses, build: Builder) -> Compiled:
    """s = z + sum v / (1 - level), v >= losses - z, v >= 0 (Rockafellar and Uryasev 2000); at level 0 the mean."""
    assert isinstance(envelope, Tail)  # noqa: S101 - by the table
    if envelope.level == 0.0:
        return _mean(envelope, losses)
    level, over = build.variables(1), build.variables(len(losses))
    rows = _exceeded(build, losses, over, level)
    _at_most_zero(build, [_diagonal(over, -1.0)], np.zeros(len(losses)))
    columns, coefficients = np.concatenate([level, over]), np.concatenate([[1.0], envelope.caps])
    return Compiled(Expression(columns, losses.unit * coefficients, 0.0), _read(rows, losses.unit))


def _mean(envelope: Envelope, losses: Losses) -> Compiled:
    p = envelope.probabilities
    columns = np.concatenate([columns for _, columns, _ in losses.entries])
    values = np.concatenate([p[rows] * values for rows, _, values in losses.entries])
    mean = Expression(columns, losses.unit * values, losses.unit * float(p @ losses.offset))
    return Compiled(mean, lambda _solved, _price: p)


def _worst(envelope: Envelope, losses: Losses, build: Builder) -> Compiled:
    """s >= every loss that is possible."""
    size, possible = build.variables(1), np.flatnonzero(envelope.probabilities > 0)
    rows = _exceeded(build, losses.picked(possible), np.repeat(size, len(possible)))
    read = _read(rows, losses.unit)

    def dual(solved: Solved, price: float) -> Vector | None:
        found, weights = read(solved, price), np.zeros(len(losses))
        if found is not None:
            weights[possible] = found
        return None if found is None else weights

    return Compiled(Expression(size, np.array([losses.unit]), 0.0), dual)


def _shortfall(envelope: Envelope, losses: Losses, build: Builder) -> Compiled:
    """The mean of v >= losses, v >= 0."""
    over = build.variables(len(losses))
    rows = _exceeded(build, losses, over)
    _at_most_zero(build, [_diagonal(over, -1.0)], np.zeros(len(losses)))
    return Compiled(Expression(over, losses.unit * envelope.probabilities, 0.0), _read(rows, losses.unit))


def _absolute(envelope: Envelope, losses: Losses, build: Builder) -> Compiled:
    """The mean of v >= losses, v >= -losses."""
    over = build.variables(len(losses))
    above = _exceeded(build, losses, over)
    turned = tuple((rows, columns, -values) for rows, columns, values in losses.entries)
    below = _exceeded(build, Losses(turned, -losses.offset, losses.unit), over)

    def dual(solved: Solved, price: float) -> Vector | None:
        worth = price * losses.unit
        return np.asarray((solved.prices[above] - solved.prices[below]) / worth) if worth else None

    return Compiled(Expression(over, losses.unit * envelope.probabilities, 0.0), dual)


def _root_mean_square(envelope: Envelope, losses: Losses, build: Builder) -> Compiled:
    """(s, sqrt(p / divisor) v) in the second-order cone, v >= losses."""
    assert isinstance(envelope, RootMeanSquare)  # noqa: S101 - by the table
    over, size = build.variables(len(losses)), build.variables(1)
    rows = _exceeded(build, losses, over)
    roots = np.sqrt(envelope.probabilities / envelope.divisor)
    top: Entry = (np.zeros(1, int), size, -np.ones(1))
    inside: Entry = (np.arange(1, len(losses) + 1), over, -roots)
    build.add(clarabel.SecondOrderConeT(len(losses) + 1), [top, inside], np.zeros(len(losses) + 1))
    return Compiled(Expression(size, np.array([losses.unit]), 0.0), _read(rows, losses.unit))


def _entropic(envelope: Envelope, losses: Losses, build: Builder) -> Compiled:
    """s = z + entropy x t, t exp((losses - z) / t) <= v and E v <= t: one exponential cone per scenario."""
    assert isinstance(envelope, EntropicTail)  # noqa: S101 - by the table
    if envelope.level == 0.0:
        return _mean(envelope, losses)
    level, scale, moments = build.variables(1), build.variables(1), build.variables(len(losses))
    every = np.arange(len(losses))
    entries: list[Entry] = [(3 * rows, columns, -values) for rows, columns, values in losses.entries]
    entries.append((3 * every, np.repeat(level, len(losses)), np.ones(len(losses))))
    entries.append((3 * every + 1, np.repeat(scale, len(losses)), -np.ones(len(losses))))
    entries.append((3 * every + 2, moments, -np.ones(len(losses))))
    limits = np.zeros(3 * len(losses))
    limits[::3] = losses.offset
    rows = build.add(clarabel.ExponentialConeT(), entries, limits)[::3]
    build.cones += [clarabel.ExponentialConeT()] * (len(losses) - 1)
    total: Entry = (
        np.zeros(len(losses) + 1, int),
        np.concatenate([moments, scale]),
        np.append(envelope.probabilities, -1.0),
    )
    _at_most_zero(build, [total], np.zeros(1))
    columns, coefficients = np.concatenate([level, scale]), losses.unit * np.array([1.0, envelope.entropy])
    return Compiled(Expression(columns, coefficients, 0.0), _read(rows, -losses.unit))


_ENVELOPES: Mapping[type[Envelope], Callable[[Envelope, Losses, Builder], Compiled]] = {
    Tail: _tail,
    Worst: _worst,
    Shortfall: _shortfall,
    Absolute: _absolute,
    RootMeanSquare: _root_mean_square,
    EntropicTail: _entropic,
}


def _largest_of(risk: LossRisk, build: Builder) -> Compiled:
    """s >= what each dual vector says; together, by their multipliers, they are a dual vector too."""
    cuts = np.array(build.cuts.setdefault(risk, [risk.worst_case(np.ones(build.n) / build.n)]))
    slopes = -(cuts @ risk.returns)
    unit = power_of_two_near(float(np.abs(slopes).max()))
    size = build.variables(1)
    own: Entry = (np.arange(len(cuts)), np.repeat(size, len(cuts)), -np.ones(len(cuts)))
    rows = _at_most_zero(build, [_dense(slopes / unit, build.weights), own], np.zeros(len(cuts)))

    def dual(solved: Solved, _price: float) -> Vector:
        shares = np.maximum(solved.prices[rows], 0.0)
        return np.asarray(shares @ cuts / (float(shares.sum()) or 1.0))

    return Compiled(Expression(size, np.array([unit]), 0.0), dual)


# --- rows ---------------------------------------------------------------------------------------------------------


def _dense(matrix: Matrix, columns: Places) -> Entry:
    rows = np.repeat(np.arange(len(matrix)), len(columns))
    return rows, np.tile(columns, len(matrix)), matrix.ravel()


def _diagonal(columns: Places, value: float) -> Entry:
    return np.arange(len(columns)), columns, np.full(len(columns), value)


def _at_most_zero(build: Builder, entries: Sequence[Entry], offset: Vector) -> Places:
    """entries v + offset <= 0, row by row."""
    return build.add(clarabel.NonnegativeConeT(len(offset)), entries, -offset)


def _exceeded(build: Builder, losses: Losses, over: Places, level: Places | None = None) -> Places:
    """losses - level <= over, row by row."""
    entries: list[Entry] = [*losses.entries, _diagonal(over, -1.0)]
    if level is not None:
        entries.append(_diagonal(np.repeat(level, len(losses)), -1.0))
    return _at_most_zero(build, entries, losses.offset)


def _read(rows: Places, unit: float) -> Dual:
    return lambda solved, price: _weights(solved, rows, price * unit)


def _weights(solved: Solved, rows: Places, price: float) -> Vector | None:
    """Multipliers of rows as dual vectors of a term whose unit is worth ``price``; None where it is worth nothing."""
    return np.asarray(solved.prices[rows] / price) if price else None
