"""``tangency rebalance``: the trades that lead to a target."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from tangency.adapters.cli.terminal import json_option, portfolio_option, print_json, progress

if TYPE_CHECKING:
    from tangency.domain.rebalancing.plan import RebalancePlan

LOT_RULES = ("min_tax", "fifo", "lifo", "hifo")
TARGETS = ("optimal", "custom", "equal_weight", "model", "benchmark")


@click.command()
@portfolio_option
@click.option("--target-type", type=click.Choice(TARGETS), default="optimal", show_default=True, help="The target.")
@click.option(
    "--weight",
    "weights",
    multiple=True,
    type=(str, float),
    metavar="NAME WEIGHT",
    help="Weight of an asset in a custom target; may be repeated. Weights, including CASH, sum to 1.",
)
@click.option("--model-id", metavar="ID", help="A portfolio stored at /api/v1/models, for a model or benchmark target.")
@click.option("--objective", metavar="NAME", help="Objective of an optimal target.  [default: MAX_SHARPE]")
@click.option("--max-turnover", type=float, help="Largest one-way turnover, cash included, as a fraction of the value.")
@click.option("--min-trade-size", type=float, help="Smallest trade, in money.")
@click.option("--max-trades", type=int, help="Largest number of trades.")
@click.option(
    "--cost", "transaction_cost_model", type=float, help="Cost per traded value, for each side; 0.001 is 0.1 percent."
)
@click.option(
    "--tax-rates",
    type=(float, float),
    metavar="SHORT LONG",
    help="Tax rates of short-term and long-term gains. Implies --taxes.",
)
@click.option(
    "--taxes",
    is_flag=True,
    help="Take taxes into account, from the imported lots. Rates: the configuration, else the settings.",
)
@click.option("--lot-rule", type=click.Choice(LOT_RULES), help="Which lots to sell.  [default: min_tax]")
@json_option
def rebalance(
    portfolio_id: str,
    as_json: bool,
    tax_rates: tuple[float, float] | None,
    taxes: bool,
    lot_rule: str | None,
    weights: tuple[tuple[str, float], ...],
    **asked: str | float | None,
) -> None:
    """Plan the trades from the current holdings to a target.

    Prices and holdings must have been imported. The plan is stored; approve or reject it over REST.
    """
    limits = {name: asked.pop(name) for name in ("max_turnover", "min_trade_size", "max_trades")}
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    if weights:
        given["target_allocation"] = dict(weights)
    given["constraints"] = {name: value for name, value in limits.items() if value is not None}
    if taxes or tax_rates is not None:
        given["constraints"]["consider_tax_implications"] = True
        rates = None if tax_rates is None else {"short_term": tax_rates[0], "long_term": tax_rates[1]}
        tax = {"rates": rates, "lot_rule": lot_rule}
        given["tax"] = {name: value for name, value in tax.items() if value is not None}
    with progress("Rebalancing", as_json):
        plan = asyncio.run(_planned(portfolio_id, given))
    if as_json:
        from tangency.adapters.document.rebalancing.plan import document_of

        print_json(document_of(plan))
        return
    print_plan(plan)


async def _planned(portfolio_id: str, asked: dict[str, Any]) -> RebalancePlan:
    from tangency.adapters import container
    from tangency.adapters.document.rebalancing.request import command_of
    from tangency.adapters.settings import Settings

    command = command_of(portfolio_id, asked)
    async with container.running(Settings.load()) as service:
        return await service.handle(command)


def print_plan(plan: RebalancePlan) -> None:
    """Trades in the order of their execution, and what they bring and take."""
    click.echo(f"Plan {plan.id} for portfolio {plan.portfolio_id!r}, valid until {plan.valid_until:%F %H:%M} UTC")
    for trade in plan.trades:
        click.echo(
            f"  {trade.priority:>3}  {trade.action:<4}  {trade.quantity:>14,.4f}  {trade.instrument_id:<10}"
            f"  {trade.estimated_value:>16,.2f}  {100 * trade.weight_change:>+7.2f}%"
        )
    if not plan.trades:
        click.echo("  Nothing to trade.")
    metrics = plan.metrics
    taxes = "" if metrics.tax_implications is None else f", taxes {metrics.tax_implications:,.2f}"
    click.echo(f"Turnover {100 * metrics.turnover:.2f}%, costs {metrics.transaction_costs:,.2f}{taxes}")
    gain = metrics.improvement
    changes = {"return": gain.expected_return, "risk": gain.risk, "sharpe": gain.sharpe}
    told = ", ".join(f"{name} {value:+.4f}" for name, value in changes.items() if value is not None)
    click.echo(f"Improvement: {told}")
