"""The rows of a linear program in which limits may give way, and which of them a proof stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tangency.domain.numbers import Indices, Vector, power_of_two_near
from tangency.domain.optimization.active_risk import centred
from tangency.domain.optimization.proposal import Witness
from tangency.domain.optimization.region import FAR, Bounds, Distance, RiskCap, Row, Shape
from tangency.domain.risk.volatility import volatility

SMALLEST_SLACK = 1e-9
"""The linear programs are solved to 1e-10."""
MISSED, MISSED_BY_SOFT = 1e-9, 1e-7
"""Of a risk limit: by how much a portfolio may exceed it before another half-space is cut off. A limit that may give
way must then give a little more than the least it could."""

NOTHING = 1e-4
"""Of a typical figure: a limit below it is as good as 0, and a change relative to it would drown the others."""


@dataclass(eq=False)
class ElasticRows:
    """A linear program under construction, over weights, slacks in units near their limits, and absolute values.

    Attributes:
        weights: how many variables are weights; they come first.
        columns: how many variables there are.
        slack_units: what each slack is measured in, by its column.
    """

    weights: int
    columns: int
    slack_units: Mapping[int, float]
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    points: list[Vector | None] = field(default_factory=list)
    units: list[float] = field(default_factory=list)
    parts: list[tuple[Indices, Vector]] = field(default_factory=list)

    def add(
        self, owner: str, entries: Mapping[int, float], lower: float, upper: float, point: Vector | None = None
    ) -> None:
        """lower <= entries v <= upper, for the constraint of that id; ``point`` says which cut of a risk cap it is."""
        self.lower.append(lower)
        self.upper.append(upper)
        self.owners.append(owner)
        self.points.append(point)
        present = {column: value for column, value in entries.items() if value != 0.0}
        self.parts.append((np.array(list(present), np.int32), np.array(list(present.values()), float)))
        own = [abs(value) for column, value in present.items() if column not in self.slack_units]
        self.units.append(power_of_two_near(max(own, default=0.0)))

    def row_units(self) -> Vector:
        """Powers of two near the largest coefficient of each row, slacks aside; shape (rows,)."""
        return np.array(self.units)

    def triplets(self) -> tuple[Indices, Indices, Vector]:
        """Row, column and value of every coefficient."""
        if not self.parts:
            return np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0)
        rows = np.repeat(np.arange(len(self.parts), dtype=np.int32), [len(columns) for columns, _ in self.parts])
        columns, values = (np.concatenate(listed) for listed in zip(*self.parts, strict=True))
        return rows, columns, values

    def column_units(self) -> Vector:
        """What each variable is measured in; shape (columns,)."""
        return np.array([self.slack_units.get(column, 1.0) for column in range(self.columns)])


LINK = ""
"""Owns the rows that tie a distance's absolute values to the weights: they belong to no limit, and no id is empty."""


def size_of(shape: Shape, limit: float, rate: float, names: int) -> float:
    """What a change of a limit is relative to: the limit, or what a weight of 1 makes where that is next to nothing.

    A limit beyond all reach counts as one that is just there: a program with such figures has no digits for the others.

    Args:
        shape: of the constraint.
        limit: as the user gives it.
        rate: by how much the shape gives for a unit of the limit.
        names: how many there are.
    """
    made = _made_by_one(shape, names) / (rate or 1.0)
    return min(abs(limit), FAR * made) if abs(limit) > NOTHING * made else made


def _made_by_one(shape: Shape, names: int) -> float:
    """A power of two near the most that a weight of 1 adds to what is limited."""
    if isinstance(shape, Row):
        return power_of_two_near(float(np.abs(shape.coefficients).max()))
    if isinstance(shape, RiskCap):
        return power_of_two_near(float(np.abs(shape.risk.tangent(np.full(names, 1.0 / names)).slope).max()))
    return 1.0


