"""The sample of a factor analysis: returns of the assets and of the factors, over the periods that both have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from tangency.application.factors.command import FACTORS, AnalyzeFactors
from tangency.application.factors.returns import Stated
from tangency.domain.errors import Fault, InvalidInput, hint
from tangency.domain.factors.explaining import FactorSample
from tangency.domain.factors.history import FactorHistory, Frequency
from tangency.domain.factors.periods import PERIODS_PER_YEAR, PeriodReturns, frequency_of, period_returns
from tangency.domain.factors.statistical import principal_components
from tangency.domain.market.universe import CASH
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.portfolio.prices import PriceHistory


def frequency_for(command: AnalyzeFactors, prices: PriceHistory, stated: Stated) -> Frequency:
    """That of the factors, else the one asked for, else that of the prices.

    Raises:
        InvalidInput: another one is asked for than the factors have.
    """
    own = stated.frequency if isinstance(stated, FactorHistory) else None
    if own is not None and command.frequency not in (None, own):
        detail = f"is {command.frequency}, and the factors are {own}; leave it out, or import {command.frequency} ones."
        raise InvalidInput.at(("frequency",), detail, "frequency")
    return own or command.frequency or frequency_of(prices.dates)


def sample_of(
    command: AnalyzeFactors,
    held: Mapping[str, float],
    prices: PriceHistory,
    stated: Stated,
    benchmark: Mapping[str, float] | None,
) -> FactorSample:
    """The sample of the names that are held or in the benchmark.

    Args:
        command: for the window and the risk-free rate.
        held: weights by name, of the portfolio.
        prices: a missing one leaves its period out, for all names.
        stated: the factors' returns; None to make them of the portfolio's own.
        benchmark: weights by name; None without one.

    Raises:
        InvalidInput: names without prices, factors that do not line up with the returns, or no period in common.
    """
    frequency = frequency_for(command, prices, stated)
    names = _names(held, benchmark or {}, prices)
    panel = _within(command, period_returns(prices, [prices.names.index(name) for name in names], frequency))
    history = _aligned(stated, panel, frequency)
    rows = _common_periods(panel, history)
    dates = tuple(panel.dates[row] for row in rows)
    history = None if history is None else history.on(dates)
    free = _risk_free(command, history, PERIODS_PER_YEAR[frequency], len(rows))
    excess = panel.values[rows] - free[:, None]
    factor_names, factors = _factors(command, history, excess, free)
    return FactorSample(
        names,
        dates,
        excess,
        factor_names,
        factors,
        PERIODS_PER_YEAR[frequency],
        np.array([held.get(name, 0.0) for name in names]),
        None if benchmark is None else np.array([benchmark.get(name, 0.0) for name in names]),
    )


def _common_periods(panel: PeriodReturns, history: FactorHistory | None) -> list[int]:
    """The rows in which every name has a return, and the factors have theirs."""
    usable = np.isfinite(panel.values).all(axis=1)
    if history is not None:
        usable &= np.array([history.covers(day) for day in panel.dates], dtype=bool)
    rows: list[int] = np.flatnonzero(usable).tolist()
    if not rows:
        detail = "and the portfolio's returns have no period in common; widen the window, or take others."
        raise InvalidInput.at(FACTORS, detail, "too_few_rows")
    return rows


def _factors(
    command: AnalyzeFactors, history: FactorHistory | None, excess: Matrix, free: Vector
) -> tuple[tuple[str, ...], Matrix]:
    """Names and returns of the factors; shape (T, k). Those that cost something to hold are in excess of that."""
    if history is None:
        return principal_components(excess, command.count, ("count",))
    costly = isinstance(command.factors, Mapping) and not command.zero_investment
    return history.names, history.values - free[:, None] if costly else history.values


def _names(held: Mapping[str, float], benchmark: Mapping[str, float], prices: PriceHistory) -> tuple[str, ...]:
    """The names held or in the benchmark, in the order of the prices."""
    strange = [name for name in benchmark if name not in prices.names and name != CASH]
    if strange:
        faults = [Fault(("benchmark", name), f"{name!r} has no price; {hint(name, prices.names)}") for name in strange]
        raise InvalidInput(faults)
    names = tuple(name for name in prices.names if held.get(name) or benchmark.get(name))
    if not names:
        raise InvalidInput.at(("holdings",), "are all cash; there is nothing to explain.", "empty")
    return names


def _within(command: AnalyzeFactors, panel: PeriodReturns) -> PeriodReturns:
    start, end = command.start or date.min, command.end or date.max
    if start > end:
        raise InvalidInput.at(("start",), f"is {start}, after the end, {end}; turn them round.", "range")
    rows = [row for row, day in enumerate(panel.dates) if start <= day <= end]
    return PeriodReturns(tuple(panel.dates[row] for row in rows), panel.values[rows])


def _aligned(stated: Stated, panel: PeriodReturns, frequency: Frequency) -> FactorHistory | None:
    if stated is None or isinstance(stated, FactorHistory):
        return stated
    wrong = [name for name, column in stated.items() if len(column) != len(panel.dates)]
    if wrong:
        given = len(stated[wrong[0]])
        detail = f"has {given} returns, and the portfolio has {len(panel.dates)} {frequency} ones; state dates too."
        raise InvalidInput.at((*FACTORS, wrong[0]), detail, "length")
    values = np.column_stack([np.array(column) for column in stated.values()])
    return FactorHistory(tuple(stated), panel.dates, values, frequency)


def _risk_free(command: AnalyzeFactors, history: FactorHistory | None, year: float, periods: int) -> Vector:
    if command.risk_free_rate is None and history is not None and history.risk_free is not None:
        return history.risk_free
    return np.full(periods, (command.risk_free_rate or 0.0) / year)
