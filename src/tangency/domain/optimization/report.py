"""What an optimization of a portfolio that is held comes to: figures, allocations, trades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import numpy as np

from tangency.domain.market.universe import CASH
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.optimization import Answer
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Solution
from tangency.domain.plain_values import shallow
from tangency.domain.portfolio.valuation import Trade, Valuation, with_cash

FEWEST = 2
"""Periods that a volatility needs."""
NO_RISK = 1e-12
"""An active risk below it is rounding: nothing was changed."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures of the target weights; None where one has no meaning.

    Attributes:
        max_drawdown: of the target weights, rebalanced every period over the window, compounded; a positive fraction.
        turnover: one way, cash included.
        information_ratio: mean of the difference to the reference over the volatility of it, annual.
        tax_implications: what the trades owe, in money; None where taxes were not asked for.
    """

    expected_return: float | None
    expected_volatility: float | None
    sharpe_ratio: float | None
    max_drawdown: float | None
    turnover: float | None
    information_ratio: float | None
    tax_implications: float | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """What the figures were computed from.

    Attributes:
        periods: complete periods of returns; 0 where there were none.
        periods_per_year: of the returns.
        reference: of the information ratio: the imported benchmark, or else the current allocation.
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

    def told(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "metrics": asdict(self.metrics),
            "metric_basis": asdict(self.metric_basis),
            "current_allocation": dict(self.current_allocation),
            "target_allocation": dict(self.target_allocation),
            "trades": [shallow(trade) for trade in self.trades],
        }


def report_of(answer: Answer, problem: Problem, valuation: Valuation | None) -> Report:
    """The report of an answer; without a valuation it has no trades, and current weights where they were stated."""
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
        if valuation is not None and valuation.benchmark is not None and _is_sampled(problem, valuation.benchmark):
            ratio = _against(valuation.benchmark, problem, complete, target)
            basis, metrics = replace(basis, reference="benchmark"), replace(metrics, information_ratio=ratio)
    if valuation is None:
        held = {} if problem.current is None else with_cash(dict(problem.universe.named(problem.current)))
        return Report(metrics, basis, held, with_cash(target), ())
    metrics = replace(metrics, tax_implications=_owed(solution, valuation))
    reached = valuation.reached(target)
    return Report(metrics, basis, valuation.allocation, with_cash(reached), tuple(valuation.trades(reached)))


def _owed(solution: Solution, valuation: Valuation) -> float | None:
    tax = cast(Mapping[str, float], solution.findings.get("tax", {}))
    return float(tax["due"]) * valuation.total if "due" in tax else None


def _is_sampled(problem: Problem, benchmark: Mapping[str, float]) -> bool:
    """Whether the moments are those of the complete periods, and every name of the benchmark has returns."""
    market = problem.market
    stated = market.mean is not None or market.covariance is not None or market.prior is not None
    estimators = {market.mean_estimator.name.lower(), market.covariance_estimator.name.lower()}
    known = market.returns is not None and len(market.returns.universe) == len(problem.universe)
    names = set(benchmark) - {CASH}
    return not stated and estimators == {"sample"} and known and names <= set(problem.universe.names)


def _against(
    benchmark: Mapping[str, float], problem: Problem, returns: Matrix, target: Mapping[str, float]
) -> float | None:
    """The information ratio of weights against others; cash earns the risk-free rate."""
    names, year = problem.universe.names, problem.market.periods_per_year
    active = np.array([target[name] - benchmark.get(name, 0.0) for name in names])
    differences = returns @ active - active.sum() * problem.risk_free_rate / year
    if len(differences) < FEWEST:
        return None
    return _ratio(year * float(differences.mean()), 0.0, float(np.sqrt(year * differences.var(ddof=1))))


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
