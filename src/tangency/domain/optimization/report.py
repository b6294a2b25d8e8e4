"""What an optimization of a portfolio that is held comes to: figures, allocations, trades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.optimization import Answer
from tangency.domain.optimization.problem import Problem
from tangency.domain.portfolio.valuation import Trade, Valuation, with_cash

NO_RISK = 1e-12
"""An active risk below it is rounding: nothing was changed."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures of the target weights; None where one has no meaning.

    Attributes:
        max_drawdown: of the target weights, rebalanced every period over the window, compounded; a positive fraction.
        turnover: one way, cash included.
        information_ratio: mean of the difference to the current weights over the volatility of it, annual.
    """

    expected_return: float | None
    expected_volatility: float | None
    sharpe_ratio: float | None
    max_drawdown: float | None
    turnover: float | None
    information_ratio: float | None


@dataclass(frozen=True, slots=True)
class Basis:
    """What the figures were computed from.

    Attributes:
        periods: complete periods of returns; 0 where there were none.
        periods_per_year: of the returns.
        reference: of the information ratio.
    """

    periods: int
    periods_per_year: float
    reference: str = "current_allocation"


@dataclass(frozen=True, slots=True)
class Report:
    """An answer in the portfolio's own terms."""

    metrics: Metrics
    metric_basis: Basis
    current_allocation: Mapping[str, float]
    target_allocation: Mapping[str, float]
    trades: tuple[Trade, ...]


def report_of(answer: Answer, problem: Problem, valuation: Valuation) -> Report:
    """The report of an answer."""
    solution, returns = answer.solution, problem.market.returns
    target = solution.weights_by_name
    basis = Basis(0, problem.market.periods_per_year)
    metrics = Metrics(
        expected_return=solution.expected_return,
        expected_volatility=solution.expected_volatility,
        sharpe_ratio=solution.sharpe_ratio,
        max_drawdown=None,
        turnover=None if answer.turnover is None else answer.turnover.one_way,
        information_ratio=_ratio(solution.expected_return, solution.current_return, solution.active_risk),
    )
    if returns is not None and solution.weights is not None:
        complete = returns.values[~np.isnan(returns.values).any(axis=1)]
        drawdown = maximum_drawdown(complete, problem.universe.join(target))
        basis, metrics = replace(basis, periods=len(complete)), replace(metrics, max_drawdown=drawdown)
    reached = valuation.reached(target)
    return Report(metrics, basis, valuation.allocation, with_cash(reached), tuple(valuation.trades(reached)))


def maximum_drawdown(returns: Matrix, weights: Vector) -> float | None:
    """The largest fall from a peak, of weights that are restored every period, compounded; None without a period.

    Args:
        returns: simple, per period, oldest first; shape (T, n).
        weights: shape (n,).
    """
    if not len(returns):
        return None
    wealth = np.concatenate([[1.0], np.cumprod(1.0 + returns @ weights)])
    peak = np.maximum.accumulate(wealth)
    return float(np.max(1.0 - wealth / peak))


def _ratio(after: float | None, before: float | None, risk: float | None) -> float | None:
    if after is None or before is None or risk is None or risk <= NO_RISK:
        return None
    return (after - before) / risk
