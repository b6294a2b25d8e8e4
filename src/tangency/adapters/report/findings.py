"""An answer beside the portfolio as it is today: what the tables of the terminal and the report are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.market.market import Needs
from tangency.domain.market.universe import CASH
from tangency.domain.numbers import Vector
from tangency.domain.optimization.optimization import Answer
from tangency.domain.optimization.plugins import Plugins
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Solution

SMALLEST_CASH = 1e-9
"""A share below it is rounding, not cash."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Return and risk of one portfolio; annual fractions, None where they have no meaning."""

    expected_return: float | None
    expected_volatility: float | None
    sharpe_ratio: float | None


@dataclass(frozen=True, slots=True)
class Position:
    """One row of the allocation; fractions of the portfolio's value.

    Attributes:
        current: weight today; None where unknown.
        risk_share: of the target portfolio's variance; None for a riskless portfolio.
    """

    name: str
    sector: str | None
    current: float | None
    target: float
    risk_share: float | None

    @property
    def change(self) -> float | None:
        """What has to be bought; negative for a sale."""
        return None if self.current is None else self.target - self.current


@dataclass(frozen=True, eq=False, slots=True)
class Findings:
    """An answer, what was asked, and the moments that both stand on.

    Attributes:
        estimates: annual; the means may be missing, as where volatility was minimised without any.
        today: figures of the current portfolio, its cash at the risk-free rate; None where it is unknown.
    """

    problem: Problem
    answer: Answer
    estimates: Estimates
    today: Figures | None

    @property
    def solution(self) -> Solution:
        """The checked solution."""
        return self.answer.solution

    @property
    def target(self) -> Figures:
        """Figures of the optimized portfolio."""
        solution = self.solution
        return Figures(solution.expected_return, solution.expected_volatility, solution.sharpe_ratio)

    @property
    def positions(self) -> tuple[Position, ...]:
        """The allocation in the order of the names, cash last where there is any."""
        return (*self._invested(), *self._cash())

    @property
    def largest_first(self) -> list[Position]:
        """The allocation by target, then by what is held today."""
        return sorted(self.positions, key=lambda position: (-position.target, -(position.current or 0.0)))

    def _invested(self) -> Iterator[Position]:
        solution, current = self.solution, self.problem.current
        for i, asset in enumerate(self.problem.universe.assets):
            yield Position(
                asset.name,
                asset.sector,
                None if current is None else float(current[i]),
                float(_weights(solution)[i]),
                None if solution.risk_shares is None else float(solution.risk_shares[i]),
            )

    def _cash(self) -> Iterator[Position]:
        current = self.problem.current
        before = 0.0 if current is None else 1.0 - float(current.sum())
        after = 1.0 - float(_weights(self.solution).sum())
        if max(abs(before), abs(after)) > SMALLEST_CASH and CASH not in self.problem.universe.positions:
            rounded = after if abs(after) > SMALLEST_CASH else 0.0
            yield Position(CASH, None, None if current is None else before, rounded, None)


def findings_of(problem: Problem, answer: Answer, plugins: Plugins) -> Findings:
    """Put an answer beside the portfolio of today.

    Args:
        problem: what was asked.
        answer: what came of it.
        plugins: where the estimators of the problem are found.
    """
    estimates = problem.market.estimate(plugins.find_estimator, plugins.bind_options, Needs(mean=False))
    today = None if problem.current is None else figures_of(problem.current, estimates, problem.risk_free_rate)
    return Findings(problem, answer, estimates, today)


def figures_of(weights: Vector, estimates: Estimates, risk_free_rate: float) -> Figures:
    """Figures of a portfolio whose cash earns the risk-free rate; ``weights`` has shape (n,)."""
    volatility = estimates.volatility(weights)
    invested = estimates.expected_return(weights)
    mean = None if invested is None else invested + (1.0 - float(weights.sum())) * risk_free_rate
    ratio = (mean - risk_free_rate) / volatility if mean is not None and volatility > 0 else None
    return Figures(mean, volatility, ratio)


def _weights(solution: Solution) -> Vector:
    return np.zeros(len(solution.universe)) if solution.weights is None else solution.weights
