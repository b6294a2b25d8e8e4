"""Analyzing what a portfolio is exposed to, and reading the analyses that were made."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any, Literal, cast

import numpy as np

from tangency.application.context import Context
from tangency.application.idempotency import Creating, claim
from tangency.application.message import Message
from tangency.application.portfolio_data import holdings_and_prices
from tangency.domain.errors import Fault, InvalidInput, NotFound, Path, hint
from tangency.domain.factors.analysis import PREFIX, FactorAnalysis
from tangency.domain.factors.announcement import completed
from tangency.domain.factors.document import dates_of, history_of, is_dated
from tangency.domain.factors.explaining import FactorSample, explain
from tangency.domain.factors.history import FactorHistory, Frequency
from tangency.domain.factors.periods import PERIODS_PER_YEAR, PeriodReturns, frequency_of, period_returns
from tangency.domain.factors.regression import Errors
from tangency.domain.factors.sets import STATISTICAL, WHERE, columns_by_set
from tangency.domain.factors.statistical import principal_components
from tangency.domain.identity import token
from tangency.domain.library.entry import REFERENCE, Address, Shelf, checked, missing
from tangency.domain.market.universe import CASH
from tangency.domain.numbers import Vector
from tangency.domain.optimization.cost import Cost
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.unit_of_work import UnitOfWork

MOST_LISTED = 100
"""Analyses of one portfolio in a list, the newest."""
FACTORS: Path = ("factors",)
REMEDY = "ask for fewer factors, or for a shorter window by `start` and `end`; no analysis is carried out later."


@dataclass(frozen=True, slots=True)
class AnalyzeFactors(Creating[FactorAnalysis]):
    """Explain a portfolio's returns by factors, and keep the analysis.

    Attributes:
        factors: a set or ``statistical``; sets and factors by name; or returns by name, or a reference to them.
        dates: of the periods of factors that are stated, where they are not those of the portfolio.
        count: of statistical factors.
        benchmark: weights by name, or a reference to them; None for what was imported.
        frequency: None for that of the factors.
        risk_free_rate: annual; None for that which comes with the factors, else 0.
        zero_investment: whether stated factors cost nothing to hold; the risk-free rate is taken off others.
        start, end: of the window; None for all that both have.
    """

    portfolio_id: str
    factors: str | Sequence[str] | Mapping[str, object]
    dates: Sequence[str] | None = None
    count: int = 3
    errors: Errors = "plain"
    lag: int | None = None
    benchmark: Mapping[str, object] | None = None
    frequency: Literal["daily", "monthly"] | None = None
    risk_free_rate: float | None = None
    zero_investment: bool = True
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class ReadFactorAnalysis(Message[FactorAnalysis]):
    """An analysis that was made."""

    analysis_id: str


@dataclass(frozen=True, slots=True)
class ListFactorAnalyses(Message[Sequence[FactorAnalysis]]):
    """Those of a portfolio, the newest first."""

    portfolio_id: str


async def read_factor_analysis(query: ReadFactorAnalysis, context: Context) -> FactorAnalysis:
    """Read it.

    Raises:
        NotFound: there is none.
    """
    found = await context.factor_analyses.factor_analysis(query.analysis_id)
    if found is None:
        raise NotFound(f"there is no factor analysis {query.analysis_id[:100]!r}.")
    return found


async def list_factor_analyses(query: ListFactorAnalyses, context: Context) -> Sequence[FactorAnalysis]:
    """The newest of them.

    Raises:
        NotFound: nothing is held under the portfolio's id.
    """
    if await context.portfolios.portfolio(query.portfolio_id) is None:
        raise NotFound(f"there are no holdings of portfolio {query.portfolio_id[:100]!r}; import them first.")
    return await context.factor_analyses.factor_analyses(query.portfolio_id, MOST_LISTED)


async def analyze_factors(command: AnalyzeFactors, context: Context) -> FactorAnalysis:
    """Analyze and keep.

    Raises:
        NotFound: the portfolio's holdings or prices are not there.
        InvalidInput: factors that are not known, or that do not line up with the returns.
        TooExpensive: it is above the ceiling of what this service takes on.
        TooHeavy: it would take too long to be waited for.
    """
    portfolio, prices = await holdings_and_prices(command.portfolio_id, context)
    if prices is None or portfolio is None:
        what = "prices" if prices is None else "holdings"
        raise NotFound(f"there are no {what} of portfolio {command.portfolio_id[:100]!r}; import them first.")
    references = [each.source for each in (portfolio, prices) if each.source is not None]
    benchmark = await _benchmark(command, context, references)
    stated = await _stated(command, context, references)
    context.ceilings.refuse_to_wait(_cost(command, portfolio, prices, stated), REMEDY)
    analysis = await asyncio.to_thread(_analyzed, command, context, portfolio, prices, stated, benchmark)
    analysis = replace(analysis, references=tuple(sorted(set(references))))

    async def work(unit: UnitOfWork) -> None:
        await claim(unit, command.key, analysis.analysis_id, analysis.created_at)
        await unit.factor_analyses.add(analysis)
        await unit.events.add(completed(analysis, context.ids))

    await context.units.keep(work)
    context.activity.signal()
    return analysis


def _cost(command: AnalyzeFactors, portfolio: Portfolio, prices: PriceHistory, stated: Stated) -> Cost:
    """Of what is held, over the whole history: which part of it the factors cover is not known yet."""
    first, last = command.start or date.min, command.end or date.max
    periods = sum(first <= day <= last for day in prices.dates)
    columns = stated.names if isinstance(stated, FactorHistory) else stated or ()
    return Cost.of_analysis(len(portfolio.holdings), periods, len(columns))


async def analysis_again(subject: str, context: Context) -> FactorAnalysis:
    """The analysis that a key stands for."""
    return await read_factor_analysis(ReadFactorAnalysis(subject), context)


Stated = FactorHistory | Mapping[str, Sequence[float]] | None
"""Factors with dates, factors that have as many returns as the portfolio, or none: statistical ones."""


async def _benchmark(command: AnalyzeFactors, context: Context, references: list[str]) -> Mapping[str, float] | None:
    if command.benchmark is None:
        return await context.records.benchmark(command.portfolio_id)
    given: object = command.benchmark
    if set(command.benchmark) == {REFERENCE}:
        given = await _entry(command.benchmark[REFERENCE], Shelf.MODELS, ("benchmark", REFERENCE), context, references)
    return _by_name(Shelf.MODELS, given, ("benchmark",))


async def _stated(command: AnalyzeFactors, context: Context, references: list[str]) -> Stated:
    factors = command.factors
    if isinstance(factors, str) and factors.lower() == STATISTICAL:
        return None
    if isinstance(factors, Mapping):
        return await _own(factors, command, context, references)
    names = [factors] if isinstance(factors, str) else list(factors)
    return await _published(columns_by_set(names, FACTORS), context, references)


async def _own(
    factors: Mapping[str, object], command: AnalyzeFactors, context: Context, references: list[str]
) -> Stated:
    content: object = factors
    if set(factors) == {REFERENCE}:
        content = await _entry(factors[REFERENCE], Shelf.FACTORS, (*FACTORS, REFERENCE), context, references)
    if is_dated(content):
        return history_of(content, FACTORS)
    columns = _by_name(Shelf.FACTORS, content, FACTORS)
    if not columns:
        raise InvalidInput.at(FACTORS, "is empty; give at least one factor.", "empty")
    if command.dates is None:
        return columns
    dates = dates_of(command.dates, ("dates",))
    wrong = [name for name, column in columns.items() if len(column) != len(dates)]
    if wrong:
        detail = f"has {len(columns[wrong[0]])} returns for {len(dates)} dates; give one for each."
        raise InvalidInput.at((*FACTORS, wrong[0]), detail, "length")
    values = np.column_stack([np.array(column) for column in columns.values()])
    return FactorHistory(tuple(columns), dates, values, command.frequency or frequency_of(dates))


async def _published(columns: Mapping[str, Sequence[str]], context: Context, references: list[str]) -> FactorHistory:
    """The columns asked for, over the periods that all of their sets have."""
    parts = []
    for name, wanted in columns.items():
        history = await _set(name, context, references)
        absent = [factor for factor in wanted if factor not in history.names]
        if absent:
            detail = f"/api/v1/factors/{name} has no column {absent[0]!r}; {hint(absent[0], history.names)}"
            raise InvalidInput.at(FACTORS, detail, "missing")
        places = [history.names.index(factor) for factor in wanted]
        parts.append(replace(history, names=tuple(wanted), values=history.values[:, places]))
    first, *others = parts
    for other in others:
        first = _beside(first, other)
    return first


def _beside(one: FactorHistory, other: FactorHistory) -> FactorHistory:
    if one.frequency != other.frequency:
        detail = f"are {one.frequency} and {other.frequency}; import both with one frequency."
        raise InvalidInput.at(FACTORS, detail, "frequency")
    dates = tuple(day for day in one.dates if other.covers(day))
    left, right = one.on(dates), other.on(dates)
    return replace(left, names=left.names + right.names, values=np.hstack([left.values, right.values]))


async def _set(name: str, context: Context, references: list[str]) -> FactorHistory:
    """What was imported under the set's name, or else what comes with the product."""
    entry = await context.library.entry(Address(Shelf.FACTORS, name))
    if entry is not None and is_dated(entry.content):
        references.append(str(entry.address))
        return history_of(entry.content, FACTORS)
    published = await asyncio.to_thread(context.published_factors.published, name)
    if published is None:
        detail = (
            f"{name!r} does not come with this service; download {WHERE[name]} from Kenneth French's data library and "
            f"run: tangency import factors FILE --id {name}"
        )
        raise InvalidInput.at(FACTORS, detail, "missing")
    return published


