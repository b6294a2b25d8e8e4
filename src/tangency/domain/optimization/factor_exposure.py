"""Limits on a portfolio's exposure to a factor: its weights times the names' loadings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tangency.domain.errors import Fault, Path
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.constraint import Constraint
from tangency.domain.optimization.region import Row


@dataclass(frozen=True)
class _ExposureLimit(Constraint):
    """A limit on an exposure.

    Attributes:
        factor: its name.
        loadings: of the names on it, in the universe's order.
    """

    word: ClassVar[str]
    factor: str = ""
    loadings: tuple[float, ...] = ()

    @property
    def id(self) -> str:
        """For instance ``method_options.target_exposures.MKT.at_least``."""
        return f"method_options.target_exposures.{self.factor}.{self.word}"

    @property
    def path(self) -> Path:
        """Where the request sets it."""
        return ("method_options", "target_exposures", self.factor)

    def faults(self, universe: Universe) -> list[Fault]:
        """Every name has a loading."""
        if len(self.loadings) != len(universe):
            detail = f"has {len(self.loadings)} loadings for {len(universe)} names; give one for each."
            return [Fault(self.path, detail, "shape")]
        return super().faults(universe)


@dataclass(frozen=True)
class ExposureFloor(_ExposureLimit):
    """The exposure may not be below the limit."""

    kind: ClassVar[str] = "exposure_floor"
    sensitivity: ClassVar[float] = -1.0
    word: ClassVar[str] = "at_least"

    def shape(self, universe: Universe, estimates: Estimates) -> Row:
        """-loadings'x <= -limit."""
        return Row(self.id, -np.array(self.loadings), -self.limit)

    def sentence(self) -> str:
        """What it demands."""
        return f"The exposure to {self.factor} is at least {self.limit:.6g}."


@dataclass(frozen=True)
class ExposureCap(_ExposureLimit):
    """The exposure may not be above the limit."""

    kind: ClassVar[str] = "exposure_cap"
    word: ClassVar[str] = "at_most"

    def shape(self, universe: Universe, estimates: Estimates) -> Row:
        """loadings'x <= limit."""
        return Row(self.id, np.array(self.loadings), self.limit)

    def sentence(self) -> str:
        """What it demands."""
        return f"The exposure to {self.factor} is at most {self.limit:.6g}."


@dataclass(frozen=True)
class ExposureTarget(_ExposureLimit):
    """The exposure is the limit. It may not give way: nobody says in which direction."""

    kind: ClassVar[str] = "exposure_target"
    relaxable: ClassVar[bool] = False
    word: ClassVar[str] = "exactly"

    def shape(self, universe: Universe, estimates: Estimates) -> Row:
        """loadings'x == limit."""
        return Row(self.id, np.array(self.loadings), self.limit, equality=True)

    def sentence(self) -> str:
        """What it demands."""
        return f"The exposure to {self.factor} is {self.limit:.6g}."
