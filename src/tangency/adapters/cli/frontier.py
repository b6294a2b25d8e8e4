"""``tangency frontier``: least risk for each return, for a portfolio that was imported."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from tangency.adapters.cli.terminal import console, json_option, portfolio_option, print_json, progress

if TYPE_CHECKING:
    from tangency.adapters.document.frontier import FrontierPortfolio, FrontierResponse
    from tangency.application.frontier import TraceFrontier
    from tangency.domain.frontier.frontier import EfficientFrontier

NONE = "-"


@click.command()
@portfolio_option
@click.option("--points", type=int, help="Number of portfolios on the frontier.  [default: 20]")
@click.option("--min-return", type=float, help="Annual return at which the frontier starts.")
@click.option("--max-risk", type=float, help="Risk at which the frontier ends.")
@click.option("--risk-measure", metavar="NAME", help="volatility, cvar, mad, ...  [default: volatility]")
@json_option
def frontier(
    portfolio_id: str,
    points: int | None,
    min_return: float | None,
    max_risk: float | None,
    risk_measure: str | None,
    as_json: bool,
) -> None:
    """Trace and store a portfolio's efficient frontier.

    Its prices must have been imported. Every point is proven optimal.
    """
    from tangency.adapters.document.frontier import frontier_asked_by_query, response_of_frontier

    stated = {"points": points, "min_return": min_return, "max_risk": max_risk, "risk_measure": risk_measure}
    query = {name: str(value) for name, value in stated.items() if value is not None}
    command = frontier_asked_by_query(portfolio_id, query)
    with progress("Tracing the frontier", as_json):
        document = response_of_frontier(asyncio.run(_traced(command)))
    if as_json:
        print_json(document)
        return
    print_frontier(document)


def print_frontier(document: FrontierResponse) -> None:
    """The points as a table, and the portfolios that stand out."""
    from tangency.adapters.cli.tables import table

    measure = document.risk_measure
    made = table(
        "Portfolio", "Return", measure.replace("_", " ").capitalize(), "Sharpe", "Proven gap", numbers=range(1, 5)
    )
    for place, point in enumerate(document.efficient_frontier, start=1):
        made.add_row(str(place), *_figures(point))
    made.add_section()
    made.add_row("Optimal", *_figures(document.optimal_portfolio))
    if document.current_portfolio is not None:
        made.add_row("Current", *_figures(document.current_portfolio))
    screen = console()
    screen.print(made)
    screen.print(f"\nKept as {document.frontier_id}.")


def _figures(point: FrontierPortfolio) -> tuple[str, str, str, str]:
    sharpe = NONE if point.sharpe is None else f"{point.sharpe:.3f}"
    gap = NONE if point.relative_gap is None else f"{point.relative_gap:.1g}"
    return f"{point.expected_return:.2%}", f"{point.risk:.2%}", sharpe, gap


async def _traced(command: TraceFrontier) -> EfficientFrontier:
    from tangency.adapters import container
    from tangency.adapters.settings import Settings

    async with container.running(Settings.load()) as service:
        return await service.handle(command)
