"""Functions of other adapters, imported only when called: whoever does not draw a report does not load plotly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tangency.adapters.clock import SystemClock
from tangency.adapters.sql import Store

if TYPE_CHECKING:
    from tangency.adapters.files.benchmark import BenchmarkFile
    from tangency.adapters.files.holdings import HoldingsFile
    from tangency.adapters.files.labels import LabelsFile
    from tangency.adapters.files.prices import PricesFile
    from tangency.adapters.files.risk_model import RiskModelFile
    from tangency.adapters.files.tax_lots import TaxLotsFile
    from tangency.adapters.report.findings import Findings
    from tangency.adapters.report.frontier import Frontier
    from tangency.adapters.settings import Settings
    from tangency.adapters.upstream.checking import Checked
    from tangency.domain.factors.history import FactorHistory


def read_prices(path: Path) -> PricesFile:
    """See :func:`tangency.adapters.files.prices.read_prices`."""
    from tangency.adapters.files import prices

    return prices.read_prices(path)


def read_holdings(path: Path, portfolio_id: str) -> HoldingsFile:
    """See :func:`tangency.adapters.files.holdings.read_holdings`."""
    from tangency.adapters.files import holdings

    return holdings.read_holdings(path, portfolio_id)


def read_tax_lots(path: Path) -> TaxLotsFile:
    """See :func:`tangency.adapters.files.tax_lots.read_tax_lots`."""
    from tangency.adapters.files import tax_lots

    return tax_lots.read_tax_lots(path)


def read_risk_model(path: Path) -> RiskModelFile:
    """See :func:`tangency.adapters.files.risk_model.read_risk_model`."""
    from tangency.adapters.files import risk_model

    return risk_model.read_risk_model(path)


def read_benchmark(path: Path) -> BenchmarkFile:
    """See :func:`tangency.adapters.files.benchmark.read_benchmark`."""
    from tangency.adapters.files import benchmark

    return benchmark.read_benchmark(path)


def read_labels(path: Path) -> LabelsFile:
    """See :func:`tangency.adapters.files.labels.read_labels`."""
    from tangency.adapters.files import labels

    return labels.read_labels(path)


def read_factors(path: Path) -> FactorHistory:
    """See :func:`tangency.adapters.files.factors.read_factors`."""
    from tangency.adapters.files import factors

    return factors.read_factors(path)


def read_document(path: Path, content: bytes) -> object:
    """See :func:`tangency.adapters.files.documents.read_document`."""
    from tangency.adapters.files import documents

    return documents.read_document(path, content)


def report_page(findings: Findings, curve: Frontier | None, title: str, note: str = "") -> str:
    """See :func:`tangency.adapters.report.page.report_page`."""
    from tangency.adapters.report import page

    return page.report_page(findings, curve, title, note)


async def check_neighbours(settings: Settings, portfolio_id: str, names: Sequence[str]) -> Sequence[Checked]:
    """See :func:`tangency.adapters.upstream.checking.checked`."""
    from tangency.adapters.upstream import checking

    return await checking.checked(settings, SystemClock(), portfolio_id, names)


async def rebuild(settings: Settings) -> dict[str, int]:
    """See :func:`tangency.adapters.sql.upkeep.rebuild`."""
    from tangency.adapters.sql import upkeep

    return await upkeep.rebuild(settings)


async def check_database(settings: Settings) -> dict[str, int]:
    """See :func:`tangency.adapters.sql.upkeep.check`."""
    from tangency.adapters.sql import upkeep

    return await upkeep.check(settings)


async def check_store(settings: Settings) -> None:
    """Open the database and close it again, the embedded one migrated.

    Raises:
        DatabaseNotMigrated: another database is at an older revision.
        StoreUnavailable: it cannot be reached.
    """
    async with Store.open(settings, SystemClock().now):
        pass


def set_up_broker(settings: Settings, retention_days: int) -> Iterator[str]:
    """See :func:`tangency.adapters.pulsar.setup.set_up`."""
    from tangency.adapters.pulsar import setup

    return setup.set_up(settings, retention_days)
