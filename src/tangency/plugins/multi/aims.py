"""The aims of a request as convex losses, with the limits that come with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from tangency.domain.errors import MOST_NAMES, InvalidInput, Path, hint
from tangency.domain.market.covariance import Covariance, DenseCovariance
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Vector
from tangency.domain.optimization.aim_limit import AimCap, AimFloor
from tangency.domain.optimization.composite_terms import Constant, Sum
from tangency.domain.optimization.constraint import Constraint, MaximumWeight, MinimumWeight
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.robust_terms import Concentration, Deviation, Norm
from tangency.domain.optimization.term import Linear, Return, RiskOf, Term
from tangency.domain.risk.measure import Measure
from tangency.plugins.multi.options import AimOption, MultiObjectiveOptions

OPTIONS: Path = ("method_options",)
WORDS = ("return", "risk", "turnover", "cost", "concentration")


@dataclass(frozen=True, eq=False)
class Aim:
    """Something that is wanted low (a loss), or high (minus a loss).

    Attributes:
        name: in the user's word.
        term: the loss, but for a constant.
        sign: 1 where the user's value is the loss, -1 where it is minus the loss.
        constant: what belongs to the loss beside the term.
        said: weight, bound and target, the last two in the user's unit.
    """

    name: str
    term: Term
    sign: float
    said: AimOption
    constant: float = 0.0

    @property
    def weight(self) -> float:
        """Of the aim."""
        return self.said.weight

    @property
    def bound(self) -> float | None:
        """On its value."""
        return self.said.bound

    @property
    def target(self) -> float | None:
        """Of its value."""
        return self.said.target

    def loss(self, w: Vector, estimates: Estimates) -> float:
        """What is wanted low."""
        return self.term.value(w, estimates) + self.constant

    def value(self, w: Vector, estimates: Estimates) -> float:
        """In the user's unit."""
        return self.sign * self.loss(w, estimates)

    def square(self, estimates: Estimates) -> Covariance | None:
        """S, where the loss grows with x'Sx and nothing else."""
        if isinstance(self.term, Concentration):
            return DenseCovariance.of(np.eye(len(estimates.universe)))
        if isinstance(self.term, Norm):
            return DenseCovariance.of(self.term.matrix @ self.term.matrix.T)
        moments = isinstance(self.term, RiskOf) and not self.term.measure.needs_scenarios
        return estimates.covariance if moments else None

    def beyond(self, level: float, weight: float) -> Sum:
        """weight x (loss - level)."""
        return Sum((self.term, Constant(self.constant - level)), (weight, weight), self.name)

    def limit(self, bound: float, place: tuple[str, ...]) -> Constraint:
        """The value is on the wanted side of a bound."""
        if self.sign > 0:
            return AimCap(bound, self.name, place, self.term, self.constant)
        return AimFloor(bound, self.name, place, _negated(self.term))

    def no_worse_than(self, loss: float) -> AimCap:
        """The loss is not above a level; for programs that move along the front."""
        return AimCap(loss, self.name, ("front", self.name), self.term, self.constant)


def _negated(term: Term) -> Term:
    if isinstance(term, Return):
        return Return(-term.weight)
    return Linear(tuple(-part for part in term.coefficients)) if isinstance(term, Linear) else term


@dataclass(frozen=True, eq=False)
class Scored:
    """The scores of the names, one of them, as far as they are known.

    Attributes:
        figures: NaN where unknown; shape (n,).
    """

    name: str
    universe: Universe
    figures: Vector

    @property
    def missing(self) -> list[str]:
        """Names without one."""
        return [name for name, unknown in zip(self.universe.names, np.isnan(self.figures), strict=True) if unknown]

    @property
    def filled(self) -> Vector:
        """With the worst of the others where there is none; shape (n,)."""
        return np.where(np.isnan(self.figures), np.nanmin(self.figures), self.figures)

    def coverage(self, w: Vector) -> dict[str, object]:
        """Which names have one, and how much of a portfolio."""
        known = ~np.isnan(self.figures)
        gross = float(np.abs(w).sum()) or 1.0
        return {"names": float(known.mean()), "weight": float(np.abs(w)[known].sum()) / gross, "missing": self.missing}


