"""From risk budgets to weights: without limits first, within them where those bind, and scaled to a volatility."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.certificate import LARGEST_VIOLATION, violations
from tangency.domain.optimization.constraint import Budget, Constraint, LeverageLimit, TurnoverLimit
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Reading, SolverAttempt, Status, Witness
from tangency.domain.optimization.region import Bounds, Region, Row
from tangency.domain.optimization.risk_budgeting import RiskBudgeting
from tangency.domain.optimization.term import Linear, RiskOf
from tangency.domain.risk.portfolio_risk import PortfolioRisk
from tangency.domain.risk.risk import Risk
from tangency.domain.risk.volatility import Volatility
from tangency.plugins.kernels.codependence import who_has_no_risk
from tangency.plugins.kernels.endings import status_of
from tangency.plugins.kernels.risk_budgets import budgeted

if TYPE_CHECKING:
    from tangency.plugins.kernels.cutting_planes import CompositePoint

INSIDE = 1e-13
"""By how much weights may miss a limit in rounding and still be taken as they are."""
MET = 1e-8
"""Largest deviation of a share of the risk from its budget that counts as none."""
AT_BOUND = 1e-9
HELD = 1e-8
"""A greatest weight below it is none, but for the solver's tolerance."""
NO_ROOM = 1e-9
"""A distance limit below it pins the weights."""
NO_RISK = 1e-6
"""Of the risk of equal weights: a portfolio with less has none, but for rounding, repairs and tolerances."""
SHARED = 1e-5
"""Largest deviation without limits that is still the solver's; beyond, there is something wrong with the risk."""
MOST_SCALINGS = 40
SCALED = 1e-12
"""Relative change of what is invested after which the volatility is the target's."""


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """Weights and what proves them, or why there are none."""

    status: Status
    weights: Vector | None = None
    witness: Witness = field(default_factory=Witness)
    message: str = ""


def equal_contributions(problem: Problem, estimates: Estimates) -> Proposal:
    """Every name with the same share of the volatility, or as near as the limits allow."""
    size = len(problem.universe)
    return RiskParityProgram(problem, estimates, RiskBudgeting((1.0 / size,) * size)).proposal()


