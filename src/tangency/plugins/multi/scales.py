"""The ideal and the nadir point: the best and the worst that an aim can be, and the unit between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tangency.domain.market.covariance import Covariance, DenseCovariance
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_terms import Sum
from tangency.domain.optimization.objective import Blend
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal
from tangency.domain.optimization.robust_terms import Norm
from tangency.domain.optimization.worst_loss import WorstLoss
from tangency.plugins.kernels.parametric import Family
from tangency.plugins.kernels.solving import solved
from tangency.plugins.multi.aims import Aim

SLACK = 1e-10
"""Scaled: what the solvers know a loss to."""
DECISIVE = 1e3
"""What the aim of a corner counts next to the others: more than any trade-off at a corner of a polyhedron."""
TRACE = 1e-9
"""Of the mean variance: moves weights in the ninth digit."""
FLAT = 1e-6
"""Of a loss: an aim that moves by less among the bests of the others does not move."""
MOST_STEPS, SETTLED = 200, 1e-13
"""Towards the member of a family where its risk and its price agree: each step takes off the same share of the rest."""
NOTHING = 1e-9
"""Of the loss of equal weights: rounding."""


@dataclass(frozen=True, eq=False)
class Scale:
    """The payoff table's frame.

    Attributes:
        ideal: the least of each loss; shape (m,).
        nadir: the largest of each among the portfolios that are best for another; shape (m,). Of two aims that is the
            worst on the front; of more it is an estimate of it.
        corners: the portfolio that is best for each aim, ties broken by the others.
        usual: the size of each loss with the same weight in every name; shape (m,). What is nothing next to it, such
            as the risk of a name that has none, is rounding.
    """

    ideal: Vector
    nadir: Vector
    corners: tuple[Vector, ...]
    usual: Vector

    @property
    def units(self) -> Vector:
        """What a loss is divided by; shape (m,)."""
        span = self.nadir - self.ideal
        size = np.maximum(np.abs(self.ideal), np.abs(self.nadir))
        size = np.where(size > NOTHING * self.usual, size, np.where(self.usual > 0, self.usual, 1.0))
        return np.where(span > FLAT * size, span, size)


def frame(problem: Problem, estimates: Estimates, aims: Sequence[Aim]) -> Scale | Proposal:
    """Ideal and nadir point of the aims under a problem's limits; what the solver said where one has no best."""
    equal = np.full(len(problem.universe), 1.0 / len(problem.universe))
    usual = np.array([abs(aim.loss(equal, estimates)) for aim in aims])
    corners = []
    for position in range(len(aims)):
        found = _corner(problem, estimates, aims, usual, position)
        if isinstance(found, Proposal):
            return found
        corners.append(found)
    table = np.array([[aim.loss(w, estimates) for aim in aims] for w in corners])
    return Scale(table.min(axis=0), table.max(axis=0), tuple(corners), usual)


def _corner(
    problem: Problem, estimates: Estimates, aims: Sequence[Aim], usual: Vector, position: int
) -> Vector | Proposal:
    """The portfolio with the least loss of one aim, and among such of the others, each next to its usual size."""
    aim = aims[position]
    exact = _least_square(problem, estimates, aim.square(estimates))
    if exact is None and isinstance(aim.term, Sum):
        exact = _least_worst_loss(problem, estimates, WorstLoss.of(aim.term, len(problem.universe)))
    if exact is not None:
        return exact
    found = solved(problem, Blend("CORNER", (aim.term,)), estimates)
    if found.weights is None:
        return found
    counted = np.where(np.arange(len(aims)) == position, DECISIVE, 1.0) / np.where(usual > 0, usual, 1.0)
    settled = _ties_broken(problem, estimates, aims, counted, aim, found.weights)
    return found.weights if settled is None else settled


def _least_square(problem: Problem, estimates: Estimates, square: Covariance | None) -> Vector | None:
    """The least x'Sx by an active-set solve: a root is so flat at its least that a cone program leaves five digits.

    Where S is singular, as with a name that is there twice, every variance grows by a trace.
    """
    region = problem.region(estimates)
    if square is None or (region.lower > region.upper).any():
        return None
    uncapped = replace(region, caps=())
    for definite in _definite(square):
        least = Family(definite, np.zeros(region.size), uncapped, problem.solver.tolerance).member(0.0)
        if least is not None and least.exact:
            return least.weights if all(cap.excess(least.weights) <= 0.0 for cap in region.caps) else None
    return None


def _least_worst_loss(problem: Problem, estimates: Estimates, loss: WorstLoss) -> Vector | None:
    """The least kappa |F'x| - m'x likewise: of argmin 1/2 |F'x|^2 - tau m'x, the member with |F'x| = kappa tau."""
    region, penalty = problem.region(estimates), loss.penalty
    if not isinstance(penalty, Norm) or penalty.weight <= 0 or not loss.slope.any():
        return None
    if region.caps or (region.lower > region.upper).any():
        return None
    for definite in _definite(DenseCovariance.of(penalty.matrix @ penalty.matrix.T)):
        family = Family(definite, -loss.slope, region, problem.solver.tolerance)
        tau = 0.0
        for _ in range(MOST_STEPS):
            member = family.member(tau)
            if member is None or not member.exact:
                break
            length = float(np.linalg.norm(member.weights @ penalty.matrix))
            if abs(length - penalty.weight * tau) <= SETTLED * length:
                return member.weights
            tau = length / penalty.weight
    return None


def _definite(square: Covariance) -> Iterator[Covariance]:
    """The matrix, and what it is with a trace of the identity."""
    yield square
    trace = TRACE * float(square.variances.mean())
    yield DenseCovariance.of(square.dense() + trace * np.eye(square.size))


def _ties_broken(
    problem: Problem, estimates: Estimates, aims: Sequence[Aim], counted: Vector, aim: Aim, w: Vector
) -> Vector | None:
    """The others at their least where the aim is: it counts so much more that it does not give way for them."""
    parts = tuple(each.beyond(0.0, weight) for each, weight in zip(aims, counted.tolist(), strict=True))
    tied = solved(problem, Blend("CORNER", parts), estimates).weights
    best = aim.loss(w, estimates)
    return tied if tied is not None and aim.loss(tied, estimates) <= best + FLAT * abs(best) else None
