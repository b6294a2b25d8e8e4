"""``tangency demo``: the main job on the sample portfolio."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tangency.adapters.cli.factors import print_factors
from tangency.adapters.cli.optimizing import (
    frontier_of,
    optimized,
    passing_service,
    print_answer,
    print_findings,
    write_report,
)
from tangency.adapters.cli.rebalance import print_plan
from tangency.adapters.cli.terminal import json_option, progress

if TYPE_CHECKING:
    from tangency.adapters.container import Findings, Frontier
    from tangency.application.question import Question
    from tangency.application.rebalancing.command import MakePlan
    from tangency.application.service import Service
    from tangency.domain.factors.analysis import FactorAnalysis
    from tangency.domain.rebalancing.plan import RebalancePlan

PORTFOLIO = "sample"
TITLE = "Sample portfolio"
MOST_TRADES = 6
COST = 0.001
REPORT = Path("tangency-report.html")
NOTE = (
    "Sample data: daily adjusted closes of 20 large US stocks, 1990 to 2022, and invented holdings in them. The names "
    "were chosen with hindsight, so means estimated from these prices are too good to be true. Not investment advice."
)


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What is asked of the sample portfolio."""

    objective: str
    method: str
    max_weight: float
    sector_limits: tuple[tuple[str, float], ...]
    turnover_limit: float
    risk_free_rate: float
    target_return: float | None


def _sector_limit(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> object:
    limits = []
    for value in values:
        sector, _, limit = value.rpartition("=")
        try:
            limits.append((sector.strip(), float(limit)))
        except ValueError:
            raise click.BadParameter(f"{value!r} is not a SECTOR=LIMIT; write for instance technology=0.25.") from None
    return tuple(limits)


@click.command()
@click.option("--objective", default="MAX_SHARPE", show_default=True, help="The objective.")
@click.option("--method", default="MEAN_VARIANCE", show_default=True, help="The method; see `tangency methods`.")
@click.option("--max-weight", default=0.12, show_default=True, help="Largest weight of any name.")
@click.option(
    "--sector-limit",
    "sector_limits",
    multiple=True,
    default=("technology=0.25",),
    show_default=True,
    metavar="SECTOR=LIMIT",
    callback=_sector_limit,
    help="Largest net weight of a sector; may be repeated.",
)
@click.option("--turnover-limit", default=0.3, show_default=True, help="Largest one-way turnover.")
@click.option("--risk-free-rate", default=0.02, show_default=True, help="Annual risk-free rate.")
@click.option("--target-return", type=float, help="Smallest expected annual return.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"Where the report is written.  [default: {REPORT}; with --json, nowhere]",
)
@click.option("--no-report", is_flag=True, help="Write no report.")
@json_option
def demo(output: Path | None, no_report: bool, as_json: bool, **options: object) -> None:
    """Optimize the sample portfolio and prove the answer.

    Twenty large US stocks on daily prices from 1990 to 2022, in a temporary database. Your own data are
    neither read nor changed.
    """
    path = None if no_report or (as_json and output is None) else output or REPORT
    shown = asyncio.run(_run(DemoOptions(**options), path is not None, as_json))  # type: ignore[arg-type]
    findings = shown.findings
    if path is not None:
        write_report(path, findings, shown.curve, TITLE, NOTE)
    if as_json:
        print_answer(findings)
        return
    click.echo(f"{TITLE}: {len(findings.problem.universe)} names, {findings.problem.objective.name}")
    for constraint in findings.problem.constraints:
        click.echo(f"  {constraint.sentence()}")
    print_findings(findings)
    click.echo(f"\nThe best {MOST_TRADES} trades toward it, at {COST:.1%} each:")
    print_plan(shown.plan)
    click.echo()
    print_factors(shown.factors)
    if path is not None:
        click.echo(f"\nReport: {path.resolve()}")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the demo has to show; a curve only where there is a report."""

    findings: Findings
    plan: RebalancePlan
    factors: FactorAnalysis
    curve: Frontier | None


async def _run(options: DemoOptions, with_frontier: bool, quiet: bool) -> Shown:
    from tangency.adapters.settings import Settings
    from tangency.application.factors.command import AnalyzeFactors

    with progress("Optimizing the sample portfolio", quiet) as step:
        async with passing_service(Settings.load()) as service:
            await import_sample(service)
            findings = await optimized(service, _question(options))
            factors = await service.handle(AnalyzeFactors(PORTFOLIO, "fama_french_3"))
            plan = await service.handle(_few_trades(findings))
            return Shown(findings, plan, factors, await frontier_of(service, findings, step) if with_frontier else None)


def _few_trades(findings: Findings) -> MakePlan:
    """Toward the answer, as near to it as a few trades lead."""
    from tangency.application.question import Question
    from tangency.application.rebalancing.command import MakePlan, TradeRules
    from tangency.domain.market.universe import CASH
    from tangency.domain.rebalancing.plan import TargetType

    weights = {name: max(weight, 0.0) for name, weight in findings.solution.weights_by_name.items()}
    target = {**weights, CASH: max(1.0 - sum(weights.values()), 0.0)}
    question = Question(PORTFOLIO, "MIN_VOLATILITY", "rebalancing")
    rules = TradeRules(max_trades=MOST_TRADES)
    return MakePlan(question, TargetType.CUSTOM, rules, target_allocation=target, cost_rate=COST)


async def import_sample(service: Service) -> None:
    """Keep the sample's prices and holdings under ``sample``."""
    from tangency.adapters import container
    from tangency.application.portfolio import ImportHoldings, ImportPrices
    from tangency.sample import holdings_path, prices_path

    await service.handle(ImportPrices(PORTFOLIO, container.read_prices(prices_path()).history))
    await service.handle(ImportHoldings(container.read_holdings(holdings_path(), PORTFOLIO).portfolio))


def _question(options: DemoOptions) -> Question:
    from tangency.application.question import Limits, Question, RiskParameters

    limits = Limits(
        max_weight=options.max_weight, sector_limits=dict(options.sector_limits), turnover_limit=options.turnover_limit
    )
    risk = RiskParameters(risk_free_rate=options.risk_free_rate, target_return=options.target_return)
    return Question(PORTFOLIO, options.objective, options.method, limits=limits, risk=risk)
