"""The smallest weight of a name that is held: small positions cost more to watch than they bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tangency.domain.errors import Fault, Path
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.optimization.constraint import Constraint
from tangency.domain.optimization.region import Semicontinuous


@dataclass(frozen=True)
class MinimumPosition(Constraint):
    """Every name is left out, or weighs no less than the limit, be it long or short.

    Attributes:
        exempt: names that have a smallest weight of their own, which overrides this one.
    """

    kind: ClassVar[str] = "min_position_size"
    sensitivity: ClassVar[float] = -1.0
    exempt: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """Always ``constraints.min_position_size``."""
        return "constraints.min_position_size"

    @property
    def path(self) -> Path:
        """Where the request sets it."""
        return ("constraints", "min_position_size")

    def faults(self, universe: Universe) -> list[Fault]:
        """A position has a size above 0."""
        if not self.limit > 0:
            return [Fault(self.path, f"is {self.limit}; give a number above 0, or leave it out.")]
        return super().faults(universe)

    def shape(self, universe: Universe, estimates: Estimates) -> Semicontinuous:
        """X == 0 or |x| >= limit."""
        return Semicontinuous(self.id, np.where(universe.mask(self.exempt) > 0, 0.0, self.limit))

    def sentence(self) -> str:
        """What it demands."""
        return f"A name that is held weighs at least {self.limit:.6g}, long or short."