@dataclass(eq=False)
class RiskParityProgram:
    """One problem and its budgets. Not a value: it collects the attempts it makes."""

    problem: Problem
    estimates: Estimates
    aim: RiskBudgeting
    attempts: tuple[SolverAttempt, ...] = ()

    def proposal(self, target_volatility: float | None = None) -> Proposal:
        """The weights that share the risk as budgeted, and how nearly they do.

        Args:
            target_volatility: annual; with it, so much is invested as has this volatility.
        """
        total = self.problem.invested
        if target_volatility is None:
            found = self._of(total)
        else:
            total, found = self._targeted(target_volatility)
        reading, iterations = self._reading(total), sum(attempt.iterations for attempt in self.attempts)
        if found.weights is None:
            return Proposal(found.status, None, None, iterations, self.attempts, None, found.message, reading)
        findings = self._findings(found, found.weights, total)
        return Proposal(
            found.status, found.weights, found.witness, iterations, self.attempts, None, "", reading, findings
        )

    # --- weights ------------------------------------------------------------------------------------------------------

    def _of(self, total: float) -> Found:
        """The portfolio within the limits whose weights sum to ``total``."""
        region = self._reading(total).of(self.problem).region(self.estimates)
        if (region.lower > region.upper).any():
            return Found(Status.INFEASIBLE)
        free = self._free
        if free.weights is None:
            return free
        net = float(free.weights.sum())
        if net > 0:
            scaled = free.weights * (total / net)
            if max(violations(region, scaled).values(), default=0.0) <= INSIDE:
                return replace(free, weights=scaled)
        return self._pinned(region) or self._shut_out(region) or self._limited(region)

    @cached_property
    def _free(self) -> Found:
        """Without limits, absolute weights summing to 1; no weights where some such portfolio carries no risk."""
        if self._size <= 0:
            return self._riskless()
        if isinstance(self._risk, Volatility) and min(self.aim.budgets) > 0:
            weights, witness = self._by_newton(), Witness()
        else:
            point = self._by_cones(self._simplex)
            if point.weights is None or self._deviation(point.weights, point.witness) > SHARED:
                return self._riskless() if self._least_risk() <= NO_RISK * self._size else self._ended(point.status)
            weights, witness = self._from_dual(point.weights, point.witness), Witness({}, point.witness.cuts)
        if self._risk.value(weights) <= NO_RISK * self._size:
            return self._riskless()
        return Found(Status.OPTIMAL, weights, witness)

    def _by_newton(self) -> Vector:
        started = perf_counter()
        y, steps = budgeted(self.estimates.covariance.dense() * np.outer(self._signs, self._signs), self._budgets)
        spent = 1e3 * (perf_counter() - started)
        self.attempts += (SolverAttempt("newton", "solved", steps, spent),)
        return np.asarray(self._signs * y / y.sum())

    def _by_cones(self, region: Region) -> CompositePoint:
        from tangency.plugins.kernels.budget_cones import within_limits

        point, attempts = within_limits(self.aim, region, self.estimates, self._size, self.problem.solver)
        self.attempts += attempts
        return point

    def _from_dual(self, weights: Vector, witness: Witness) -> Vector:
        """Budget over marginal risk, by the dual vector found: contributions that are the budgets to the last digit."""
        cut = witness.cuts.get(self._term)
        below = None if cut is None else self._risk.below(cut)
        if below is None or (below.slope * self._signs <= 0).any() or min(self.aim.budgets) <= 0:
            return weights
        shared = self._budgets / below.slope
        return np.asarray(shared / np.abs(shared).sum())

    @cached_property
    def _simplex(self) -> Region:
        """Every portfolio with these signs whose absolute weights sum to 1."""
        return Region.of(len(self._signs), [self._sides, Row("gross", self._signs, 1.0, equality=True)])

    @cached_property
    def _sides(self) -> Bounds:
        """Weights of the signs that the budgets need, or none."""
        lower, upper = np.where(self._signs > 0, 0.0, -np.inf), np.where(self._signs > 0, np.inf, 0.0)
        return Bounds("signs", lower, upper)

    def _least_risk(self) -> float:
        """Of any portfolio with these signs whose absolute weights sum to 1, as far as it is known."""
        from tangency.plugins.kernels.composite import minimise

        policy, term = self.problem.solver, RiskOf(1.0, self.aim.measure)
        point = minimise([term], self._simplex, self.estimates, policy.tolerance, policy.time_limit_s)
        self.attempts += (point.attempt,)
        return self._size if point.weights is None else self._risk.value(point.weights)

    def _limited(self, region: Region) -> Found:
        point = self._by_cones(region)
        if point.weights is None:
            bounded = all(np.isfinite(bound).all() for bound in region.implied)
            ended = "infeasible" if bounded and point.status == "unbounded" else point.status
            return self._crowded_out(region) or self._ended(ended)
        lost = (point.weights[self._budgets > 0] == 0).any()
        if lost or max(violations(region, point.weights).values(), default=0.0) > LARGEST_VIOLATION:
            return self._crowded_out(region) or self._ended("infeasible")
        return Found(Status.OPTIMAL, point.weights, point.witness)

    def _pinned(self, region: Region) -> Found | None:
        """The one portfolio that a distance of zero leaves; any price of the distance above every slope proves it."""
        pinning = next((d for d in region.distances if abs(d.limit) <= NO_ROOM), None)
        if pinning is None or not np.isfinite(self.aim.loss(pinning.center, self.estimates)):
            return None
        price = float(np.abs(self.aim.minorant(pinning.center, self.estimates).slope).max())
        return Found(Status.OPTIMAL, pinning.center, Witness({pinning.id: price}))

    # --- a target for the volatility ----------------------------------------------------------------------------------

    def _targeted(self, target: float) -> tuple[float, Found]:
        """How much is invested, and the portfolio: at most the leverage limit, or all where there is none."""
        room = next((c.limit for c in self.problem.constraints if isinstance(c, LeverageLimit)), self.problem.invested)
        total = self.problem.invested
        found = self._free if self._free.weights is None else self._of(self._scale(self._free, target, room) or total)
        if found.weights is None:
            return self._scale(self._free, target, room) or total, found
        for _ in range(MOST_SCALINGS):
            total, before = float(found.weights.sum()), found
            following = self._scale(before, target, room) or total
            if abs(following - total) <= SCALED * total:
                break
            found = self._of(following)
            if found.weights is None:
                return following, found
            total = following
        return total, found

    def _scale(self, found: Found, target: float, room: float) -> float | None:
        """What the weights sum to once they have the target's volatility, or use up the room; None if they cannot."""
        if found.weights is None or found.weights.sum() <= 0:
            return None
        sigma, gross = self.estimates.volatility(found.weights), float(np.abs(found.weights).sum())
        return float(found.weights.sum()) * min(target / sigma if sigma > 0 else np.inf, room / gross)

    def _reading(self, total: float) -> Reading:
        """The budgets as objective; where not everything is invested, a budget and a turnover that know it."""
        if total == self.problem.invested:
            return Reading(self.aim)
        turnovers = (replace(c, budget=total) for c in self.problem.constraints if isinstance(c, TurnoverLimit))
        constraints: tuple[Constraint, ...] = (Budget(total), *turnovers)
        return Reading(self.aim, constraints)

    # --- findings -----------------------------------------------------------------------------------------------------

    def _findings(self, found: Found, weights: Vector, total: float) -> dict[str, object]:
        deviation = self._deviation(weights, found.witness)
        return {
            "risk_budgets": self.problem.universe.named(self._budgets),
            "budgets_met": deviation <= MET,
            "budget_deviation": deviation if np.isfinite(deviation) else None,
            "cash_weight": 1.0 - total,
            "binding_bounds": self._binding(weights, total),
        }

    def _deviation(self, weights: Vector, witness: Witness) -> float:
        """The largest difference of a share of the risk from its budget; infinite where there is no risk."""
        risk = PortfolioRisk.of(self.aim.measure.name, self._risk, weights, witness.cuts.get(self._term))
        return np.inf if risk.shares is None else float(np.abs(risk.shares - self._budgets).max())

    def _binding(self, weights: Vector, total: float) -> dict[str, str]:
        """By name, the bound that its weight is at: the id of the constraint."""
        region, found = self._reading(total).of(self.problem).region(self.estimates), dict[str, str]()
        for bounds in region.bounds:
            at = np.minimum(np.abs(weights - bounds.lower), np.abs(weights - bounds.upper)) <= AT_BOUND
            found |= {self.problem.universe.names[i]: bounds.id for i in np.flatnonzero(at).tolist()}
        return found

    # --- refusals -----------------------------------------------------------------------------------------------------

    def _riskless(self) -> Found:
        word, without = self.aim.measure.name, who_has_no_risk(self.estimates)
        message = (
            f"Some portfolio of these names has a {word} of 0 or less{f' ({without})' if without else ''}, so that "
            "there is no risk to share. Leave out names without risk and pairs that cancel each other, or choose "
            "another risk_measure."
        )
        return Found(Status.NOT_APPLICABLE, message=message)

    def _shut_out(self, region: Region) -> Found | None:
        most = np.where(self._signs > 0, region.upper, -region.lower)
        names = [self.problem.universe.names[i] for i in np.flatnonzero((most <= 0) & (self._budgets > 0)).tolist()]
        if not names:
            return None
        message = (
            f"{', '.join(names)} can have no weight of the sign that its risk budget needs. Lift its limit, leave it "
            "out, or give it a budget of 0."
        )
        return Found(Status.NOT_APPLICABLE, message=message)

    def _crowded_out(self, region: Region) -> Found | None:
        """Names that need a weight and that all limits together leave none, where other names can be held."""
        from tangency.plugins.kernels.composite import minimise

        within = Region.of(region.size, [*region.shapes, self._sides])
        policy, left = self.problem.solver, self._budgets > 0
        while left.any():
            most = Linear(tuple(np.where(left, -self._signs, 0.0).tolist()))
            point = minimise([most], within, self.estimates, policy.tolerance, policy.time_limit_s)
            self.attempts += (point.attempt,)
            if point.weights is None:
                return None
            held = left & (np.abs(point.weights) > HELD)
            if not held.any():
                break
            left = left & ~held
        names = [self.problem.universe.names[i] for i in np.flatnonzero(left).tolist()]
        if not names:
            return None
        message = (
            f"The limits together leave no weight for {', '.join(names)}, which {'have' if len(names) > 1 else 'has'} "
            "a risk budget. Loosen them, leave these names out, or give them a budget of 0."
        )
        return Found(Status.NOT_APPLICABLE, message=message)

    def _ended(self, ended: str) -> Found:
        message = (
            "The limits leave no portfolio that holds every name with a risk budget. Loosen them, or leave names out."
        )
        status = status_of(ended)
        return Found(status, message=message if status is Status.INFEASIBLE else "")

    # --- what the aim says --------------------------------------------------------------------------------------------

    @property
    def _risk(self) -> Risk:
        return self.aim.measure.of(self.estimates)

    @property
    def _term(self) -> str:
        return RiskOf(1.0, self.aim.measure).id

    @cached_property
    def _budgets(self) -> Vector:
        return np.array(self.aim.budgets)

    @cached_property
    def _signs(self) -> Vector:
        return np.ones(len(self.aim.budgets)) if self.aim.signs is None else np.array(self.aim.signs)

    @cached_property
    def _size(self) -> float:
        """The risk of equal weights with the signs wanted."""
        return self._risk.value(self._signs / len(self._signs))
