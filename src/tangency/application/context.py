"""What handlers work with: the ports, and the limits that an operator set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tangency.domain.clock import Clock, IdGenerator
from tangency.domain.library.ports import Library
from tangency.domain.optimization.plugins import Plugins
from tangency.domain.optimization.repository import LatestAnswers
from tangency.domain.optimization.solver_pool import SolverPool
from tangency.domain.portfolio.ports import MarketData, PortfolioSource
from tangency.domain.unit_of_work import UnitsOfWork


class Catalogue(Protocol):
    """What is installed, described as plain values."""

    def describe(self) -> Sequence[Mapping[str, Any]]:
        """Every method: name, distribution, version, citation, capabilities, options, error."""

    def describe_estimators(self) -> Sequence[Mapping[str, Any]]:
        """Every estimator: the same without capabilities."""


class Checked(Protocol):
    """Something outside that may be gone."""

    async def check(self) -> None:
        """Nothing, where it is there.

        Raises:
            StoreUnavailable: it is not.
        """


@dataclass(frozen=True, slots=True)
class Context:
    """The ports that handlers use.

    Attributes:
        deadline_s: seconds that a solve may take, its wait for a free solver included.
        names_limit: most names in one problem.
        side_by_side: problems of one batch that are in the solvers at the same time.
    """

    clock: Clock
    ids: IdGenerator
    plugins: Plugins
    solvers: SolverPool
    units: UnitsOfWork
    latest: LatestAnswers
    portfolios: PortfolioSource
    market_data: MarketData
    library: Library
    catalogue: Catalogue
    store: Checked
    deadline_s: float = 30.0
    names_limit: int = 2_000
    side_by_side: int = 2
