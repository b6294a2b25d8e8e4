"""Constraints on a portfolio. Each class has an id, a shape, a sentence, and a unit in which it is relaxed.

A constraint's ``limit`` is the user's own number in the user's own unit; its shape may measure something else (the L1
distance is twice the one-way turnover), and ``sensitivity`` says how the limit of the shape moves with the user's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np

from tangency.domain.errors import Fault, Path, hint
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import LARGEST, Vector
from tangency.domain.optimization.region import Bounds, Distance, RiskCap, Row, Shape
from tangency.domain.risk.measure import VOLATILITY


@dataclass(frozen=True)
class Constraint(ABC):
    """A limit on the weights.

    Attributes:
        limit: the user's number; a fraction of the portfolio's value unless the class says otherwise.
    """

    kind: ClassVar[str]
    capability: ClassVar[str] = ""
    """The kind that a method must support to honour it, if not its own."""
    relaxable: ClassVar[bool] = True
    sensitivity: ClassVar[float] = 1.0
    """Change of the shape's limit per unit change of the user's; negative where a smaller limit is the looser one."""
    needs_mean: ClassVar[bool] = False

    limit: float

    @property
    def parameters(self) -> tuple[str, ...]:
        """The risk parameters that it uses in addition to its limit."""
        return ()

    @property
    @abstractmethod
    def id(self) -> str:
        """Its name in certificates, explanations and errors."""

    @property
    @abstractmethod
    def path(self) -> Path:
        """Where it stands in the request document."""

    @abstractmethod
    def shape(self, universe: Universe, estimates: Estimates) -> Shape:
        """The set of weights that satisfy it, in the order of the universe."""

    @abstractmethod
    def sentence(self) -> str:
        """The requirement in words."""

    def faults(self, universe: Universe) -> list[Fault]:
        """Why it cannot be used with these assets; empty if it can."""
        return [] if abs(self.limit) <= LARGEST else [Fault(self.path, f"is {self.limit}; give a finite number.")]

    def with_limit(self, limit: float) -> Self:
        """The same constraint with another limit."""
        return replace(self, limit=limit)


@dataclass(frozen=True)
class Budget(Constraint):
    """The weights sum to the limit, which is 1: everything is invested."""

    kind: ClassVar[str] = "budget"
    relaxable: ClassVar[bool] = False
    limit: float = 1.0

    @property
    def id(self) -> str:
        """Always ``budget``."""
        return "budget"

    @property
    def path(self) -> Path:
        """The request has no field for it."""
        return ()

    def invested(self, weights: Vector) -> float:
        """What weights of shape (n,) sum to, where they are within it."""
        return self.limit

    def shape(self, universe: Universe, estimates: Estimates) -> Row:
        """1'x == limit."""
        return Row(self.id, np.ones(len(universe)), self.limit, equality=True)

    def sentence(self) -> str:
        """What it demands."""
        return f"The weights sum to {self.limit:g}."


@dataclass(frozen=True)
class LongOnly(Constraint):
    """No name may be sold short, but for those in ``exempt``, whose own minimum weight is negative."""

    kind: ClassVar[str] = "long_only"
    relaxable: ClassVar[bool] = False
    sensitivity: ClassVar[float] = -1.0
    limit: float = 0.0
    exempt: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """Always ``long_only``."""
        return "long_only"

    @property
    def path(self) -> Path:
        """A negative minimum weight lifts it."""
        return ("constraints", "min_weight")

    def shape(self, universe: Universe, estimates: Estimates) -> Bounds:
        """X >= 0."""
        lower = np.where(universe.mask(self.exempt) > 0, -np.inf, self.limit)
        return Bounds(self.id, lower, np.full(len(universe), np.inf))

    def sentence(self) -> str:
        """What it demands."""
        return "No short positions."


