"""``tangency factors``: what a portfolio is exposed to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tangency.adapters.cli.terminal import console, json_option, print_json, progress

if TYPE_CHECKING:
    from rich.table import Table

    from tangency.application.factors.command import AnalyzeFactors
    from tangency.domain.factors.analysis import FactorAnalysis


@click.command()
@click.option("--portfolio-id", required=True, metavar="ID", help="The id of the imported prices and holdings.")
@click.option(
    "--factors",
    "names",
    multiple=True,
    metavar="NAME",
    help="fama_french_3, fama_french_5, momentum, statistical, or a factor; may be repeated.  [default: fama_french_3]",
)
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of your own factors: a date column, and a column of returns per factor.",
)
@click.option(
    "--count", default=3, show_default=True, type=click.IntRange(1, 50), help="Number of statistical factors."
)
@click.option(
    "--errors",
    type=click.Choice(["plain", "newey_west"]),
    default="plain",
    show_default=True,
    help="Standard errors of the coefficients.",
)
@click.option(
    "--frequency",
    type=click.Choice(["daily", "monthly"]),
    help="Frequency of the returns, if the factors do not determine it.",
)
@click.option("--benchmark", metavar="MODEL", help="The id of a model portfolio.  [default: the imported benchmark]")
@click.option("--risk-free-rate", type=float, help="Annual.  [default: the rate that comes with the factors]")
@json_option
def factors(portfolio_id: str, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - as click hands them over
    """Explain a portfolio's returns and risk by factors.

    The analysis is stored.
    """
    with progress("Analyzing factors", as_json):
        analysis = asyncio.run(_handled(_command(portfolio_id, **options)))
    if as_json:
        from tangency.adapters.document.factors import analysis_response

        print_json(analysis_response(analysis))
        return
    print_factors(analysis)


def print_factors(analysis: FactorAnalysis) -> None:
    """Exposures, and what they contribute, as a table."""
    found = analysis.findings
    span = f"{found.window.start} to {found.window.end}, {found.periods} {analysis.frequency} returns"
    fit = "" if found.portfolio.r_squared is None else f", R2 {found.portfolio.r_squared:.3f}"
    click.echo(f"Factors of portfolio {analysis.portfolio_id!r}: {span}{fit}")
    console().print(_table(analysis))


def _table(analysis: FactorAnalysis) -> Table:
    from tangency.adapters.cli.tables import NONE, table

    found = analysis.findings
    made = table("Factor", "Exposure", "t", "Active", "Risk", "Share", "Return", numbers=range(1, 7))
    rows = {each.factor: each for each in found.exposures}
    for part in found.attribution:
        row = rows.get(part.factor)
        share = NONE if part.percent_contribution is None else f"{part.percent_contribution:.1%}"
        figures = (NONE, NONE, NONE)
        if row is not None:
            figures = (_figure(row.exposure), _figure(row.t_statistic), _figure(row.active_exposure))
        made.add_row(part.factor, *figures, f"{part.contribution:.2%}", share, f"{part.return_contribution:.2%}")
    made.add_section()
    total = found.portfolio
    made.add_row("Total", "", "", "", f"{total.volatility:.2%}", "", f"{total.excess_return:.2%}")
    return made


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _command(
    portfolio_id: str,
    names: tuple[str, ...],
    file: Path | None,
    benchmark: str | None,
    **options: Any,  # noqa: ANN401
) -> AnalyzeFactors:
    from tangency.adapters import container
    from tangency.application.factors.command import AnalyzeFactors
    from tangency.domain.factors.document import content_of

    if file is not None and names:
        raise click.UsageError("--file and --factors exclude each other; give one.")
    chosen: Any = names[0] if len(names) == 1 else list(names) or "fama_french_3"
    stated = chosen if file is None else content_of(container.read_factors(file))
    reference = None if benchmark is None else {"$ref": f"/api/v1/models/{benchmark}"}
    return AnalyzeFactors(portfolio_id, stated, benchmark=reference, **options)


async def _handled(command: AnalyzeFactors) -> FactorAnalysis:
    from tangency.adapters import container
    from tangency.adapters.settings import Settings

    async with container.keeping(Settings.load()) as service:
        return await service.handle(command)
