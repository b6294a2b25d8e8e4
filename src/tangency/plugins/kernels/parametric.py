"""The family x(tau) = argmin 1/2 x'Sx - tau m'x over a polyhedron, and the member that a mean-variance objective wants.

tau = 0 is least variance, tau = 1 / risk aversion is most utility, and as tau grows the mean does. The greatest Sharpe
ratio is the member whose variance is tau times its excess mean; a volatility target is met by the member that has it.
On one active set the family is a line, so both have closed forms there (see ``active_set``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import NamedTuple

import numpy as np

from tangency.domain.market.covariance import Covariance
from tangency.domain.numbers import Matrix, Vector, power_of_two_near
from tangency.domain.optimization.proposal import SolverAttempt
from tangency.domain.optimization.region import Distance, Region, Row
from tangency.plugins.kernels import working_set
from tangency.plugins.kernels.active_set import Piece, holds, piece, pivoted
from tangency.plugins.kernels.degeneracy import settled
from tangency.plugins.kernels.interior_point import InteriorPoint, Leaning, Polyhedron
from tangency.plugins.kernels.ties import told_apart

MOST_STEPS = 60
"""Searches that land take 2 to 5; bisection needs 50 to reach the last digit."""

LARGE_TAUS = (1e2, 1e4, 1e6, 1e8)
"""In the family's own scale, where mean and variance pull equally at 1."""
ENDLESS = 1e6
"""A piece that still holds at so many times its tau, and whose answer lies beyond, never gets there."""
TOUCHING = 1e-4
"""As near to a bound as this an interior-point method stops where nothing pushes it on; a guess, which is verified."""
MOST_PIVOTS = 30
"""A piece costs a fraction of a program; where so many do not end the search, the next program does."""
SNAP = 1e-7
NEVER_BINDS = 1e4
"""Weights are of order 1 and rows are scaled to it; the certificate judges by the limits themselves."""
SMALLEST_REUSE = 48
"""From here on the next member is solved over the names that this one does not park."""
STILL = 1e-9
"""Relative change of the mean along a piece below which it is rounding."""


@dataclass(frozen=True, eq=False, slots=True)
class Member:
    """One member of the family, in the units of the problem.

    Attributes:
        weights: shape (n,).
        multipliers: by constraint id, of the rows and distances, for the objective 1/2 x'Sx - tau m'x.
        exact: solved for on its active set, with the limits and signs checked.
    """

    tau: float
    weights: Vector
    multipliers: dict[str, float]
    exact: bool = False


Target = Callable[[Piece], float | None]


class _Landing(NamedTuple):
    """A piece, the tau it aims at, and one at which it holds: the same, or a finite one where that is endless."""

    line: Piece
    aim: float
    reached: float


