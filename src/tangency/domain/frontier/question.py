"""What is asked of a frontier, and the problems that its points are the answers to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from tangency.domain.errors import Fault, InvalidInput, hint
from tangency.domain.numbers import LARGEST
from tangency.domain.optimization.constraint import Constraint, TargetReturn, TargetVolatility
from tangency.domain.optimization.document import content_hash
from tangency.domain.optimization.objective import MaximumReturn, MinimumRisk, MinimumVolatility, Objective
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal
from tangency.domain.optimization.ratio import MaximumRatio, MaximumSharpe
from tangency.domain.optimization.risk_limit import RiskLimit
from tangency.domain.risk.measure import MEASURES, Measure

FEWEST_POINTS, MOST_POINTS = 2, 200
POINTS = 20
ROUNDING = 1e-9
"""Relative: a limit that is missed by no more is met."""


@dataclass(frozen=True, slots=True)
class FrontierQuestion:
    """By which risk, between which ends, in how many points.

    Attributes:
        measure: name of a measure of risk.
        points: how many portfolios from end to end, both counted.
        min_return: annual; the frontier begins there where its portfolio of least risk earns less.
        max_risk: by the measure; the frontier ends there where its portfolio of most return has more.

    Raises:
        InvalidInput: no such measure, or a figure out of its range.
    """

    measure: str = "volatility"
    points: int = POINTS
    min_return: float | None = None
    max_risk: float | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.measure not in MEASURES:
            detail = f"{self.measure!r} is not a known risk measure; {hint(self.measure, MEASURES)}"
            faults.append(Fault(("risk_measure",), detail, "unsupported"))
        if not FEWEST_POINTS <= self.points <= MOST_POINTS:
            detail = f"is {self.points}; give a number from {FEWEST_POINTS} to {MOST_POINTS}."
            faults.append(Fault(("points",), detail, "range"))
        for field in ("min_return", "max_risk"):
            value = getattr(self, field)
            if value is not None and not abs(value) <= LARGEST:
                faults.append(Fault((field,), f"is {value}; give a finite number.", "not_finite"))
        if self.measure == "volatility" and self.max_risk is not None and not self.max_risk > 0:
            faults.append(Fault(("max_risk",), f"is {self.max_risk}; a volatility is above 0.", "range"))
        if faults:
            raise InvalidInput(faults)

    @property
    def objective(self) -> Objective:
        """What every point is best at."""
        return MinimumVolatility() if self.measure == "volatility" else MinimumRisk()

    @property
    def convex(self) -> bool:
        """Whether the frontier is one curve that bends one way: value at risk is not convex."""
        return self.measure != "var"

    def key(self, problem: Problem, supplied: Mapping[str, object] | None = None) -> str:
        """SHA-256 of the problem and of this question, in hexadecimal; and of what a configuration supplied, if any."""
        parts = [content_hash(problem), asdict(self), *([dict(supplied)] if supplied else [])]
        text = json.dumps(parts, sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def refuse_out_of_reach(self, most: float | None, least: float | None) -> None:
        """Refuse ends that no portfolio within the limits reaches.

        Args:
            most: the greatest annual mean, where it is known.
            least: the least risk, where it is known.

        Raises:
            InvalidInput: ``min_return`` is above, or ``max_risk`` below.
        """
        wanted, allowed = self.min_return, self.max_risk
        if wanted is not None and most is not None and wanted > most + ROUNDING * max(abs(most), ROUNDING):
            detail = f"is {wanted:.6g}; the most that a portfolio within the limits is expected to earn is {most:.6g}."
            raise InvalidInput.at(("min_return",), detail, "out_of_reach")
        if allowed is not None and least is not None and allowed < least - ROUNDING * max(abs(least), ROUNDING):
            detail = (
                f"is {allowed:.6g}; the least {self.measure} that a portfolio within the limits has is {least:.6g}."
            )
            raise InvalidInput.at(("max_risk",), detail, "out_of_reach")


class Aim(StrEnum):
    """What a portfolio on or beside the frontier is best at."""

    LEAST_RISK = "least_risk"
    LEAST_RISK_FOR_RETURN = "least_risk_for_return"
    GREATEST_RETURN = "greatest_return"
    BEST_RATIO = "best_ratio"


@dataclass(frozen=True, eq=False, slots=True)
class Candidate:
    """A portfolio that a method proposes for the frontier; nobody has checked it yet.

    Attributes:
        target: the annual mean that it is to have at least, for ``LEAST_RISK_FOR_RETURN``.
    """

    aim: Aim
    proposal: Proposal
    target: float = 0.0


def posed(problem: Problem, question: FrontierQuestion, aim: Aim, target: float = 0.0) -> Problem:
    """The problem that a candidate claims to solve.

    Args:
        problem: least risk within the limits.
        question: its ``min_return`` and ``max_risk`` limit what has the best ratio, and the latter the greatest return.
        aim: which of them.
        target: see :class:`Candidate`.
    """
    limits = problem.constraints
    if aim is Aim.LEAST_RISK:
        return problem
    if aim is Aim.LEAST_RISK_FOR_RETURN:
        return replace(problem, constraints=(*limits, TargetReturn(target)))
    if question.max_risk is not None:
        limits = (*limits, _risk_limit(problem, question.measure, question.max_risk))
    if aim is Aim.GREATEST_RETURN:
        return replace(problem, objective=MaximumReturn(), constraints=limits)
    if question.min_return is not None:
        limits = (*limits, TargetReturn(question.min_return))
    rate = problem.risk_free_rate
    ratio = MaximumSharpe(rate) if question.measure == "volatility" else MaximumRatio(risk_free_rate=rate)
    return replace(problem, objective=ratio, constraints=limits)


def _risk_limit(problem: Problem, measure: str, limit: float) -> Constraint:
    if measure == "volatility":
        return TargetVolatility(limit)
    return RiskLimit(limit, Measure(measure, problem.confidence_level))