@dataclass(frozen=True)
class _WeightBound(Constraint):
    """A bound on the weight of every name, or of one."""

    name: str | None = None
    field_name: ClassVar[str]

    @property
    def id(self) -> str:
        """``constraints.max_weight`` for all names, ``strategies.AAPL.max_weight`` for one."""
        return f"constraints.{self.field_name}" if self.name is None else f"strategies.{self.name}.{self.field_name}"

    @property
    def path(self) -> Path:
        """By asset name; adapters whose documents have a list of strategies translate it to a position."""
        return ("constraints", self.field_name) if self.name is None else ("strategies", self.name, self.field_name)

    def faults(self, universe: Universe) -> list[Fault]:
        """The name must be in the universe."""
        if self.name is not None and self.name not in universe.positions:
            detail = f"{self.name!r} is not a name here; {hint(self.name, universe.names)}"
            return [Fault(self.path, detail, "unknown")]
        return super().faults(universe)

    def _members(self, universe: Universe) -> Vector:
        return np.ones(len(universe)) if self.name is None else universe.mask([self.name], self.path)

    @property
    def _whose(self) -> str:
        return "any name" if self.name is None else self.name


@dataclass(frozen=True)
class MinimumWeight(_WeightBound):
    """No weight (or, with ``name``, not that asset's weight) may be below the limit."""

    kind: ClassVar[str] = "min_weight"
    sensitivity: ClassVar[float] = -1.0
    field_name: ClassVar[str] = "min_weight"

    def shape(self, universe: Universe, estimates: Estimates) -> Bounds:
        """X >= limit."""
        lower = np.where(self._members(universe) > 0, self.limit, -np.inf)
        return Bounds(self.id, lower, np.full(len(universe), np.inf))

    def sentence(self) -> str:
        """What it demands."""
        return f"The weight of {self._whose} is at least {self.limit:.6g}."


@dataclass(frozen=True)
class MaximumWeight(_WeightBound):
    """No weight, or not that of ``name``, may be above the limit."""

    kind: ClassVar[str] = "max_weight"
    field_name: ClassVar[str] = "max_weight"

    def shape(self, universe: Universe, estimates: Estimates) -> Bounds:
        """X <= limit."""
        upper = np.where(self._members(universe) > 0, self.limit, np.inf)
        return Bounds(self.id, np.full(len(universe), -np.inf), upper)

    def sentence(self) -> str:
        """What it demands."""
        return f"The weight of {self._whose} is at most {self.limit:.6g}."


@dataclass(frozen=True)
class SectorLimit(Constraint):
    """The net weight of a sector may not be above the limit."""

    kind: ClassVar[str] = "sector_limits"
    sector: str = ""

    @property
    def id(self) -> str:
        """For instance ``constraints.sector_limits.technology``."""
        return f"constraints.sector_limits.{self.sector}"

    @property
    def path(self) -> Path:
        """Where the request sets it."""
        return ("constraints", "sector_limits", self.sector)

    def faults(self, universe: Universe) -> list[Fault]:
        """Some name must be in the sector."""
        if self.sector not in universe.sectors:
            detail = f"no name is in sector {self.sector!r}; {hint(self.sector, universe.sectors)}"
            return [Fault(self.path, detail, "unknown")]
        return super().faults(universe)

    def shape(self, universe: Universe, estimates: Estimates) -> Row:
        """Sum of x over the sector <= limit."""
        return Row(self.id, universe.mask(universe.sectors.get(self.sector, ())), self.limit)

    def sentence(self) -> str:
        """What it demands."""
        return f"Sector {self.sector} weighs at most {self.limit:.6g}, net."


@dataclass(frozen=True)
class AssetClassLimit(Constraint):
    """The net weight of an asset class may not be above the limit. Who honours limits of sectors honours it too."""

    kind: ClassVar[str] = "asset_class_limits"
    capability: ClassVar[str] = SectorLimit.kind
    asset_class: str = ""

    @property
    def id(self) -> str:
        """For instance ``constraints.max_asset_class_exposure.bond``."""
        return f"constraints.max_asset_class_exposure.{self.asset_class}"

    @property
    def path(self) -> Path:
        """One number limits every class."""
        return ("constraints", "max_asset_class_exposure")

    def shape(self, universe: Universe, estimates: Estimates) -> Row:
        """Sum of x over the asset class <= limit."""
        return Row(self.id, universe.mask(universe.asset_classes.get(self.asset_class, ())), self.limit)

    def sentence(self) -> str:
        """What it demands."""
        return f"Asset class {self.asset_class} weighs at most {self.limit:.6g}, net."


