"""Making factor analyses, and reading them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from tangency.application.context import Context
from tangency.application.factors.command import AnalyzeFactors
from tangency.application.factors.returns import Stated, StatedReturns
from tangency.application.factors.sample import frequency_for, sample_of
from tangency.application.idempotency import claim
from tangency.application.message import Message
from tangency.application.portfolio_data import holdings_and_prices
from tangency.domain.errors import NotFound
from tangency.domain.factors.analysis import PREFIX, FactorAnalysis, FactorFindings
from tangency.domain.factors.announcement import completed
from tangency.domain.factors.explaining import explain
from tangency.domain.factors.history import FactorHistory
from tangency.domain.idempotency import Key
from tangency.domain.identity import token
from tangency.domain.optimization.cost import Cost
from tangency.domain.portfolio.portfolio import Portfolio
from tangency.domain.portfolio.prices import PriceHistory
from tangency.domain.unit_of_work import UnitOfWork

MOST_LISTED = 100
"""Analyses of one portfolio in a list, the newest."""
REMEDY = "ask for fewer factors, or for a shorter window by `start` and `end`; no analysis is carried out later."


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
    portfolio, prices = await _imported(command.portfolio_id, context)
    returns = StatedReturns(command, context)
    benchmark, stated = await returns.benchmark(), await returns.factors()
    context.ceilings.refuse_to_wait(_cost(command, portfolio, prices, stated), REMEDY)

    def explained() -> tuple[tuple[str, ...], FactorFindings]:
        sample = sample_of(command, portfolio.weights(prices.latest()), prices, stated, benchmark)
        return sample.factor_names, explain(sample, command.errors, command.lag)

    factors, findings = await asyncio.to_thread(explained)
    sources = {each.source for each in (portfolio, prices) if each.source is not None}
    analysis = FactorAnalysis(
        analysis_id=token(PREFIX, context.ids.new()),
        portfolio_id=command.portfolio_id,
        created_at=context.clock.now(),
        as_of=datetime.combine(prices.dates[-1], time(), UTC),
        factors=factors,
        source=_source(command.factors),
        errors=command.errors,
        frequency=frequency_for(command, prices, stated),
        references=tuple(sorted(sources | returns.references)),
        findings=findings,
    )
    await _keep(analysis, command.key, context)
    return analysis


async def _imported(portfolio_id: str, context: Context) -> tuple[Portfolio, PriceHistory]:
    portfolio, prices = await holdings_and_prices(portfolio_id, context)
    if prices is None or portfolio is None:
        what = "prices" if prices is None else "holdings"
        raise NotFound(f"there are no {what} of portfolio {portfolio_id[:100]!r}; import them first.")
    return portfolio, prices


async def _keep(analysis: FactorAnalysis, key: Key | None, context: Context) -> None:
    async def work(unit: UnitOfWork) -> None:
        await claim(unit, key, analysis.analysis_id, analysis.created_at)
        await unit.factor_analyses.add(analysis)
        await unit.events.add(completed(analysis, context.ids))

    await context.units.keep(work)
    context.activity.signal()


def _cost(command: AnalyzeFactors, portfolio: Portfolio, prices: PriceHistory, stated: Stated) -> Cost:
    """Of what is held, over the whole history: which part of it the factors cover is not known yet."""
    first, last = command.start or date.min, command.end or date.max
    periods = sum(first <= day <= last for day in prices.dates)
    columns = stated.names if isinstance(stated, FactorHistory) else stated or ()
    return Cost.of_analysis(len(portfolio.holdings), periods, len(columns))


async def analysis_again(subject: str, context: Context) -> FactorAnalysis:
    """The analysis that a key stands for."""
    return await read_factor_analysis(ReadFactorAnalysis(subject), context)


def _source(factors: str | Sequence[str] | Mapping[str, object]) -> tuple[str, ...]:
    if isinstance(factors, str):
        return (factors.lower(),)
    return ("custom",) if isinstance(factors, Mapping) else tuple(factors)
