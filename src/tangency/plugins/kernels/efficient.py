"""The efficient portfolio that an objective wants, from the family of all, and the one at a volatility target."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.lagrangian import farkas_bound
from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status, Witness
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.optimization.region import Region, RiskCap, Row
from tangency.plugins.kernels.active_set import Piece
from tangency.plugins.kernels.parametric import Family, Member

NO_EXCESS = 1e-10
"""Relative to the largest excess mean: a best excess below it is zero, and no portfolio beats the risk-free rate."""
SOME_EXCESS = 1e-6
"""Of the largest excess mean: what a riskless portfolio must earn to count."""
CAP_TOUCHED = 1e-12
"""Relative excess over a volatility target that is rounding."""
CONTRADICTION = 1e-8
"""A proof that no portfolio is within a volatility target proves more: programs that explain it are exact to 1e-9."""
NO_ROOM_FOR_RISK = 1e-15
"""Of a volatility target: with less room above the least volatility there is none that a number could tell."""
STEEP = 1e-8
"""A tau, in the family's own scale, at which the mean counts for next to nothing."""


def efficient(problem: Problem, estimates: Estimates, region: Region) -> tuple[Proposal, bool]:
    """The best portfolio, and whether it was solved for on its active set, with the limits and signs checked.

    Args:
        problem: of means and covariance.
        estimates: annual moments.
        region: that of the problem, convex.
    """
    search = _Search(problem, estimates, region)
    proposal = search.run()
    return proposal, search.exact