async def _entry(reference: object, shelf: Shelf, path: Path, context: Context, references: list[str]) -> object:
    address = Address.of(reference, path)
    if address.shelf is not shelf:
        raise InvalidInput.at(path, f"{address} is on another shelf; give /api/v1/{shelf}/ID.", "reference")
    entry = await context.library.entry(address)
    if entry is None:
        raise InvalidInput([Fault(path, str(missing(address)), "reference")])
    references.append(str(entry.address))
    return entry.content


def _by_name(shelf: Shelf, content: object, path: Path) -> Mapping[str, Any]:
    """Content as the shelf wants it, with mistakes where they stand in the request."""
    try:
        found = checked(shelf, "stated", content)
    except InvalidInput as error:
        raise InvalidInput([replace(fault, path=(*path, *fault.path)) for fault in error.faults]) from None
    return cast(Mapping[str, Any], found)  # both shelves hold objects


def _analyzed(
    command: AnalyzeFactors,
    context: Context,
    portfolio: Portfolio,
    prices: PriceHistory,
    stated: Stated,
    benchmark: Mapping[str, float] | None,
) -> FactorAnalysis:
    frequency = _frequency(command, prices, stated)
    sample, names = _sample(command, portfolio, prices, stated, benchmark, frequency)
    findings = explain(sample, command.errors, command.lag)
    return FactorAnalysis(
        analysis_id=token(PREFIX, context.ids.new()),
        portfolio_id=command.portfolio_id,
        created_at=context.clock.now(),
        as_of=datetime.combine(prices.dates[-1], time(), UTC),
        factors=names,
        source=_source(command.factors),
        errors=command.errors,
        frequency=frequency,
        references=(),
        findings=findings,
    )