def scored(name: str, problem: Problem, policy: str, path: Path) -> Scored:
    """A score of the names.

    Raises:
        InvalidInput: nobody has it, or some do not and the policy is to refuse.
    """
    universe = problem.universe
    known = sorted({score for asset in universe.assets for score in asset.scores})
    if name not in known:
        detail = f"{name!r} is not an aim, and no name has such a score; {hint(name, [*WORDS, *known])}"
        raise InvalidInput.at(path, detail, "unknown")
    figures = np.array([asset.scores.get(name, np.nan) for asset in universe.assets])
    found = Scored(name, universe, figures)
    if found.missing and policy == "refuse":
        listed = ", ".join(found.missing[:MOST_NAMES])
        has = "has" if len(found.missing) == 1 else "have"
        detail = f"{listed} {has} no score {name!r}; give one, or missing_score exclude or worst."
        raise InvalidInput.at(path, detail, "missing")
    return found


@dataclass(frozen=True, eq=False)
class Question:
    """What a request asks for.

    Attributes:
        aims: at least one.
        limits: bounds of aims, score limits, and names that are not to be held.
        scores: those that take part.
    """

    aims: tuple[Aim, ...]
    limits: tuple[Constraint, ...]
    scores: tuple[Scored, ...]


def read(problem: Problem, options: MultiObjectiveOptions, worst: Mapping[str, Term] | None = None) -> Question:
    """The aims of a request.

    Args:
        problem: as it was asked.
        options: the aims among them.
        worst: losses in place of those of return and risk, by the names of these aims.

    Raises:
        InvalidInput: an aim that takes what is not there, with its place.
    """
    scores: dict[str, Scored] = {}
    for position, option in enumerate(options.objectives):
        if option.name not in WORDS:
            path = (*OPTIONS, "objectives", position, "name")
            scores[option.name] = scored(option.name, problem, options.missing_score, path)
    for name in options.score_limits:
        scores[name] = scored(name, problem, options.missing_score, (*OPTIONS, "score_limits", name))
    aims = tuple(
        Aim(option.name, worst[option.name], -1.0 if option.name == "return" else 1.0, option)
        if worst and option.name in worst
        else _aim(option, problem, options, scores, position)
        for position, option in enumerate(options.objectives)
    )
    bounds = [aim.limit(aim.bound, ("objectives", aim.name, "bound")) for aim in aims if aim.bound is not None]
    floors = [
        AimFloor(limit.minimum, name, ("score_limits", name, "minimum"), _linear(scores[name].filled))
        for name, limit in options.score_limits.items()
    ]
    barred = _barred(scores.values()) if options.missing_score == "exclude" else []
    return Question(aims, (*bounds, *floors, *barred), tuple(scores.values()))


def _barred(scores: Iterable[Scored]) -> list[Constraint]:
    """A weight of 0 for every name that lacks a score."""
    names = sorted({name for score in scores for name in score.missing})
    return [limit for name in names for limit in (MaximumWeight(0.0, name), MinimumWeight(0.0, name))]


def _linear(coefficients: Vector) -> Linear:
    return Linear(tuple(coefficients.tolist()))


def _aim(
    option: AimOption,
    problem: Problem,
    options: MultiObjectiveOptions,
    scores: Mapping[str, Scored],
    position: int,
) -> Aim:
    path = (*OPTIONS, "objectives", position)
    if option.name == "return":
        return Aim("return", Return(-1.0), -1.0, option)
    if option.name == "risk":
        measure = Measure(options.risk_measure, problem.confidence_level, options.threshold)
        return Aim("risk", RiskOf(1.0, measure), 1.0, option)
    if option.name == "concentration":
        return Aim("concentration", Concentration(1.0), 1.0, option)
    if option.name in ("turnover", "cost"):
        return _trading(option, problem, options, path)
    return Aim(option.name, _linear(-scores[option.name].filled), -1.0, option)


def _trading(option: AimOption, problem: Problem, options: MultiObjectiveOptions, path: Path) -> Aim:
    name = option.name
    if problem.current is None:
        raise InvalidInput.at(path, f"{name!r} needs the current weights; give them, or leave it out.", "missing")
    center = tuple(problem.current.tolist())
    if name == "turnover":
        cash = 0.5 * abs(problem.invested - sum(center))
        return Aim(name, Deviation((0.5,) * len(center), center, name), 1.0, option, cash)
    rates = _rates(options, problem.universe)
    return Aim(name, Deviation(tuple(rates.tolist()), center, name), 1.0, option)


def _rates(options: MultiObjectiveOptions, universe: Universe) -> Vector:
    path = (*OPTIONS, "cost_rate")
    if options.cost_rate is None:
        raise InvalidInput.at(path, "is missing; give what a traded value costs, such as 0.001.", "missing")
    if isinstance(options.cost_rate, Mapping):
        rates = universe.join(options.cost_rate, path)
    else:
        rates = np.full(len(universe), float(options.cost_rate))
    if float(rates.min()) < 0:
        raise InvalidInput.at(path, f"has {float(rates.min()):g}; a cost is at least 0.", "range")
    return rates