def add_shape(rows: ElasticRows, shape: Bounds | Row | Distance, slack: int | None, rate: float) -> None:
    """Rows for a shape; with a slack column its limit gives by ``rate`` per unit of slack."""
    give = {} if slack is None else {slack: -rate}
    take = {} if slack is None else {slack: rate}
    if isinstance(shape, Bounds):
        for i in np.flatnonzero(np.isfinite(shape.lower)).tolist():
            rows.add(shape.id, {i: 1.0, **take}, float(shape.lower[i]), np.inf)
        for i in np.flatnonzero(np.isfinite(shape.upper)).tolist():
            rows.add(shape.id, {i: 1.0, **give}, -np.inf, float(shape.upper[i]))
    elif isinstance(shape, Row):
        entries = dict(enumerate(shape.coefficients.tolist()))
        rows.add(shape.id, {**entries, **give}, -np.inf, shape.limit)
        if shape.equality:
            rows.add(shape.id, {**entries, **take}, shape.limit, np.inf)
    else:
        first = rows.columns
        rows.columns += len(shape.center)
        for i, center in enumerate(shape.center.tolist()):
            rows.add(LINK, {first + i: 1.0, i: -1.0}, -center, np.inf)
            rows.add(LINK, {first + i: 1.0, i: 1.0}, center, np.inf)
        total = dict.fromkeys(range(first, first + len(shape.center)), 1.0)
        rows.add(shape.id, {**total, **give}, -np.inf, shape.limit)


def add_cut(rows: ElasticRows, cap: RiskCap, slack: int | None, dual: Vector) -> bool:
    """The half-space of a risk cap that a dual vector stands for; whether it stands for any."""
    cut = cap.cut(dual)
    if cut is not None:
        give = {} if slack is None else {slack: -1.0}
        rows.add(cap.id, {**dict(enumerate(cut.coefficients.tolist())), **give}, -np.inf, cut.limit, dual)
    return cut is not None


def touching(cap: RiskCap, x: Vector) -> Vector:
    """The dual vector of the half-space that touches the risk at x; where a covariance stands behind it, of risk 1."""
    dual, form = cap.risk.worst_case(x), centred(cap.risk)
    return dual if form is None else dual / volatility(form[0], dual)


def add_broken(
    rows: ElasticRows, caps: Sequence[RiskCap], slack_of: Mapping[str, int], solution: Vector
) -> list[tuple[str, Vector]]:
    """Cut a solution off by every cap that it breaks beyond its slack; gives the dual vectors, by the caps' ids.

    Args:
        rows: of the program.
        caps: of convex measures.
        slack_of: columns of the caps' slacks, where they may give way.
        solution: its variables, the weights first.
    """
    added = []
    for cap in caps:
        x = solution[: rows.weights]
        slack = slack_of.get(cap.id)
        given = 0.0 if slack is None else float(solution[slack])
        missed = MISSED_BY_SOFT if given > SMALLEST_SLACK else MISSED
        if cap.excess(x) - given > missed * max(abs(cap.limit), abs(given)):
            dual = touching(cap, x)
            if add_cut(rows, cap, slack, dual):
                added.append((cap.id, dual))
    return added


def proof_of(rows: ElasticRows, shapes: Mapping[str, Shape], prices: Vector) -> tuple[Witness, frozenset[str]]:
    """Row multipliers gathered by constraint, and whose rows have any.

    With f = 0 and y >= 0 for a'x <= b, the sign is minus the program's. The half-spaces of one cap add up to one: the
    mean of their dual vectors, by their multipliers, is a dual vector too, and where they are portfolios for a
    volatility it has the lower one.
    """
    multipliers: dict[str, float] = {}
    parts: dict[str, list[tuple[float, Vector]]] = {}
    support = set()
    for owner, point, price, unit in zip(rows.owners, rows.points, prices.tolist(), rows.row_units(), strict=True):
        if abs(price) * unit <= SMALLEST_SLACK or owner == LINK:
            continue
        support.add(owner)
        if point is not None:
            parts.setdefault(owner, []).append((-price, point))
        elif not isinstance(shapes[owner], Bounds):
            multipliers[owner] = multipliers.get(owner, 0.0) - price
    cuts = {}
    for owner, listed in parts.items():
        cap = shapes[owner]
        if isinstance(cap, RiskCap):
            cuts[owner], multipliers[owner] = _together(cap, listed)
    return Witness(multipliers, cuts), frozenset(support)


def _together(cap: RiskCap, parts: Sequence[tuple[float, Vector]]) -> tuple[Vector, float]:
    """One dual vector and its multiplier, whose half-space has the slope that several add up to."""
    total = sum(price for price, _ in parts)
    mean = np.asarray(sum(price * dual for price, dual in parts) / total)
    one = cap.cut(mean)
    several = [(price, cap.cut(dual)) for price, dual in parts]
    slope = sum(price * cut.coefficients for price, cut in several if cut is not None)
    length = 0.0 if one is None else float(np.abs(one.coefficients).max())
    return mean, float(np.abs(slope).max()) / length if length > 0 else total
