"""Limits on aims: a term may not be above a cap, or what adds up over the names not below a floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tangency.domain.errors import Path
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import Constraint
from tangency.domain.optimization.region import RiskCap, Row
from tangency.domain.optimization.robust_terms import Concentration, Deviation
from tangency.domain.optimization.term import Linear, Return, RiskOf, Term
from tangency.domain.optimization.worst_loss import WorstLoss
from tangency.domain.risk.weighing import PricedDistance, SquaredWeights

NOTHING = Linear(())


@dataclass(frozen=True)
class _AimLimit(Constraint):
    """A limit on a term.

    Attributes:
        aim: what is limited, in the user's word.
        place: where the method's options state the limit.
        term: its value for a portfolio.
    """

    aim: str = ""
    place: tuple[str, ...] = ()
    term: Term = NOTHING

    @property
    def id(self) -> str:
        """For instance ``method_options.score_limits.esg.minimum``."""
        return ".".join(self.path_words)

    @property
    def path(self) -> Path:
        """Where the request sets it."""
        return self.path_words

    @property
    def path_words(self) -> tuple[str, ...]:
        """The same, all of it text."""
        return ("method_options", *self.place)


@dataclass(frozen=True)
class AimFloor(_AimLimit):
    """A return or an average score may not be below the limit; of a worst case the term is minus the return."""

    kind: ClassVar[str] = "aim_floor"
    sensitivity: ClassVar[float] = -1.0

    def shape(self, universe: Universe, estimates: Estimates) -> Row | RiskCap:
        """-coefficients'x <= -limit."""
        if not isinstance(self.term, Linear | Return):
            return RiskCap(self.id, WorstLoss.of(self.term, len(universe)), -self.limit)
        return Row(self.id, -_coefficients(self.term, universe, estimates), -self.limit)

    def sentence(self) -> str:
        """What it demands."""
        return f"The {self.aim} is at least {self.limit:.6g}."


@dataclass(frozen=True)
class AimCap(_AimLimit):
    """A risk, a concentration, a turnover or a cost may not be above the limit.

    Attributes:
        constant: what is added to the term before it is compared: the part of a turnover that is cash.
    """

    kind: ClassVar[str] = "aim_cap"
    constant: float = 0.0

    def shape(self, universe: Universe, estimates: Estimates) -> Row | RiskCap:
        """Term(x) + constant <= limit."""
        term, limit = self.term, self.limit - self.constant
        if isinstance(term, RiskOf):
            return RiskCap(self.id, term.measure.of(estimates), limit / term.weight)
        if isinstance(term, Concentration):
            return RiskCap(self.id, SquaredWeights(), limit / term.weight)
        if isinstance(term, Deviation):
            return RiskCap(self.id, PricedDistance(np.array(term.prices), np.array(term.center)), limit)
        if not isinstance(term, Linear | Return):
            return RiskCap(self.id, WorstLoss.of(term, len(universe)), limit)
        return Row(self.id, _coefficients(term, universe, estimates), limit)

    def sentence(self) -> str:
        """What it demands."""
        return f"The {self.aim} is at most {self.limit:.6g}."


def _coefficients(term: Linear | Return, universe: Universe, estimates: Estimates) -> Vector:
    """Of a term that adds up over the names; shape (n,)."""
    return term.minorant(np.zeros(len(universe)), estimates).slope
