"""Schur-complementary portfolios: hierarchical risk parity whose halves know of each other, as far as is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np

from tangency.domain.errors import InvalidInput
from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.method import Capabilities
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.plugins.hierarchical_risk_parity import MOST_DESCRIBED, bisected
from tangency.plugins.kernels.dendrogram import TreeOptions, dendrogram
from tangency.plugins.kernels.limits import EVERY_LIMIT
from tangency.plugins.kernels.naive_risk import NaiveRisk, share_of_first
from tangency.plugins.kernels.projection import heuristic
from tangency.plugins.kernels.ties import told_apart

STEPS = 10
"""Into which 0 to 1 is cut in search of the first valley of the variance."""
NARROW = 1e-6
"""Width in gamma at which the bottom of a valley is found: the variance is flat there, to its square."""
GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, kw_only=True)
class SchurComplementaryOptions(TreeOptions):
    """How the assets are clustered, and how far to move toward minimum variance.

    Attributes:
        gamma: from 0 (hierarchical risk parity) to 1 (close to minimum variance).
        keep_monotonic: stop at a smaller gamma if the variance of the portfolio would start to rise.
    """

    gamma: float = 0.5
    keep_monotonic: bool = True

    def __post_init__(self) -> None:
        if not 0.0 <= self.gamma <= 1.0:
            raise InvalidInput.at(("gamma",), f"is {self.gamma}; give a number from 0 to 1.", "range")


class SchurComplementary:
    """Cotton's Schur complementary allocation: between hierarchical risk parity and minimum variance.

    It splits the weight like hierarchical risk parity, but adjusts the covariance of each half for what the other half
    explains. With gamma 0, nothing is adjusted, and the answer is hierarchical risk parity.
    """

    name = "schur_complementary"
    citation = (
        "Cotton, P. (2024). Schur complementary allocation: a unification of hierarchical risk parity and minimum "
        "variance portfolios. arXiv:2411.05807."
    )
    capabilities = Capabilities(
        objectives=frozenset({"RISK_PARITY", "MIN_VOLATILITY"}),
        constraints=EVERY_LIMIT,
        uses_scenarios=True,
        heuristic=True,
        order_dependent=True,
    )
    options: type = SchurComplementaryOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse what takes scenarios where there are none."""
        cast(SchurComplementaryOptions, options).check(problem)

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """Cluster, bisect with augmented covariances, and move to the nearest feasible portfolio."""
        asked = cast(SchurComplementaryOptions, options)
        tree = dendrogram(asked, estimates)
        naive = NaiveRisk("variance", problem.confidence_level, estimates)
        market = _Market(told_apart(estimates.covariance), naive, tree.leaves)
        gamma, raw = asked.gamma, market.weights(asked.gamma)
        if asked.keep_monotonic:
            gamma = _first_valley(cache(market.variance), asked.gamma)
            raw = market.weights(gamma)
        if raw is None:
            return Proposal(Status.NOT_APPLICABLE, message=_refusal(asked.gamma))
        findings = {"clusters": tree.described(tree.cut(tree.bend(MOST_DESCRIBED))), "effective_gamma": gamma}
        return heuristic(problem, estimates, raw, findings)


@dataclass(frozen=True, eq=False)
class _Market:
    """A covariance (n, n), the risk of clusters by it, and the order of the leaves."""

    covariance: Matrix
    naive: NaiveRisk
    leaves: list[int]

    def weights(self, gamma: float) -> Vector | None:
        """Shape (n,); None where an augmented covariance is not positive definite.

        A name without variance takes all weight, whatever gamma is: nothing explains anything of it.
        """
        augmented = self.covariance.copy()

        def share(left: list[int], right: list[int]) -> float:
            if gamma == 0 or (self.naive.alone == 0).any():
                return share_of_first(self.naive.of(left), self.naive.of(right))
            if len(left) > 1:
                _augment(augmented, left, right, gamma)
            return share_of_first(_risk(augmented, left), _risk(augmented, right))

        try:
            return bisected(self.leaves, share)
        except np.linalg.LinAlgError:
            return None

    def variance(self, gamma: float) -> float:
        """Of the portfolio; infinite where there is none."""
        weights = self.weights(gamma)
        return np.inf if weights is None else float(weights @ self.covariance @ weights)


def _risk(covariance: Matrix, half: list[int]) -> float:
    """Variance at inverse-variance weights."""
    part = covariance[np.ix_(half, half)]
    inverse = 1.0 / np.diagonal(part)
    weights = inverse / inverse.sum()
    return float(weights @ part @ weights)


def _augment(covariance: Matrix, left: list[int], right: list[int], gamma: float) -> None:
    """Put the augmented covariances of two halves in the place of their own.

    Raises:
        LinAlgError: one of them is not positive definite.
    """
    A, D = covariance[np.ix_(left, left)], covariance[np.ix_(right, right)]
    B = covariance[np.ix_(left, right)]
    augmented = _augmented(A, B, D, gamma), _augmented(D, B.T, A, gamma)
    for half, part in zip((left, right), augmented, strict=True):
        if not np.isfinite(part).all():
            raise np.linalg.LinAlgError
        np.linalg.cholesky(part)
        covariance[np.ix_(half, half)] = part


def _augmented(A: Matrix, B: Matrix, D: Matrix, gamma: float) -> Matrix:
    """(I - gamma B D^-1 M')^-1 (A - gamma B D^-1 B'), made symmetric; shape of A."""
    explained = gamma * np.linalg.solve(D, B.T).T
    carried = np.eye(len(A)) - explained @ _carry(len(A), len(D)).T
    augmented = np.linalg.solve(carried, A - explained @ B.T)
    return 0.5 * (augmented + augmented.T)


def _carry(rows: int, columns: int) -> Matrix:
    """M: names of one half to those of the other, which has as many, one fewer or one more; shape (rows, columns).

    With one more row than columns, the mean over all ways to leave one row out, which gets equal parts of everything.
    """
    if rows == columns:
        return np.eye(rows)
    if rows < columns:
        return _carry(columns, rows).T * (rows / columns)
    place = np.arange(columns)
    M = np.full((rows, columns), 1.0 / columns)
    M[place, place] += columns - place
    M[place + 1, place] += place + 1
    return M / rows


def _first_valley(variance: Callable[[float], float], most: float) -> float:
    """The largest gamma up to ``most`` before the variance begins to rise, by steps and then by golden sections."""
    gammas = np.linspace(0.0, most, int(np.ceil(most * STEPS)) + 1).tolist()
    reached = [variance(gammas[0])]
    for i, gamma in enumerate(gammas[1:], 1):
        reached.append(variance(gamma))
        if reached[i] >= reached[i - 1]:
            return _bottom(variance, gammas[max(0, i - 2)], gamma)
    return _bottom(variance, gammas[-2], most) if len(gammas) > 1 else most


def _bottom(variance: Callable[[float], float], low: float, high: float) -> float:
    """The gamma of the least variance between two; the ends among them."""
    ends, inner = (low, high), [high - GOLDEN * (high - low), low + GOLDEN * (high - low)]
    while high - low > NARROW:
        if variance(inner[0]) <= variance(inner[1]):
            high = inner[1]
            inner = [high - GOLDEN * (high - low), inner[0]]
        else:
            low = inner[0]
            inner = [inner[1], low + GOLDEN * (high - low)]
    return min((*ends, *inner), key=lambda gamma: (variance(gamma), gamma))


def _refusal(gamma: float) -> str:
    return (
        f"At gamma {gamma:g} the covariance that is left of a half is not positive definite. Choose a smaller gamma, "
        "or set keep_monotonic."
    )
