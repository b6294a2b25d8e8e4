"""Mean-variance optimization: least volatility, most utility, most return, the greatest Sharpe ratio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from tangency.domain.errors import InvalidInput, hint
from tangency.domain.frontier.question import Candidate, FrontierQuestion
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.certificate import LARGEST_VIOLATION, certify, violations
from tangency.domain.optimization.method import Capabilities
from tangency.domain.optimization.minimum_position import MinimumPosition
from tangency.domain.optimization.objective import (
    MaximumUtility,
    MinimumVolatility,
    MultiObjective,
    RiskParity,
)
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, SolverAttempt, Status, Witness
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.region import Region
from tangency.plugins.kernels.after_tax import after_tax, taxed
from tangency.plugins.kernels.efficient import efficient
from tangency.plugins.kernels.endings import status_of
from tangency.plugins.kernels.exact_frontier import exact_frontier
from tangency.plugins.kernels.limits import EVERY_LIMIT
from tangency.plugins.kernels.mean_variance_options import MeanVarianceOptions
from tangency.plugins.kernels.positions import held, refuse_positions
from tangency.plugins.kernels.risk_parity import equal_contributions
from tangency.plugins.kernels.riskless import settled
from tangency.plugins.kernels.trading_costs import TradingCosts, net_of_costs, refuse_uncosted
from tangency.plugins.multi.delegation import by_aims, check_aims, without_aims
from tangency.plugins.multi.options import Aims

if TYPE_CHECKING:
    from tangency.plugins.kernels.conic import ConicPoint

LITTLE_EXCESS = 1e-9
"""Relative to the largest excess mean: a best excess below it is zero, the solution being exact to 1e-10."""
NO_ROOM = 1e-9
"""A distance limit below it pins the weights."""

COSTS = ("transaction_cost", "cost_horizon_years")
"""Options that the aims take no notice of: they have a ``cost_rate`` of their own."""


class MeanVariance:
    """Mean-variance portfolios (Markowitz): minimum volatility, maximum Sharpe ratio, utility or return.

    All linear constraints are supported, as are limits on turnover and leverage, a volatility target, transaction
    costs, capital gains tax and minimum position sizes.

    Portfolios are computed in closed form on the constraints that bind, which are found by pivoting or with the solver
    PIQP; if that fails, Clarabel solves the problem as a cone program. MULTI_OBJECTIVE requests are passed to
    multi_objective with the same means and covariance. A request whose options name a ``risk_measure`` other than
    volatility is answered by mean_risk.
    """

    name = "mean_variance"
    citation = "Markowitz, H. (1952), Portfolio Selection, Journal of Finance 7(1), 77-91"
    capabilities = Capabilities(
        objectives=frozenset(
            {"MAX_SHARPE", "MIN_VOLATILITY", "MAX_RETURN", "MAX_UTILITY", "RISK_PARITY", "MULTI_OBJECTIVE"}
        ),
        constraints=EVERY_LIMIT | {MinimumPosition.kind},
    )
    options: type = MeanVarianceOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse solvers that there are not, smallest positions and costs with aims that have none, and wrong aims."""
        for solver in problem.solver.sequence:
            _solver(solver)
        refuse_positions(problem)
        if isinstance(options, MeanVarianceOptions) and options.tax is not None:
            taxed(problem, options.tax)
        if isinstance(options, Aims) and isinstance(problem.objective, MultiObjective):
            check_aims(problem, options)
        elif isinstance(options, TradingCosts) and options.transaction_cost > 0:
            refuse_uncosted(problem)

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """The aims by multi_objective, anything else by the solvers of the policy."""
        refuse_positions(problem)
        aims = options if isinstance(options, Aims) else Aims()
        if isinstance(options, MeanVarianceOptions) and options.tax is not None:
            found = after_tax(problem, estimates, replace(options, tax=None), options.tax, self._best)
            return without_aims(found, aims)
        if not isinstance(problem.objective, MultiObjective):
            return without_aims(self._best(problem, estimates, options), aims)
        proposal = by_aims(problem, estimates, aims)
        costs = isinstance(options, TradingCosts) and options.transaction_cost > 0
        return replace(proposal, reading=replace(proposal.reading, unused_options=COSTS if costs else ()))

    def _best(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """The best portfolio; where positions have a smallest size, by branch and bound over what may be held."""
        if not problem.region(estimates).positions:
            return settled(self._convex(problem, estimates, options), problem, estimates)
        return held(problem, estimates, lambda part: self._convex(part, estimates, options))

    def _convex(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Try the solvers in turn until one's answer passes its certificate."""
        if isinstance(problem.objective, RiskParity):  # of the covariance alone
            return equal_contributions(problem, estimates)
        if isinstance(options, TradingCosts) and options.transaction_cost > 0:
            return net_of_costs(problem, estimates, options)
        region = problem.region(estimates)
        if (region.lower > region.upper).any():
            return Proposal(Status.INFEASIBLE)
        pinned = _pinned(problem, estimates, region)
        if pinned is not None:
            return pinned
        best, rank = Proposal(Status.NUMERICAL_ERROR), -1.0
        attempts: tuple[SolverAttempt, ...] = ()
        for solver in problem.solver.sequence:
            proposal, exact = _solver(solver)(problem, estimates, region.reduced)
            attempts += proposal.attempts
            reached = _SETTLED if exact else _rank(problem, estimates, proposal)
            if reached > rank:
                best, rank = proposal, reached
            if rank == _SETTLED:
                break
        if attempts == best.attempts:
            return best
        return replace(best, attempts=attempts, iterations=sum(attempt.iterations for attempt in attempts))

    def trace(
        self, problem: Problem, estimates: Estimates, options: object, question: FrontierQuestion
    ) -> list[Candidate] | None:
        """The frontier of mean and volatility, by the critical line; None where that cannot be followed."""
        costly = isinstance(options, TradingCosts) and options.transaction_cost > 0
        return None if costly else exact_frontier(problem, estimates, question)


_SETTLED = 3


def _rank(problem: Problem, estimates: Estimates, proposal: Proposal) -> float:
    """3: settled. From 2 on: feasible, the smaller the gap the more. 1: a verdict without proof. 0: nothing."""
    if proposal.status is Status.NOT_APPLICABLE or (proposal.status is Status.INFEASIBLE and proposal.witness):
        return _SETTLED
    if proposal.weights is None:
        return 1 if proposal.status in (Status.UNBOUNDED, Status.INFEASIBLE) else 0
    if isinstance(problem.objective, MaximumSharpe) and estimates.riskless(proposal.weights):
        return _SETTLED
    certificate = certify(problem, estimates, proposal.weights, proposal.witness)
    if certificate.proves_optimality:
        return _SETTLED
    gap = np.inf if certificate.relative_gap is None else certificate.relative_gap
    return 2 + 1 / (1 + gap) if certificate.constraints_satisfied else 0


def _pinned(problem: Problem, estimates: Estimates, region: Region) -> Proposal | None:
    """The current portfolio, where a turnover of zero leaves no other: no solver works in a set without an inside.

    Any price of the distance above every slope of the objective proves it.
    """
    pinning = next((d for d in region.distances if abs(d.limit) <= NO_ROOM), None)
    if pinning is None:
        return None
    weights = pinning.center
    if max(violations(region, weights).values()) > LARGEST_VIOLATION:
        return Proposal(Status.INFEASIBLE)
    if isinstance(problem.objective, MaximumSharpe) and problem.objective.excess(weights, estimates) <= 0:
        slope, status = np.abs(problem.objective.gain(estimates)).max(), Status.NOT_APPLICABLE
    else:
        slope, status = np.abs(problem.objective.minorant(weights, estimates).slope).max(), Status.OPTIMAL
    bound = problem.objective.excess(weights, estimates) if isinstance(problem.objective, MaximumSharpe) else None
    return Proposal(status, weights, Witness({pinning.id: float(slope)}), bound=bound)


def _by_clarabel(problem: Problem, estimates: Estimates, region: Region) -> tuple[Proposal, bool]:
    from tangency.plugins.kernels.conic import conic

    objective, n = problem.objective, region.size
    ratio = isinstance(objective, MaximumSharpe)
    mean = np.zeros(n) if not objective.needs_mean else estimates.required_mean("the objective")
    if isinstance(objective, MaximumSharpe):
        mean = objective.gain(estimates)
    risk_weight = 1.0 if isinstance(objective, MinimumVolatility) else 0.0
    if isinstance(objective, MaximumUtility):
        risk_weight = objective.risk_aversion
    policy = problem.solver
    point = conic(estimates.covariance, mean, risk_weight, region, ratio, policy.tolerance, policy.time_limit_s)
    if ratio and point.status == "infeasible":
        most = conic(estimates.covariance, mean, 0.0, region, False, policy.tolerance, policy.time_limit_s)
        return _without_excess(mean, most, (point.attempt, most.attempt)), False
    status = status_of(point.status)
    witness = Witness(point.multipliers, point.cuts) if point.weights is not None else None
    return Proposal(status, point.weights, witness, point.attempt.iterations, (point.attempt,)), False


def _without_excess(mean: Vector, most: ConicPoint, attempts: tuple[SolverAttempt, ...]) -> Proposal:
    """No multiple of a feasible portfolio has an excess of 1: then the best excess there is proves why."""
    iterations = sum(attempt.iterations for attempt in attempts)
    if most.weights is None:
        status = Status.INFEASIBLE if most.status == "infeasible" else Status.NUMERICAL_ERROR
        return Proposal(status, iterations=iterations, attempts=attempts)
    excess = float(mean @ most.weights)
    none = excess <= LITTLE_EXCESS * float(np.abs(mean).max())
    witness = Witness(most.multipliers if mean.any() else {}, most.cuts)
    status = Status.NOT_APPLICABLE if none else Status.NUMERICAL_ERROR
    return Proposal(status, None, witness, iterations, attempts, min(excess, 0.0))


def _solver(name: str) -> _Solver:
    if name not in _SOLVERS:
        raise InvalidInput.at(("solver", "sequence"), f"{name!r} is not a known solver; {hint(name, _SOLVERS)}")
    return _SOLVERS[name]


_Solver: TypeAlias = Callable[[Problem, Estimates, Region], tuple[Proposal, bool]]
_SOLVERS: dict[str, _Solver] = {"piqp": efficient, "clarabel": _by_clarabel}
