"""Portfolios by their value at risk, which is not convex: a mixed-integer program, or the conditional one in its place.

v is at least all losses but those of as many scenarios as the confidence level lets go; binary variables say which
(Benati and Rizzi 2007, A mixed integer linear programming formulation of the optimal mean/value-at-risk problem).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector, power_of_two_near
from tangency.domain.optimization.objective import Blend, MinimumRisk, Objective, SumOfTerms
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, SolverAttempt, Status
from tangency.domain.optimization.ratio import MaximumRatio
from tangency.domain.optimization.region import Region
from tangency.domain.optimization.risk_limit import RiskLimit
from tangency.domain.optimization.term import Linear, Return, RiskOf
from tangency.domain.risk.measure import Measure
from tangency.domain.risk.tail import ValueAtRisk
from tangency.plugins.kernels.exceedances import REMEDY, refusal, refuse_too_many

NOTHING = (
    "By the word of the solver no portfolio keeps every limit; value at risk is not convex, and nothing proves it. "
    "Raise method_options.risk_limits.var or lower its confidence_level."
)


def by_conditional(problem: Problem) -> Problem:
    """The problem with the conditional value at risk, which is nowhere below, in place of every value at risk."""
    limits = tuple(
        RiskLimit(c.limit, _conditional(c.measure)) if isinstance(c, RiskLimit) else c for c in problem.constraints
    )
    return replace(problem, objective=_smoothed(problem.objective), constraints=limits)


def _conditional(measure: Measure) -> Measure:
    return replace(measure, name="cvar") if measure.name == "var" else measure


def _smoothed(objective: Objective) -> Objective:
    if isinstance(objective, MinimumRisk | MaximumRatio):
        return replace(objective, measure=_conditional(objective.measure))
    if isinstance(objective, Blend):
        parts = [replace(p, measure=_conditional(p.measure)) if isinstance(p, RiskOf) else p for p in objective.parts]
        return replace(objective, parts=tuple(parts))
    return objective


def by_branching(problem: Problem, estimates: Estimates) -> Proposal:
    """The best portfolio by a mixed-integer program; its bound is the solver's word, so the answer is feasible.

    Raises:
        Unsupported: too many scenarios beyond the confidence level, or something in the problem that is not linear.
    """
    program = _Program(problem.region(estimates), estimates)
    if (program.lower > program.upper).any():
        return Proposal(Status.INFEASIBLE)
    program.limited()
    program.aimed(problem.objective)
    return program.solved(problem.solver.time_limit_s)


@dataclass(eq=False)
class _Program:
    """Minimise cost'v over row_lower <= A v <= row_upper and bounds; the first variables are the weights."""

    region: Region
    estimates: Estimates
    cost: list[float] = field(default_factory=list)
    bounds: list[tuple[float, float]] = field(default_factory=list)
    integer: list[int] = field(default_factory=list)
    rows: list[tuple[NDArray[Any], Vector, tuple[float, float]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lower, self.upper = self.region.implied
        if not (np.isfinite(self.lower).all() and np.isfinite(self.upper).all()):
            raise refusal("needs a bound for every weight in its exact form; state min_weight and max_weight")
        self._variables(self.region.size, self.lower, self.upper)

    def limited(self) -> None:
        """Rows, distances and limits on value at risk."""
        n = self.region.size
        for row in self.region.rows:
            self._row(np.arange(n), row.coefficients, row.limit if row.equality else -np.inf, row.limit)
        for distance in self.region.distances:
            beyond = self._variables(n, np.zeros(n), np.full(n, np.inf))
            for i, center in enumerate(distance.center.tolist()):
                for sign in (1.0, -1.0):
                    self._row(np.array([i, beyond[i]]), np.array([sign, -1.0]), -np.inf, sign * center)
            self._row(beyond, np.ones(n), -np.inf, distance.limit)
        for cap in self.region.caps:
            if not isinstance(cap.risk, ValueAtRisk):
                raise refusal(f"takes no limit like {cap.id} beside it in its exact form; leave it out, or {REMEDY}")
            fixed = self._variables(1, np.full(1, cap.limit), np.full(1, cap.limit))
            self._above_most(cap.risk, int(fixed[0]), cap.limit)

    def aimed(self, objective: Objective) -> None:
        """The cost of weights, and of value at risk."""
        if not isinstance(objective, SumOfTerms):
            raise refusal(f"has no exact form for {objective.name}; {REMEDY}")
        for term in objective.terms:
            if isinstance(term, RiskOf) and isinstance(risk := term.measure.of(self.estimates), ValueAtRisk):
                level = int(self._variables(1, np.full(1, -np.inf), np.full(1, np.inf))[0])
                self._above_most(risk, level, self._least(risk))
                self.cost[level] = term.weight
            elif isinstance(term, Return | Linear):
                slope = term.minorant(np.zeros(self.region.size), self.estimates).slope
                self.cost[: len(slope)] = (np.array(self.cost[: len(slope)]) + slope).tolist()
            else:
                raise refusal(f"has no exact form beside {term.id}; {REMEDY}")

    def _above_most(self, risk: ValueAtRisk, level: int, least: float) -> None:
        """losses - (their most - least) b <= level, and the probability of all b together within what is let go."""
        returns, p = risk.scenarios.returns, risk.scenarios.weights
        refuse_too_many(risk)
        unit = power_of_two_near(float(np.abs(returns).max()))
        reach = np.maximum(0.0, self._most(-returns) - least)
        binary = self._variables(len(returns), np.zeros(len(returns)), np.ones(len(returns)))
        self.integer += binary.tolist()
        for t in range(len(returns)):
            columns = np.concatenate([np.arange(self.region.size), [level, binary[t]]])
            entries = np.concatenate([-returns[t], [-1.0, -reach[t]]]) / unit
            self._row(columns, entries, -np.inf, 0.0)
        self._row(binary, len(p) * p, -np.inf, risk.exceedances)

    def _least(self, risk: ValueAtRisk) -> float:
        """No portfolio has a lower value at risk: the same quantile of the least loss of each scenario."""
        least = -self._most(risk.scenarios.returns)
        universe = risk.scenarios.universe
        alone = replace(risk.scenarios, returns=np.repeat(-least[:, None], len(universe), axis=1))
        first = np.zeros(len(universe))
        first[0] = 1.0
        return ValueAtRisk(alone, risk.level).value(first)

    def _most(self, slopes: Matrix) -> Vector:
        """The largest slope'x over the box, row by row; and over the budget where there is one; shape (T,)."""
        most = np.maximum(slopes * self.lower, slopes * self.upper).sum(axis=1)
        budget = self.region.budget
        if budget is None:
            return np.asarray(most)
        order = np.argsort(-slopes, axis=1)
        spread = np.cumsum((self.upper - self.lower)[order], axis=1)
        filled = np.diff(np.minimum(spread, max(0.0, budget.limit - self.lower.sum())), axis=1, prepend=0.0)
        return np.asarray(slopes @ self.lower + (np.take_along_axis(slopes, order, axis=1) * filled).sum(axis=1))

    def _variables(self, count: int, lower: Vector, upper: Vector) -> NDArray[Any]:
        first = len(self.cost)
        self.cost += [0.0] * count
        self.bounds += list(zip(lower.tolist(), upper.tolist(), strict=True))
        return np.arange(first, first + count)

    def _row(self, columns: NDArray[Any], coefficients: Vector, lower: float, upper: float) -> None:
        self.rows.append((columns, coefficients, (lower, upper)))

    def solved(self, time_limit_s: float) -> Proposal:
        """Branch and bound, and once more over the weights alone: a binary variable within its tolerance moves them."""
        started = perf_counter()
        solver = self._solver(time_limit_s)
        solver.run()
        status, info = solver.getModelStatus(), solver.getInfo()
        word = _STATUS.get(status, "numerical_error")
        attempt = SolverAttempt("highs", word, int(max(0, info.mip_node_count)), 1e3 * (perf_counter() - started))
        found = np.array(solver.getSolution().col_value)
        if not (word == "solved" or (word == "time_limit" and solver.getSolution().value_valid)):
            message = NOTHING if word == "infeasible" else ""
            return Proposal(_ENDED.get(word, Status.NUMERICAL_ERROR), attempts=(attempt,), message=message)
        for column in self.integer:
            self.bounds[column] = (round(found[column]), round(found[column]))
        bound = float(info.mip_dual_bound)
        self.integer = []
        exact = self._solver(time_limit_s)
        exact.run()
        if exact.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            found = np.array(exact.getSolution().col_value)
        weights = np.clip(found[: self.region.size], self.lower, self.upper)
        findings = {"solver_bound": bound, "solver_proved": word == "solved"}
        return Proposal(Status.FEASIBLE, weights, None, attempt.iterations, (attempt,), findings=findings)

    def _solver(self, time_limit_s: float) -> highspy.Highs:
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        options = {"output_flag": False, "time_limit": time_limit_s, "mip_rel_gap": 1e-9, "mip_abs_gap": 1e-12}
        for name, value in (options | dict.fromkeys(_TOLERANCES, 1e-9)).items():
            solver.setOptionValue(name, value)
        solver.passModel(self._model())
        return solver

    def _model(self) -> highspy.HighsLp:
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.cost), len(self.rows)
        model.col_cost_ = np.array(self.cost)
        model.col_lower_, model.col_upper_ = (np.array(side) for side in zip(*self.bounds, strict=True))
        model.row_lower_, model.row_upper_ = (
            np.array(side) for side in zip(*(row[2] for row in self.rows), strict=True)
        )
        sizes = [len(columns) for columns, _, _ in self.rows]
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
        model.a_matrix_.index_ = np.concatenate([columns for columns, _, _ in self.rows]).astype(np.int32)
        model.a_matrix_.value_ = np.concatenate([coefficients for _, coefficients, _ in self.rows])
        if self.integer:
            kinds = np.zeros(len(self.cost), int)
            kinds[self.integer] = 1
            model.integrality_ = [highspy.HighsVarType(int(kind)) for kind in kinds]
        return model


_TOLERANCES = ("primal_feasibility_tolerance", "dual_feasibility_tolerance", "mip_feasibility_tolerance")
_STATUS: Mapping[highspy.HighsModelStatus, str] = {
    highspy.HighsModelStatus.kOptimal: "solved",
    highspy.HighsModelStatus.kInfeasible: "infeasible",
    highspy.HighsModelStatus.kTimeLimit: "time_limit",
    highspy.HighsModelStatus.kUnbounded: "unbounded",
}
_ENDED: Mapping[str, Status] = {
    "infeasible": Status.NOT_APPLICABLE,
    "time_limit": Status.TIME_LIMIT,
    "unbounded": Status.UNBOUNDED,
}
