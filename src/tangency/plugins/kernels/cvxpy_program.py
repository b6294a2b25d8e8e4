"""A convex function over the portfolios within limits, told to cvxpy and solved by Clarabel, multipliers read back."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from tangency.domain.numbers import Matrix, Vector, power_of_two_near
from tangency.domain.optimization.problem import SolverPolicy
from tangency.domain.optimization.proposal import SolverAttempt, Status, Witness
from tangency.domain.optimization.region import Region
from tangency.domain.risk.volatility import covariance_of

Expression: TypeAlias = Any
"""cvxpy makes most of its functions when it is imported: no type checker finds them."""

_STATUS: Mapping[str, Status] = {
    "optimal": Status.OPTIMAL,
    "optimal_inaccurate": Status.OPTIMAL,
    "infeasible": Status.INFEASIBLE,
    "infeasible_inaccurate": Status.INFEASIBLE,
    "unbounded": Status.UNBOUNDED,
    "unbounded_inaccurate": Status.UNBOUNDED,
    "user_limit": Status.TIME_LIMIT,
}


@dataclass(frozen=True, eq=False, slots=True)
class Solved:
    """Where Clarabel ended.

    Attributes:
        weights: shape (n,), within their bounds; None without a point.
        witness: multipliers of the loss.
        slope: of the loss at the weights, by the condition that it and the multipliers cancel; shape (n,). None where
            the solver stopped short of its tolerance, and nothing need cancel.
    """

    status: Status
    weights: Vector | None
    witness: Witness
    slope: Vector | None
    attempt: SolverAttempt


@dataclass(eq=False)
class CvxpyProgram:
    """Minimise a loss over a region.

    Attributes:
        x: the variable; shape (n,).
        region: with caps on volatility only.
    """

    x: Expression
    region: Region
    _held: list[Expression] = field(default_factory=list)
    _pulls: list[tuple[Expression, Matrix | float]] = field(default_factory=list)
    """Constraints, and how their multipliers pull at x."""
    _prices: dict[str, tuple[Expression, float]] = field(default_factory=dict)
    _cones: dict[str, tuple[Expression, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._add_bounds()
        self._add_rows()
        self._add_distances()
        self._add_caps()

    def minimise(self, loss: Expression, unit: float, policy: SolverPolicy) -> Solved:
        """Solve for the loss over its unit, so that tolerances mean the same at every scale."""
        import cvxpy

        program: Any = cvxpy.Problem(cvxpy.Minimize(loss / unit), self._held)
        asked = {"tol_gap_abs": policy.tolerance, "tol_gap_rel": policy.tolerance, "tol_feas": policy.tolerance}
        started = perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it says of accuracy is for the certificate to say
            try:
                program.solve(solver="CLARABEL", time_limit=policy.time_limit_s, max_threads=1, **asked)
                said = str(program.status)
            except cvxpy.SolverError:
                said = "solver_error"
        steps = getattr(program.solver_stats, "num_iters", None) or 0
        attempt = SolverAttempt("clarabel", said, int(steps), 1e3 * (perf_counter() - started))
        status = _STATUS.get(said, Status.NUMERICAL_ERROR)
        if status is not Status.OPTIMAL or self.x.value is None:
            return Solved(status, None, Witness(), None, attempt)
        weights = np.clip(np.asarray(self.x.value, dtype=float), self.region.lower, self.region.upper)
        slope = -unit * self._pull() if said == "optimal" else None
        return Solved(status, weights, self._witness(unit), slope, attempt)

    def _add(self, constraint: Expression, pull: Matrix | float) -> Expression:
        """Hold a constraint whose multiplier y pulls at x by ``pull`` y, a matrix or a number."""
        self._held.append(constraint)
        self._pulls.append((constraint, pull))
        return constraint

    def _add_bounds(self) -> None:
        eye = np.eye(self.region.size)
        for sign, bound in ((-1.0, self.region.lower), (1.0, self.region.upper)):
            names = np.flatnonzero(np.isfinite(bound))
            if len(names):
                self._add(sign * self.x[names] <= sign * bound[names], sign * eye[:, names])

    def _add_rows(self) -> None:
        for row in self.region.rows:
            unit = power_of_two_near(float(np.abs(row.coefficients).max()))
            scaled, limit = row.coefficients / unit, row.limit / unit
            side = scaled @ self.x
            constraint = self._add(side == limit if row.equality else side <= limit, scaled[:, None])
            self._prices[row.id] = constraint, unit

    def _add_distances(self) -> None:
        """p >= |x - c| name by name, and sum p <= T."""
        import cvxpy

        functions: Any = cvxpy
        for distance in self.region.distances:
            parts = functions.Variable(self.region.size)
            for sign in (1.0, -1.0):
                self._add(sign * (self.x - distance.center) <= parts, sign)
            total = functions.sum(parts) <= distance.limit
            self._held.append(total)
            self._prices[distance.id] = total, 1.0

    def _add_caps(self) -> None:
        """(limit, L'x) in the second-order cone."""
        import cvxpy

        functions: Any = cvxpy
        for cap in self.region.caps:
            factor = covariance_of(cap.risk).factor()
            unit = power_of_two_near(float(np.abs(factor).max()))
            cone = functions.SOC(functions.Constant(cap.limit / unit), factor.T @ self.x / unit)
            self._held.append(cone)
            self._cones[cap.id] = cone, unit

    def _witness(self, unit: float) -> Witness:
        from scipy.linalg import solve_triangular

        multipliers = {key: unit * float(np.sum(c.dual_value)) / row for key, (c, row) in self._prices.items()}
        cuts = {}
        for cap in self.region.caps:
            direction = self._direction(cap.id)
            factor = covariance_of(cap.risk).factor()
            multipliers[cap.id] = unit * float(np.linalg.norm(direction))
            cuts[cap.id] = solve_triangular(factor, direction, lower=True, trans=1, check_finite=False)
        return Witness(multipliers, cuts)

    def _direction(self, cap: str) -> Vector:
        """The multiplier of L'x, of the length of that of the limit."""
        cone, unit = self._cones[cap]
        return -np.ravel(cone.dual_value[1]) / unit

    def _pull(self) -> Vector:
        """What the constraints pull at x, each by its multiplier: minus the slope of the loss over its unit."""
        pull = np.zeros(self.region.size)
        for constraint, own in self._pulls:
            dual = np.atleast_1d(np.asarray(constraint.dual_value, dtype=float))
            pull += own @ dual if isinstance(own, np.ndarray) else own * dual
        for cap in self.region.caps:
            pull += covariance_of(cap.risk).factor() @ self._direction(cap.id)
        return pull