@dataclass(frozen=True)
class TurnoverLimit(Constraint):
    """One-way turnover from the current weights, cash included, may not be above the limit."""

    kind: ClassVar[str] = "turnover_limit"
    sensitivity: ClassVar[float] = 2.0
    current: tuple[float, ...] = field(default=(), repr=False)
    """Current weights in the universe's order."""
    budget: float = 1.0

    @property
    def id(self) -> str:
        """Always ``constraints.turnover_limit``."""
        return "constraints.turnover_limit"

    @property
    def path(self) -> Path:
        """Where the request sets it."""
        return ("constraints", "turnover_limit")

    def faults(self, universe: Universe) -> list[Fault]:
        """A turnover is not negative, and needs a current weight for every name."""
        if len(self.current) != len(universe):
            detail = f"needs {len(universe)} current weights, one per name; there are {len(self.current)}."
            return [Fault(self.path, detail, "missing")]
        if self.limit < 0:
            return [Fault(self.path, f"is {self.limit}; a turnover is at least 0.")]
        wrong = [
            Fault(("strategies", name, "current_weight"), f"is {weight}; give a finite number.", "not_finite")
            for name, weight in zip(universe.names, self.current, strict=True)
            if not abs(weight) <= LARGEST
        ]
        return wrong or super().faults(universe)

    def shape(self, universe: Universe, estimates: Estimates) -> Distance:
        """sum |x - w0| <= 2 limit - |change of cash|, the last being the same for every feasible x."""
        center = np.array(self.current)
        cash = abs(self.budget - float(center.sum()))
        return Distance(self.id, center, 2.0 * self.limit - cash)

    def sentence(self) -> str:
        """What it demands."""
        return f"One-way turnover from the current weights is at most {self.limit:.6g}."


@dataclass(frozen=True)
class LeverageLimit(Constraint):
    """The sum of absolute weights may not be above the limit."""

    kind: ClassVar[str] = "leverage_limit"

    @property
    def id(self) -> str:
        """Always ``constraints.leverage_limit``."""
        return "constraints.leverage_limit"

    @property
    def path(self) -> Path:
        """Where the request sets it."""
        return ("constraints", "leverage_limit")

    def faults(self, universe: Universe) -> list[Fault]:
        """Nothing fits in a gross exposure of 0."""
        if self.limit <= 0:
            return [Fault(self.path, f"is {self.limit}; give a number above 0.")]
        return super().faults(universe)

    def shape(self, universe: Universe, estimates: Estimates) -> Distance:
        """sum |x| <= limit."""
        return Distance(self.id, np.zeros(len(universe)), self.limit)

    def sentence(self) -> str:
        """What it demands."""
        return f"Gross exposure, the sum of absolute weights, is at most {self.limit:.6g}."


@dataclass(frozen=True)
class TargetReturn(Constraint):
    """The annual mean of the portfolio may not be below the limit."""

    kind: ClassVar[str] = "target_return"
    sensitivity: ClassVar[float] = -1.0
    needs_mean: ClassVar[bool] = True

    @property
    def id(self) -> str:
        """Always ``risk_parameters.target_return``."""
        return "risk_parameters.target_return"

    @property
    def path(self) -> Path:
        """Where the request sets it."""
        return ("risk_parameters", "target_return")

    def shape(self, universe: Universe, estimates: Estimates) -> Row:
        """-mean'x <= -limit."""
        return Row(self.id, -estimates.required_mean("a target return"), -self.limit)

    def sentence(self) -> str:
        """What it demands."""
        return f"The expected annual return is at least {self.limit:.6g}."


@dataclass(frozen=True)
class TargetVolatility(Constraint):
    """The annual volatility of the portfolio may not be above the limit."""

    kind: ClassVar[str] = "target_volatility"

    @property
    def id(self) -> str:
        """Always ``risk_parameters.target_volatility``."""
        return "risk_parameters.target_volatility"

    @property
    def path(self) -> Path:
        """Where the request sets it."""
        return ("risk_parameters", "target_volatility")

    def faults(self, universe: Universe) -> list[Fault]:
        """A volatility is above 0."""
        if self.limit <= 0:
            return [Fault(self.path, f"is {self.limit}; give a number above 0.")]
        return super().faults(universe)

    def shape(self, universe: Universe, estimates: Estimates) -> RiskCap:
        """sqrt(x'Sx) <= limit."""
        return RiskCap(self.id, VOLATILITY.of(estimates), self.limit)

    def sentence(self) -> str:
        """What it demands."""
        return f"The annual volatility is at most {self.limit:.6g}."
