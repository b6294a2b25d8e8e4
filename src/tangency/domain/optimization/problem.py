"""The optimization problem: assets, what is known about them, objective, constraints and method, all immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from tangency.domain.errors import Fault, InvalidInput
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.market import Market
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.constraint import Budget, Constraint
from tangency.domain.optimization.minimum_position import MinimumPosition
from tangency.domain.optimization.objective import Objective
from tangency.domain.optimization.region import Region, Row, Sides
from tangency.domain.risk.measure import VOLATILITY


@dataclass(frozen=True, slots=True)
class SolverPolicy:
    """How a method should solve, if it has a choice.

    Attributes:
        sequence: solvers to try in turn, by name.
        tolerance: absolute and relative residual to ask of them.
        time_limit_s: seconds of wall time for the solve. The deadline of a request also covers waiting and transport.
    """

    sequence: tuple[str, ...] = ("piqp", "clarabel")
    tolerance: float = 1e-10
    time_limit_s: float = 10.0


@dataclass(frozen=True, eq=False)
class Problem:
    """A portfolio optimization, complete: solving it needs nothing but the plugins it names.

    Attributes:
        market: the assets and what is known about them.
        objective: what to optimize.
        constraints: limits on the weights, each with its own id.
        method: the name of an optimization method plugin.
        options: the method's own options.
        current: current weights, shape (n,), or None where unknown.
        risk_free_rate: annual, for the Sharpe ratio that every answer reports; MAX_SHARPE reports its own.
        confidence_level: of tail measures of risk, where the method's options do not say otherwise.
        risk_aversion: of the investor, for methods whose estimates depend on it; None if not stated.
        seed: for methods that draw random numbers.
        references: the stored documents that the options were read from, for the record.

    Raises:
        InvalidInput: a constraint names an unknown asset or label, two constraints have one id, or a figure is not
            finite.
    """

    market: Market
    objective: Objective
    constraints: tuple[Constraint, ...]
    method: str = "mean_variance"
    options: Mapping[str, object] = field(default_factory=dict)
    current: Vector | None = None
    risk_free_rate: float = 0.0
    confidence_level: float = 0.95
    risk_aversion: float | None = None
    solver: SolverPolicy = field(default_factory=SolverPolicy)
    seed: int = 0
    references: tuple[str, ...] = ()
    _region: tuple[Estimates, Region] | None = field(default=None, init=False, repr=False)

    @property
    def risk_measure(self) -> str:
        """The name of its risk measure; ``volatility`` unless the options or the method say otherwise."""
        usual = "cvar" if self.method == "mean_risk" else VOLATILITY.name
        return str(self.options.get("risk_measure", usual)).lower()

    def __post_init__(self) -> None:
        faults = [fault for constraint in self.constraints for fault in constraint.faults(self.universe)]
        seen: set[str] = set()
        for constraint in self.constraints:
            if constraint.id in seen:
                faults.append(Fault(constraint.path, f"{constraint.id} is given twice; give it once.", "duplicate"))
            seen.add(constraint.id)
        known = self.current is None or (len(self.current) == len(self.universe) and np.isfinite(self.current).all())
        if not known:
            faults.append(Fault(("current",), "is not one finite weight per name; leave it out if unknown."))
        if not np.isfinite(self.risk_free_rate):
            faults.append(Fault(("risk_parameters", "risk_free_rate"), f"is {self.risk_free_rate}; give a number."))
        if not 0 <= self.confidence_level < 1:
            detail = f"is {self.confidence_level}; give a number from 0 to below 1, such as 0.95."
            faults.append(Fault(("risk_parameters", "confidence_level"), detail))
        if self.risk_aversion is not None and not 0 < self.risk_aversion < np.inf:
            detail = f"is {self.risk_aversion}; give a number above 0."
            faults.append(Fault(("risk_parameters", "risk_aversion"), detail))
        if faults:
            raise InvalidInput(faults)

    @property
    def universe(self) -> Universe:
        """The names."""
        return self.market.universe

    @property
    def invested(self) -> float:
        """What the weights sum to, 1 unless a budget says otherwise; the rest of 1 is cash at the risk-free rate."""
        return 1.0 if self.budget is None else self.budget.limit

    @property
    def budget(self) -> Budget | None:
        """The budget constraint; None if there is none."""
        return next((limit for limit in self.constraints if isinstance(limit, Budget)), None)

    @cached_property
    def by_id(self) -> dict[str, Constraint]:
        """The constraints by their ids."""
        return {constraint.id: constraint for constraint in self.constraints}

    def region(self, estimates: Estimates) -> Region:
        """The portfolios that satisfy every constraint. Cached for the latest estimates."""
        if self._region is not None and self._region[0] is estimates:
            return self._region[1]
        shapes = [constraint.shape(self.universe, estimates) for constraint in self.constraints]
        region = Region.of(len(self.universe), shapes)
        object.__setattr__(self, "_region", (estimates, region))
        return region

    def narrowed(self, limit: Constraint, estimates: Estimates) -> Problem:
        """The problem with one more constraint. If that is a row, the cached region is extended and not made anew."""
        narrowed, shape = replace(self, constraints=(*self.constraints, limit)), limit.shape(self.universe, estimates)
        if isinstance(shape, Row):
            object.__setattr__(narrowed, "_region", (estimates, self.region(estimates).with_row(shape)))
        return narrowed

    def on(self, sides: Sides, estimates: Estimates) -> Problem:
        """The convex part of the problem in which each asset is on a given side: held long, held short or left out."""
        convex = [limit for limit in self.constraints if not isinstance(limit, MinimumPosition)]
        part = replace(self, constraints=tuple(convex))
        object.__setattr__(part, "_region", (estimates, self.region(estimates).on(sides)))
        return part

    def constraints_need_mean(self) -> bool:
        """Whether any constraint depends on expected returns."""
        return any(constraint.needs_mean for constraint in self.constraints)
