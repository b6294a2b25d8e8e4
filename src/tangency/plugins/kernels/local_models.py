"""A measure of risk around a portfolio: its value, slope and curvature there, and the kinks that are near.

A tail of losses is smooth. A drawdown is measured from the highest peak before it, and where two peaks are about as
high, which of them counts changes from one portfolio to the next: how much a second one rises above the first is then a
variable of its own, beside the weights, with a row for every peak that may be the higher one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.region import Row
from tangency.domain.risk.deviation import RootMeanSquare
from tangency.domain.risk.drawdown import DrawdownRisk
from tangency.domain.risk.envelope import Envelope, LossRisk
from tangency.domain.risk.risk import Risk
from tangency.domain.risk.tail import EntropicTail

WEIGHTLESS = 1e-17
"""Of the largest weight: a scenario with less bends nothing."""

Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False, slots=True)
class LocalModel:
    """A measure of risk around a portfolio x, over weights and extra variables that are 0 there and never below.

    Attributes:
        value: at x.
        slope: shape (n + k,).
        curvature: shape (n + k, n + k); not finite where the measure has none.
        kinks: rows over weights and extra variables.
        dual: a dual vector for a portfolio near x, from the prices of the kinks by their ids, per unit of risk.
    """

    value: float
    slope: Vector
    curvature: Matrix
    kinks: tuple[Row, ...]
    dual: Callable[[Vector, Mapping[str, float]], Vector]


def smooth(risk: Risk) -> bool:
    """Whether a measure has such models."""
    if isinstance(risk, LossRisk):
        return isinstance(risk.envelope, EntropicTail) and risk.envelope.level > 0
    return isinstance(risk, DrawdownRisk) and isinstance(risk.envelope, EntropicTail | RootMeanSquare)


def local_model(risk: Risk, x: Vector, near: float) -> LocalModel:
    """The model of a smooth measure around x.

    Args:
        risk: see :func:`smooth`.
        x: shape (n,).
        near: by how much of the deepest drawdown a peak may be lower than the highest, to be reckoned with.
    """
    if isinstance(risk, LossRisk):
        return _of_losses(risk, x)
    assert isinstance(risk, DrawdownRisk)  # noqa: S101 - asked before
    return _of_drawdowns(risk, x, near)


def _of_losses(risk: LossRisk, x: Vector) -> LocalModel:
    value, slope, curvature = _bent(risk.envelope, risk.losses(x), -risk.returns)
    return LocalModel(value, slope, curvature, (), lambda y, _prices: risk.worst_case(y))


def _bent(envelope: Envelope, losses: Vector, change: Matrix) -> tuple[float, Vector, Matrix]:
    """The measure of losses that change with variables, its slope and its curvature; change has shape (T, k)."""
    if isinstance(envelope, EntropicTail):
        return _entropic(envelope, losses, change)
    assert isinstance(envelope, RootMeanSquare)  # noqa: S101 - asked before
    value, weights = envelope.value(losses), envelope.worst(losses)
    slope = weights @ change
    if value <= 0.0:
        return value, slope, np.full((change.shape[1],) * 2, np.nan)
    own = np.where(losses > 0, envelope.probabilities, 0.0) / envelope.divisor
    return value, slope, ((change * own[:, None]).T @ change - np.outer(slope, slope)) / value


def _entropic(envelope: EntropicTail, losses: Vector, change: Matrix) -> tuple[float, Vector, Matrix]:
    """The curvature in the losses is (diag u - u u' - (u c)(u c)' / V) / z.

    u are the tilted probabilities, c the losses less their mean under u, and V is the second moment of c.
    """
    value, u, z = envelope.attained(losses)
    some = u > WEIGHTLESS * float(u.max())
    change, u, centred = change[some], u[some], losses[some] - float(u @ losses)
    spread, slope, turned = float(u @ centred**2), u @ change, (u * centred) @ change
    if not 0.0 < z < np.inf or spread <= 0.0:
        return value, slope, np.full((change.shape[1],) * 2, np.nan)
    return (
        value,
        slope,
        ((change * u[:, None]).T @ change - np.outer(slope, slope) - np.outer(turned, turned) / spread) / z,
    )


# --- drawdowns ----------------------------------------------------------------------------------------------------

Rivals = tuple[Places, list[int]]
"""Periods, and the peaks that may count for them beside the one that does."""
MOST_RIVALS = 120
"""Groups of periods with a variable of their own: a step over as many takes as long as one over as many names."""
START = -1
"""The peak before the first period."""


def _of_drawdowns(risk: DrawdownRisk, x: Vector, near: float) -> LocalModel:
    path = risk.cumulative @ x
    depth = np.maximum.accumulate(np.maximum(path, 0.0)) - path
    top, rivals = _highest(path, depth, near * float(depth.max(initial=0.0)))
    rivals = _weightiest(rivals, risk.envelope.worst(depth))
    levels = np.vstack([risk.cumulative, np.zeros(len(x))])  # that of the start is last
    change = np.hstack([levels[top] - risk.cumulative, np.zeros((len(path), len(rivals)))])
    for number, (times, _) in enumerate(rivals):
        change[times, len(x) + number] = 1.0
    sides = [(number, peak, int(top[times[0]])) for number, (times, peaks) in enumerate(rivals) for peak in peaks]
    extra = -np.eye(len(rivals))
    kinks = [Row(_id(n, peak), np.append(levels[peak] - levels[own], extra[n]), 0.0) for n, peak, own in sides]

    def dual(y: Vector, prices: Mapping[str, float]) -> Vector:
        troughs = risk.envelope.worst(risk.drawdowns(y))
        peaks = np.bincount(top + 1, troughs, minlength=len(path) + 1)
        for number, peak, own in sides:
            moved = max(0.0, prices.get(_id(number, peak), 0.0))
            peaks[peak + 1] += moved
            peaks[own + 1] -= moved
        return np.concatenate([np.maximum(peaks[1:], 0.0), troughs])

    return LocalModel(*_bent(risk.envelope, depth, change), tuple(kinks), dual)


def _id(group: int, peak: int) -> str:
    return f"peak {peak} for {group}"


def _highest(path: Vector, depth: Vector, room: float) -> tuple[Places, list[Rivals]]:
    """For each period the peak that counts; and groups of periods for which others may count instead, with these.

    A rival is a local peak no more than ``room`` below the highest one. It is one for every later period, until some
    peak rises above it by more.
    """
    every = np.arange(len(path))
    top = np.maximum.accumulate(np.where(depth <= 0.0, every, START))
    candidates = (depth <= room).nonzero()[0]
    groups: dict[tuple[int, ...], list[Places]] = {}
    known: list[int] = [START]
    for first, last in pairwise([*candidates.tolist(), len(path)]):  # none where every period is under water
        own = int(top[first])
        known = [peak for peak in [*known, first] if _level(path, peak) >= _level(path, own) - room]
        below = first + (depth[first:last] > 0.0).nonzero()[0]
        if len(below) and len(known) > 1:
            groups.setdefault((own, *(peak for peak in known if peak != own)), []).append(below)
    return top, [(np.concatenate(times), list(peaks[1:])) for peaks, times in groups.items()]


def _weightiest(rivals: list[Rivals], weights: Vector) -> list[Rivals]:
    """Those groups whose periods weigh most: what the others miss by a kink is next to nothing, or found by a step."""
    masses = [-float(weights[times].sum()) for times, _ in rivals]
    return [rivals[place] for place in np.argsort(masses, kind="stable")[:MOST_RIVALS] if masses[place] < 0.0]


def _level(path: Vector, peak: int) -> float:
    return 0.0 if peak == START else float(path[peak])
