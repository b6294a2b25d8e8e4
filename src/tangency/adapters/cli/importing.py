"""``tangency import``: prices, holdings and what belongs to them, so that a request may leave them out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tangency.adapters.cli.terminal import json_option, portfolio_option, print_json, progress

if TYPE_CHECKING:
    from tangency.adapters.container import HoldingsFile, PricesFile, TaxLotsFile
    from tangency.application.message import Message

FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group("import")
def importing() -> None:
    """Import prices, holdings and other data of a portfolio."""


@importing.command("prices")
@FILE
@portfolio_option
@json_option
def import_prices(file: Path, portfolio_id: str, as_json: bool) -> None:
    """Import prices, replacing those of an earlier import.

    FILE is CSV or Parquet. Wide: a date column and one column per name. Long: a row per date and name, with columns
    date, name (or symbol, ticker) and price (or close, adj_close). Prices are adjusted for splits and dividends; an
    empty cell is a gap.
    """
    from tangency.adapters import container
    from tangency.application.portfolio import ImportPrices

    with progress(f"Importing {file.name}", as_json):
        read = container.read_prices(file)
        asyncio.run(_keep(ImportPrices(portfolio_id, read.history)))
    _print(_of_prices(portfolio_id, read), read.ignored, as_json)


@importing.command("holdings")
@FILE
@portfolio_option
@json_option
def import_holdings(file: Path, portfolio_id: str, as_json: bool) -> None:
    """Import holdings, replacing those of an earlier import.

    FILE is CSV or Parquet with columns name, quantity and, where known, sector and asset_class. The quantity of the
    row CASH is an amount in the currency of the prices. A weight is quantity times last price, over the total with
    cash.
    """
    from tangency.adapters import container
    from tangency.application.portfolio import ImportHoldings

    with progress(f"Importing {file.name}", as_json):
        read = container.read_holdings(file, portfolio_id)
        asyncio.run(_keep(ImportHoldings(read.portfolio)))
    _print(_of_holdings(read), read.ignored, as_json)


@importing.command("lots")
@FILE
@portfolio_option
@json_option
def import_lots(file: Path, portfolio_id: str, as_json: bool) -> None:
    """Import tax lots, replacing those of an earlier import.

    FILE is CSV or Parquet with columns name, quantity (the units left), cost (of a unit), date (of the purchase) and,
    where the lots have ids, lot_id. They are used by rebalance plans that take taxes into account and state no lots.
    """
    from tangency.adapters import container
    from tangency.application.portfolio import ImportTaxLots

    with progress(f"Importing {file.name}", as_json):
        read = container.read_tax_lots(file)
        asyncio.run(_keep(ImportTaxLots(portfolio_id, read.lots)))
    _print(_of_lots(portfolio_id, read), read.ignored, as_json)


@importing.command("benchmark")
@FILE
@portfolio_option
@json_option
def import_benchmark(file: Path, portfolio_id: str, as_json: bool) -> None:
    """Import a benchmark, replacing that of an earlier import.

    FILE is CSV or Parquet with columns name and weight; the weights, CASH among them, sum to 1. They are the target of
    rebalancing to the benchmark, and what factor analyses compare with.
    """
    from tangency.adapters import container
    from tangency.application.portfolio import ImportBenchmark

    with progress(f"Importing {file.name}", as_json):
        read = container.read_benchmark(file)
        asyncio.run(_keep(ImportBenchmark(portfolio_id, read.weights)))
    _print({"portfolio_id": portfolio_id, "names": len(read.weights)}, read.ignored, as_json)


@importing.command("labels")
@FILE
@portfolio_option
@json_option
def import_labels(file: Path, portfolio_id: str, as_json: bool) -> None:
    """Import sectors and asset classes, replacing those of an earlier import.

    FILE is CSV or Parquet with columns name, and sector or asset_class or both. They take precedence over labels in the
    file of holdings, and remain when holdings are imported again.
    """
    from tangency.adapters import container
    from tangency.application.portfolio import ImportLabels

    with progress(f"Importing {file.name}", as_json):
        read = container.read_labels(file)
        asyncio.run(_keep(ImportLabels(portfolio_id, read.labels)))
    labels = read.labels.values()
    counts = {
        "names": len(labels),
        "sectors": len({label.sector for label in labels if label.sector}),
        "asset_classes": len({label.asset_class for label in labels if label.asset_class}),
    }
    _print({"portfolio_id": portfolio_id, **counts}, read.ignored, as_json)


@importing.command("risk-model")
@FILE
@portfolio_option
@json_option
def import_risk_model(file: Path, portfolio_id: str, as_json: bool) -> None:
    """Import covariances, replacing those of an earlier import.

    FILE is CSV or Parquet with a column name and a column for every name: annual covariances. They are used where
    a request about the portfolio states neither a covariance nor an estimator of it.
    """
    from tangency.adapters import container
    from tangency.application.portfolio import ImportRiskModel

    with progress(f"Importing {file.name}", as_json):
        read = container.read_risk_model(file)
        asyncio.run(_keep(ImportRiskModel(portfolio_id, read.model)))
    _print({"portfolio_id": portfolio_id, "names": len(read.model.names)}, read.ignored, as_json)


@importing.command("factors")
@FILE
@click.option("--id", "identity", required=True, metavar="ID", help="The id of the factors for factor analyses.")
@json_option
def import_factors(file: Path, identity: str, as_json: bool) -> None:
    """Import factor returns as a new version of /api/v1/factors/ID.

    FILE is one of French's CSV files as it is downloaded, or CSV or Parquet with a date column and a column of
    fractions per factor; a column RF is the risk-free rate. Under the ids fama_french_3, fama_french_5 and momentum
    they are used by every analysis that asks for these.
    """
    from tangency.adapters import container
    from tangency.application.library import WriteEntry
    from tangency.domain.factors.document import content_of
    from tangency.domain.library.entry import Shelf

    with progress(f"Importing {file.name}", as_json):
        history = container.read_factors(file)
        asyncio.run(_keep(WriteEntry(Shelf.FACTORS, identity, content_of(history))))
    kept = {
        "id": identity,
        "factors": list(history.names),
        "frequency": history.frequency,
        "periods": len(history.dates),
        "first_date": history.dates[0],
        "last_date": history.dates[-1],
    }
    if as_json:
        print_json(kept)
        return
    click.echo(f"Imported as /api/v1/factors/{identity}: {', '.join(history.names)}")
    click.echo(f"  {history.frequency}, {len(history.dates):,} periods, {history.dates[0]} to {history.dates[-1]}")


async def _keep(command: Message[Any]) -> None:
    from tangency.adapters import container
    from tangency.adapters.settings import Settings

    async with container.keeping(Settings.load()) as service:
        await service.handle(command)


def _of_prices(portfolio_id: str, read: PricesFile) -> dict[str, Any]:
    import numpy as np

    history = read.history
    return {
        "portfolio_id": portfolio_id,
        "names": len(history.names),
        "dates": len(history.dates),
        "first_date": history.dates[0],
        "last_date": history.dates[-1],
        "gaps": int(np.isnan(history.values).sum()),
    }


def _of_holdings(read: HoldingsFile) -> dict[str, Any]:
    portfolio = read.portfolio
    sectors = {holding.sector for holding in portfolio.holdings if holding.sector}
    return {
        "portfolio_id": portfolio.id,
        "names": len(portfolio.holdings),
        "sectors": len(sectors),
        "cash": portfolio.cash,
    }


def _of_lots(portfolio_id: str, read: TaxLotsFile) -> dict[str, Any]:
    days = [lot.bought for lot in read.lots]
    return {
        "portfolio_id": portfolio_id,
        "lots": len(read.lots),
        "names": len({lot.instrument_id for lot in read.lots}),
        "first_date": min(days),
        "last_date": max(days),
    }


def _print(kept: dict[str, Any], ignored: Sequence[str], as_json: bool) -> None:
    if as_json:
        print_json({**kept, "ignored_columns": ignored})
        return
    click.echo(f"Imported for portfolio {kept.pop('portfolio_id')!r}:")
    for name, value in kept.items():
        shown = f"{value:,}" if isinstance(value, int | float) else value
        click.echo(f"  {name.replace('_', ' ')}: {shown}")
    if ignored:
        click.echo(f"Columns that were not read: {', '.join(ignored)}", err=True)