def _source(factors: str | Sequence[str] | Mapping[str, object]) -> tuple[str, ...]:
    if isinstance(factors, str):
        return (factors.lower(),)
    return ("custom",) if isinstance(factors, Mapping) else tuple(factors)


def _frequency(command: AnalyzeFactors, prices: PriceHistory, stated: Stated) -> Frequency:
    own = stated.frequency if isinstance(stated, FactorHistory) else None
    if own is not None and command.frequency not in (None, own):
        detail = f"is {command.frequency}, and the factors are {own}; leave it out, or import {command.frequency} ones."
        raise InvalidInput.at(("frequency",), detail, "frequency")
    return own or command.frequency or frequency_of(prices.dates)


def _sample(
    command: AnalyzeFactors,
    portfolio: Portfolio,
    prices: PriceHistory,
    stated: Stated,
    benchmark: Mapping[str, float] | None,
    frequency: Frequency,
) -> tuple[FactorSample, tuple[str, ...]]:
    held = portfolio.weights(prices.latest())
    names = _names(held, benchmark or {}, prices)
    panel = _within(command, period_returns(prices, [prices.names.index(name) for name in names], frequency))
    history = _aligned(stated, panel, frequency)
    usable = np.isfinite(panel.values).all(axis=1)
    if history is not None:
        usable &= np.array([history.covers(day) for day in panel.dates], dtype=bool)
    rows = np.flatnonzero(usable).tolist()
    if not rows:
        detail = "and the portfolio's returns have no period in common; widen the window, or take others."
        raise InvalidInput.at(FACTORS, detail, "too_few_rows")
    dates = tuple(panel.dates[row] for row in rows)
    history = None if history is None else history.on(dates)
    free = _risk_free(command, history, PERIODS_PER_YEAR[frequency], len(rows))
    excess = panel.values[rows] - free[:, None]
    if history is None:
        factor_names, factors = principal_components(excess, command.count, ("count",))
    else:
        own = isinstance(command.factors, Mapping) and not command.zero_investment
        factor_names, factors = history.names, history.values - free[:, None] if own else history.values
    sample = FactorSample(
        names,
        dates,
        excess,
        factor_names,
        factors,
        PERIODS_PER_YEAR[frequency],
        np.array([held.get(name, 0.0) for name in names]),
        None if benchmark is None else np.array([benchmark.get(name, 0.0) for name in names]),
    )
    return sample, factor_names


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
