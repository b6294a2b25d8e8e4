"""The composition root: the one place that knows which adapter serves which port, and where doors meet the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tangency.adapters.container.composition import Container, keeping, plugins, running
from tangency.adapters.container.deferred import (
    check_database,
    check_neighbours,
    check_store,
    read_benchmark,
    read_document,
    read_factors,
    read_holdings,
    read_labels,
    read_prices,
    read_risk_model,
    read_tax_lots,
    rebuild,
    report_page,
    set_up_broker,
)
from tangency.adapters.container.serving import serve, serving
from tangency.adapters.report.findings import Figures, Findings, findings_of
from tangency.adapters.report.frontier import Frontier, trace
from tangency.adapters.sql.revisions import current, upgrade
from tangency.application.duties import Duties, Role
from tangency.domain.optimization.queue import Queue

if TYPE_CHECKING:
    from tangency.adapters.files.benchmark import BenchmarkFile
    from tangency.adapters.files.holdings import HoldingsFile
    from tangency.adapters.files.labels import LabelsFile
    from tangency.adapters.files.prices import PricesFile
    from tangency.adapters.files.risk_model import RiskModelFile
    from tangency.adapters.files.tax_lots import TaxLotsFile
    from tangency.adapters.upstream.checking import Checked

__all__ = [
    "BenchmarkFile",
    "Checked",
    "Container",
    "Duties",
    "Figures",
    "Findings",
    "Frontier",
    "HoldingsFile",
    "LabelsFile",
    "PricesFile",
    "Queue",
    "RiskModelFile",
    "Role",
    "TaxLotsFile",
    "check_database",
    "check_neighbours",
    "check_store",
    "current",
    "findings_of",
    "keeping",
    "plugins",
    "read_benchmark",
    "read_document",
    "read_factors",
    "read_holdings",
    "read_labels",
    "read_prices",
    "read_risk_model",
    "read_tax_lots",
    "rebuild",
    "report_page",
    "running",
    "serve",
    "serving",
    "set_up_broker",
    "trace",
    "upgrade",
]