@dataclass(eq=False)
class Family:
    """The family for one covariance, mean and region. Not a value: it collects the attempts it makes.

    Attributes:
        even: whether portfolios are told apart that a singular covariance does not tell apart; a step of a method that
            takes many needs none of it.
        attempts: every call of a solver so far.
    """

    covariance: Covariance
    mean: Vector
    region: Region
    tolerance: float
    even: bool = True
    attempts: list[SolverAttempt] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._variance_unit = power_of_two_near(float(self.covariance.variances.max()))
        self._mean_unit = power_of_two_near(float(np.abs(self.mean).max()))
        values = self.covariance.dense()
        apart = told_apart(self.covariance) if self.even else values
        self._S = apart / self._variance_unit
        self._untouched = None if apart is values else values / self._variance_unit
        self._m = self.mean / self._mean_unit
        units = [power_of_two_near(float(np.abs(row.coefficients).max())) for row in self.region.rows]
        self._row_units = np.array(units)
        self._distances = tuple(d for d in self.region.reduced.distances if d.limit < NEVER_BINDS)
        self._polyhedron = _polyhedron(self.region, self._row_units, self._distances)
        self._parked: Vector | None = None

    @property
    def iterations(self) -> int:
        """Of all attempts."""
        return sum(attempt.iterations for attempt in self.attempts)

    @property
    def natural_tau(self) -> float:
        """The tau at which mean and variance pull about equally."""
        return self._variance_unit / self._mean_unit

    def member(self, tau: float) -> Member | None:
        """The member at tau; None where the solver failed."""
        inner = self._inner(tau)
        landing, point = self._anywhere(inner)
        if landing is not None:
            return self._member_at(landing, lambda _: inner)
        return None if point is None else self._approximate(inner, point)

    def search(self, target: Target, verdict: Callable[[Member], float], tau: float) -> Member | None:
        """The member at which ``verdict`` changes sign, found by jumping to where each piece says it does.

        The member's tau is infinite where the family runs off without the verdict changing.

        Args:
            target: on a piece (in the family's own scale), the tau it aims at; infinite where only a larger one than
                any on this piece will do, None where it has none.
            verdict: below 0 where tau must grow, above 0 where it must shrink.
            tau: where to begin.
        """
        low, high, inner = 0.0, np.inf, self._inner(tau)
        best: Member | None = None
        landing = self._pivot(target, inner)
        if landing is not None:
            return self._member_at(landing, target)
        for _ in range(MOST_STEPS):
            point = self._point(inner)
            if point is None:
                return best
            aims: list[float] = []
            landing = self._near(point, target, inner, aims)
            if landing is not None:
                return self._member_at(landing, target)
            best = self._approximate(inner, point)
            low, high = (inner, high) if verdict(best) < 0 else (low, inner)
            if high - low <= 1e-15 * low:
                return best
            inner = next((aim for aim in aims if low < aim < high), _between(low, high, inner))
        return best

    def _pivot(self, target: Target, inner: float) -> _Landing | None:
        """The piece that aims at a tau of its own, found from a ranking of the names by pivots alone."""
        if self._distances:
            return None
        started = perf_counter()
        parked = working_set.ranked(self._S, -inner * self._m, self._polyhedron)
        leaning = Leaning(parked, self._polyhedron.equality, np.zeros(0, dtype=bool))
        line = piece(self._S, self._m, self._polyhedron, leaning, parked)
        aims: list[float] = []
        found = None if line is None else self._landed(line, target, inner, aims)
        spent = 1e3 * (perf_counter() - started)
        self.attempts.append(SolverAttempt("active_set", "solved" if found else "not_solved", len(aims), spent))
        return found

    def _anywhere(self, inner: float) -> tuple[_Landing | None, InteriorPoint | None]:
        """The piece that holds at a tau, and the interior point that it took to find it; None for what there is not."""
        landing = self._pivot(lambda _: inner, inner)
        if landing is not None:
            return landing, None
        point = self._point(inner)
        return None if point is None else self._near(point, lambda _: inner, inner, []), point

    def _near(self, point: InteriorPoint, target: Target, inner: float, aims: list[float]) -> _Landing | None:
        """The first of the pieces that a point is near to, or of those reached from them, that aims at its own tau."""
        landings = (self._landed(line, target, inner, aims) for line in self._pieces(point))
        return next((landing for landing in landings if landing is not None), None)

    def _landed(self, line: Piece, target: Target, inner: float, aims: list[float]) -> _Landing | None:
        """A piece if it aims at a tau of its own, or one that is reached from it by pivots and does."""
        for _ in range(MOST_PIVOTS):
            aim = target(line)
            if aim is None:
                return None
            aims.append(aim)
            # Only an endless aim has a stand-in: multipliers of another tau prove nothing about this one.
            reached = aim if np.isfinite(aim) else max(1.0, inner) * ENDLESS
            if self._holds(line, reached):
                return _Landing(line, aim, reached)
            inner = aim if np.isfinite(aim) else inner
            leaning = settled(self._polyhedron, line, inner) or pivoted(self._polyhedron, line, inner)
            following = None if leaning is None else piece(self._S, self._m, self._polyhedron, leaning, line.start)
            if following is None:
                return None
            line = following
        return None

    def _member_at(self, landing: _Landing, target: Target) -> Member:
        """The member landed at; without what tells portfolios apart, if that is one on the same limits."""
        closer = self._exactly(landing.line, landing.reached)
        aim = None if closer is None else target(closer)
        if closer is None or aim is None or not np.isfinite(aim) or not self._holds(closer, aim):
            return self._member(landing.aim, *landing.line.at(landing.reached), exact=True)
        return self._member(aim, *closer.at(aim), exact=True)

    def _exactly(self, line: Piece, tau: float) -> Piece | None:
        """The piece of the covariance itself on the same limits; None where it is the one that is there."""
        if self._untouched is None:
            return None
        return piece(self._untouched, self._m, self._polyhedron, line.leaning, line.at(tau)[0], self._S)

    def furthest(self) -> tuple[Member, bool] | None:
        """The member of greatest mean, and among those of least variance, with the multipliers of a linear objective.

        For tau large enough the family stands still there (exact regularisation of linear programs, Mangasarian and
        Meyer 1979).

        Returns:
            The member, with multipliers for the objective -m'x, and whether the family stands still rather than runs
            off; None where no piece was found to hold without end.
        """
        for inner in LARGE_TAUS:
            point = self._point(inner)
            for line in () if point is None else self._pieces(point):
                # A corner may be best over a stretch of tau and left behind later: only a piece without end counts.
                if self._holds(line, inner) and self._holds(line, inner * ENDLESS):
                    still = inner * abs(self.linear(line.direction)) <= STILL * max(abs(self.linear(line.start)), 1e-3)
                    prices = line.row_direction, line.distance_direction
                    return self._member(inner, line.start, *prices, self._mean_unit, exact=still), still
        return None

    @property
    def polyhedron(self) -> Polyhedron:
        """The region in the family's own scale."""
        return self._polyhedron

    def piece_at(self, inner: float) -> Piece | None:
        """The piece that holds at a tau in the family's own scale; None where none was found."""
        landing = self._anywhere(inner)[0]
        return None if landing is None else landing.line

    def piece_on(self, leaning: Leaning, near: Vector) -> Piece | None:
        """The piece on which given limits bind, whether or not it holds anywhere."""
        return piece(self._S, self._m, self._polyhedron, leaning, near)

    def on(self, line: Piece, inner: float) -> Member:
        """The member on a piece, at a tau in the family's own scale."""
        return self._member(inner, *(self._exactly(line, inner) or line).at(inner))

    def greatest(self, line: Piece) -> Member:
        """The end of a piece that stands still without end, with the multipliers of a linear objective."""
        prices = line.row_direction, line.distance_direction
        return self._member(np.inf, line.start, *prices, self._mean_unit)

    def scaled_mean(self, mean: float) -> float:
        """A mean in the family's own scale."""
        return mean / self._mean_unit

    def natural_mean(self, mean: float) -> float:
        """A mean of the family's own scale, in the units of the problem."""
        return mean * self._mean_unit

    def natural_variance(self, variances: Vector) -> Vector:
        """Variances of the family's own scale, in the units of the problem."""
        return variances * self._variance_unit

    def linear(self, x: Vector) -> float:
        """m'x in the family's own scale."""
        return float(self._m @ x)

    def linears(self, points: Matrix) -> Vector:
        """m'x in the family's own scale, of points by row, shape (k, n); shape (k,)."""
        means: Vector = points @ self._m
        return means

    def scaled_variance(self, variance: float) -> float:
        """A variance in the family's own scale."""
        return variance / self._variance_unit

    def _inner(self, tau: float) -> float:
        return tau / self.natural_tau

    def _point(self, tau: float) -> InteriorPoint | None:
        unit = max(1.0, tau)
        S = self._S if unit == 1.0 else self._S / unit
        point = working_set.solve(S, -(tau / unit) * self._m, self._polyhedron, self.tolerance, self._parked)
        self.attempts.append(point.attempt)
        if not point.solved:
            return None
        if len(point.x) >= SMALLEST_REUSE:
            self._parked = point.leaning.parked
        return InteriorPoint(
            True, point.x, unit * point.row_prices, unit * point.distance_prices, point.leaning, point.attempt
        )

    def _pieces(self, point: InteriorPoint) -> Iterator[Piece]:
        """The piece on the limits that slacks and prices point to, and, should they mislead, on those that x touches.

        A name whose slack and price both vanish (next to a riskless one every price does) can be told only by where
        it stands.
        """
        for leaning in (point.leaning, _touching(point, self._polyhedron)):
            line = piece(self._S, self._m, self._polyhedron, leaning, point.x)
            if line is not None:
                yield line

    def _holds(self, line: Piece, tau: float) -> bool:
        return holds(self._polyhedron, line, tau)

    def _approximate(self, tau: float, point: InteriorPoint) -> Member:
        return self._member(tau, _snapped(point.x, self._polyhedron), point.row_prices, point.distance_prices)

    def _member(
        self,
        tau: float,
        x: Vector,
        row_prices: Vector,
        distance_prices: Vector,
        unit: float | None = None,
        *,
        exact: bool = False,
    ) -> Member:
        weights = np.minimum(np.maximum(x, self._polyhedron.lower), self._polyhedron.upper)
        unit = self._variance_unit if unit is None else unit
        multipliers = {
            row.id: float(price * unit / scale)
            for row, price, scale in zip(self.region.rows, row_prices, self._row_units, strict=True)
        }
        for distance, price in zip(self._distances, distance_prices, strict=True):
            multipliers[distance.id] = float(price) * unit
        return Member(tau * self.natural_tau, weights, multipliers, exact)