@dataclass(eq=False)
class _Search:
    """Finds the member of the family that the objective wants, and the one that meets a volatility target."""

    problem: Problem
    estimates: Estimates
    region: Region
    family: Family = field(init=False)
    exact: bool = False

    def __post_init__(self) -> None:
        objective, n = self.problem.objective, self.region.size
        if isinstance(objective, MinimumVolatility):
            mean = np.zeros(n)
        elif isinstance(objective, MaximumSharpe):
            mean = objective.gain(self.estimates)
        else:
            mean = self.estimates.required_mean("the objective")
        polyhedral = replace(self.region, caps=()) if self.region.caps else self.region
        self.family = Family(self.estimates.covariance, mean, polyhedral, self.problem.solver.tolerance)

    def run(self) -> Proposal:
        objective = self.problem.objective
        if isinstance(objective, MaximumSharpe):
            return self._sharpe()
        if isinstance(objective, MaximumReturn):
            return self._greatest_return()
        tau = 1.0 / objective.risk_aversion if isinstance(objective, MaximumUtility) else 0.0
        member = self.family.member(tau)
        if member is None:
            return self._failed()
        return self._within_cap(member, _scaled(member, tau) if tau else member.multipliers)

    def _greatest_return(self) -> Proposal:
        found = self.family.furthest()
        if found is None:
            return self._failed()
        member, still = found
        if not still and not self.region.caps:
            return self._proposal(Status.UNBOUNDED)
        return self._within_cap(member, member.multipliers, improper=not still)

    def _sharpe(self) -> Proposal:
        family = self.family

        def aim(piece: Piece) -> float | None:
            # On a piece variance = tau excess reads a'Sa = tau m'a, since d'Sd = m'd and a'Sd = 0.
            gain = family.linear(piece.start)
            return float(piece.start @ piece.image_start) / gain if gain > 0 else np.inf

        def verdict(member: Member) -> float:
            return member.tau * self._excess(member.weights) - self.estimates.volatility(member.weights) ** 2

        member = family.search(aim, verdict, self._first_tau())
        if member is None:
            return self._failed()
        if self._excess(member.weights) <= NO_EXCESS * float(np.abs(family.mean).max()):
            return self._no_excess()
        if np.isinf(member.tau):
            return self._proposal(Status.UNBOUNDED)
        if not member.exact:
            riskless = self._riskless()
            if riskless is not None:
                return self._proposal(Status.OPTIMAL, riskless)
        return self._within_cap(member, _scaled(member, member.tau))

    def _riskless(self) -> Vector | None:
        """A portfolio with a positive excess and no risk, where there is one: the ratio then has no largest value."""
        some = SOME_EXCESS * float(self.family.mean.max())
        earning = Row("excess", -self.family.mean, -some)
        above = replace(self.family.region, rows=(*self.family.region.rows, earning))
        family = Family(self.estimates.covariance, np.zeros(above.size), above, self.problem.solver.tolerance)
        least = family.member(0.0)
        self.family.attempts += family.attempts
        return least.weights if least is not None and self.estimates.riskless(least.weights) else None

    def _no_excess(self) -> Proposal:
        found = self.family.furthest()
        if found is None:
            return self._failed()
        member, still = found
        excess = self._excess(member.weights)
        if not still or excess > NO_EXCESS * float(np.abs(self.family.mean).max()):
            return self._proposal(Status.UNBOUNDED if not still else Status.NUMERICAL_ERROR)
        proposal = self._proposal(Status.NOT_APPLICABLE)
        return replace(proposal, witness=Witness(member.multipliers), bound=min(excess, 0.0) + 0.0)

    def _within_cap(self, member: Member, multipliers: dict[str, float], improper: bool = False) -> Proposal:
        """The member itself where it meets the volatility target, else the one on the family that just does."""
        cap, over = self.region.caps[0] if self.region.caps else None, np.inf if improper else 0.0
        if cap is None or cap.excess(member.weights) + over <= CAP_TOUCHED * cap.limit:
            return self._found(member, Witness(multipliers))
        least = self.family.member(0.0)
        if least is None:
            return self._failed()
        proof = self._out_of_reach(cap.id, least)
        if farkas_bound(self.region, proof) > CONTRADICTION:
            return self._proposal(Status.INFEASIBLE, None, proof)
        if isinstance(self.problem.objective, MinimumVolatility):
            return self._found(member, Witness(multipliers))
        touched = cap.excess(least.weights) >= -NO_ROOM_FOR_RISK * cap.limit
        return self._at_least_risk(cap, least) if touched else self._just_within(cap, member.tau)

    def _just_within(self, cap: RiskCap, tau: float) -> Proposal:
        """The member whose volatility is the target, below a tau at which it is more."""
        family, limit = self.family, self.family.scaled_variance(cap.limit**2)

        def aim(piece: Piece) -> float | None:
            steepness = float(piece.direction @ piece.image_direction)
            room = limit - float(piece.start @ piece.image_start)
            return float(np.sqrt(room / steepness)) if room >= 0 and steepness > 0 else None

        touching = family.search(aim, lambda m: cap.excess(m.weights), min(tau, family.natural_tau))
        if touching is None:
            return self._failed()
        self.exact = touching.exact
        return self._touching(touching.weights, self._touching_witness(cap.id, touching))

    def _at_least_risk(self, cap: RiskCap, least: Member) -> Proposal:
        """What earns most next to the one portfolio that meets the target, and is told from it by no volatility.

        No finite price proves the one itself: earnings grow with the root of what a target leaves.
        """
        close = self.family.member(STEEP * self.family.natural_tau)
        if close is None:
            return self._touching(least.weights, Witness())
        more = cap.excess(close.weights) - cap.excess(least.weights)
        weights = close.weights if more <= CAP_TOUCHED * cap.limit else least.weights
        return self._touching(weights, self._touching_witness(cap.id, close))

    def _touching(self, weights: Vector, witness: Witness) -> Proposal:
        """The portfolio of most return at the volatility target; a ratio means nothing where that is no excess."""
        if not isinstance(self.problem.objective, MaximumSharpe) or self._excess(weights) > 0:
            return self._proposal(Status.OPTIMAL, weights, witness)
        return replace(self._proposal(Status.NOT_APPLICABLE, None, witness), bound=self._excess(weights))

    def _touching_witness(self, cap: str, member: Member) -> Witness:
        """S x - tau m + A'y = 0 divided by tau, its S x shared between the objective and the cap."""
        sigma = self.estimates.volatility(member.weights)
        total, own = 1.0 / member.tau if member.tau > 0 else 0.0, 0.0
        if isinstance(self.problem.objective, MaximumUtility):
            own = self.problem.objective.risk_aversion
        elif isinstance(self.problem.objective, MaximumSharpe):
            own = max(0.0, self._excess(member.weights)) / sigma**2
        multipliers = _scaled(member, member.tau) if member.tau > 0 else dict(member.multipliers)
        multipliers[cap] = max(0.0, sigma * (total - own))
        return Witness(multipliers, {cap: member.weights})

    def _out_of_reach(self, cap: str, least: Member) -> Witness:
        """That no portfolio is within the target, if that is so."""
        multipliers = _scaled(least, self.estimates.volatility(least.weights) or 1.0) | {cap: 1.0}
        return Witness(multipliers, {cap: least.weights})

    def _found(self, member: Member, witness: Witness) -> Proposal:
        self.exact = member.exact
        return self._proposal(Status.OPTIMAL, member.weights, witness)

    def _first_tau(self) -> float:
        """From the inverse-variance portfolio where it earns anything."""
        variances = self.estimates.covariance.variances
        weights = 1.0 / np.maximum(variances, float(variances.mean()) * 1e-6 or 1.0)
        weights /= weights.sum()
        excess, variance = self._excess(weights), self.estimates.volatility(weights) ** 2
        return variance / excess if excess > 0 and variance > 0 else self.family.natural_tau

    def _excess(self, weights: Vector) -> float:
        return float(self.family.mean @ weights)

    def _failed(self) -> Proposal:
        infeasible = any(attempt.status == "infeasible" for attempt in self.family.attempts)
        return self._proposal(Status.INFEASIBLE if infeasible else Status.NUMERICAL_ERROR)

    def _proposal(self, status: Status, weights: Vector | None = None, witness: Witness | None = None) -> Proposal:
        attempts = tuple(self.family.attempts)
        return Proposal(status, weights, witness, self.family.iterations, attempts)


def _scaled(member: Member, tau: float) -> dict[str, float]:
    return {key: value / tau for key, value in member.multipliers.items()}