def _snapped(x: Vector, region: Polyhedron) -> Vector:
    """Onto the bounds that x touches within the solver's tolerance, where that breaks no row further."""
    snapped = np.where(np.abs(x - region.lower) <= SNAP, region.lower, x)
    snapped = np.where(np.abs(x - region.upper) <= SNAP, region.upper, snapped)
    if not len(region.rows):
        return snapped
    before, after = (np.abs(region.rows @ point - region.limits).max() for point in (x, snapped))
    return snapped if after <= before else x


def _touching(point: InteriorPoint, region: Polyhedron) -> Leaning:
    parked = np.where(np.abs(point.x - region.lower) <= TOUCHING, region.lower, np.nan)
    parked = np.where(np.abs(point.x - region.upper) <= TOUCHING, region.upper, parked)
    for distance, active in zip(region.distances, point.leaning.distances, strict=True):
        if active:
            at_center = np.isnan(parked) & (np.abs(point.x - distance.center) <= TOUCHING)
            parked = np.where(at_center, distance.center, parked)
    return Leaning(parked, point.leaning.rows, point.leaning.distances)


def _polyhedron(region: Region, units: Vector, distances: tuple[Distance, ...]) -> Polyhedron:
    rows: tuple[Row, ...] = region.rows
    coefficients, limits = region.coefficients / units[:, None], np.array([row.limit for row in rows]) / units
    # A limit that nothing comes near costs the solver its digits; 0'x <= 1 is as idle.
    idle = limits >= NEVER_BINDS
    return Polyhedron(
        np.where(idle[:, None], 0.0, coefficients),
        np.where(idle, 1.0, limits),
        np.array([row.equality for row in rows], dtype=bool),
        np.where(region.lower < -NEVER_BINDS, -np.inf, region.lower),
        np.where(region.upper > NEVER_BINDS, np.inf, region.upper),
        distances,
    )


def _between(low: float, high: float, at: float) -> float:
    if np.isinf(high):
        return 8.0 * at if at > 0 else 1.0
    return float(np.sqrt(low * high)) if low > 0 else 0.125 * high
