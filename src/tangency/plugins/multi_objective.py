"""Several aims at once: return, risk, scores, turnover, cost, concentration; one portfolio, and the Pareto set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from tangency.domain.market.estimates import Estimates
from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_terms import leaves, unpacked
from tangency.domain.optimization.method import Capabilities
from tangency.domain.optimization.objective import Blend
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Reading, Status, Witness
from tangency.domain.optimization.term import RiskOf, Term
from tangency.domain.risk.measure import MEASURES, VOLATILITY
from tangency.plugins.kernels.limits import EVERY_LIMIT
from tangency.plugins.kernels.solving import solved
from tangency.plugins.multi.aims import Question, read
from tangency.plugins.multi.front import SETTLED, Front, Point, spacing, trade_offs, why_without
from tangency.plugins.multi.options import MultiObjectiveOptions
from tangency.plugins.multi.scales import Scale, frame
from tangency.plugins.multi.schemes import objective_of


class MultiObjective:
    """Combines several convex objectives by one of four schemes, and computes an evenly spaced Pareto set.

    Every problem is a cone program, solved with Clarabel, and every point of the Pareto set is proven efficient.
    """

    name = "multi_objective"
    citation = (
        "Miettinen, K. (1999), Nonlinear Multiobjective Optimization, Kluwer; Das, I., Dennis, J. (1998), "
        "Normal-boundary intersection: a new method for generating the Pareto surface in nonlinear multicriteria "
        "optimization problems, SIAM Journal on Optimization 8(3), 631-657"
    )
    capabilities = Capabilities(
        objectives=frozenset({"MULTI_OBJECTIVE"}),
        constraints=EVERY_LIMIT,
        risk_measures=frozenset(MEASURES) - {"var"},
        needs_mean=True,
        uses_scenarios=True,
    )
    options: type = MultiObjectiveOptions

    def check(self, problem: Problem, options: object) -> None:
        """Refuse aims that take what the problem does not have."""
        read(problem, cast(MultiObjectiveOptions, options))

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """The scheme's portfolio with its witness, the ideal and the nadir point, and the Pareto set."""
        return self.weighed(problem, estimates, cast(MultiObjectiveOptions, options), {})

    def weighed(
        self, problem: Problem, estimates: Estimates, said: MultiObjectiveOptions, worst: Mapping[str, Term]
    ) -> Proposal:
        """The same with other losses in place of those of the aims return and risk, by the names of these."""
        question = read(problem, said, worst)
        if any(aim.name == "return" for aim in question.aims):
            estimates.required_mean("the aim return")
        limited = Reading(constraints=question.limits).of(problem)
        framed = frame(limited, estimates, question.aims)
        if isinstance(framed, Proposal):
            return replace(framed, reading=Reading(Blend("MULTI_OBJECTIVE", ()), question.limits))
        return _Answer(limited, estimates, said, question, framed).proposal()


@dataclass(frozen=True, eq=False)
class _Answer:
    problem: Problem
    estimates: Estimates
    options: MultiObjectiveOptions
    question: Question
    scale: Scale

    def proposal(self) -> Proposal:
        aims, units = self.question.aims, self.scale.units
        measured = units if self.options.scale == "ideal_nadir" else np.ones(len(aims))
        objective = objective_of(self.options, aims, self.scale, measured)
        found = solved(self.problem, objective, self.estimates)
        unused = tuple(self._unused())
        found = replace(found, reading=Reading(objective, self.question.limits, unused_options=unused))
        if found.weights is None or found.status is not Status.OPTIMAL:
            return found
        settled = replace(found, weights=self._efficient(objective, found.weights))
        witness = _with_risk(cast(Witness, settled.witness), objective)
        return replace(settled, witness=witness, findings=self._findings(cast(Vector, settled.weights)))

    def _efficient(self, objective: Blend, w: Vector) -> Vector:
        """The portfolio itself, or one as good by the scheme and better for the aims where there is one."""
        if self.options.scheme == "weighted_sum" and all(aim.weight for aim in self.question.aims):
            return w
        better = self._front.improved(w)
        if better is None or objective.loss(better.weights, self.estimates) > objective.loss(w, self.estimates) + 1e-9:
            return w
        gains = self._scaled(w) - better.scaled
        return better.weights if float(gains.sum()) > SETTLED else w

    def _unused(self) -> Iterator[str]:
        """Options of aims that are not there."""
        named = {aim.name for aim in self.question.aims}
        if "risk" not in named and self.options.risk_measure != VOLATILITY.name:
            yield "risk_measure"
        if "cost" not in named and self.options.cost_rate is not None:
            yield "cost_rate"

    def _scaled(self, w: Vector) -> Vector:
        losses = np.array([aim.loss(w, self.estimates) for aim in self.question.aims])
        return (losses - self.scale.ideal) / self.scale.units

    @property
    def _front(self) -> Front:
        return Front(self.problem, self.estimates, self.question.aims, self.scale)

    def _findings(self, w: Vector) -> dict[str, object]:
        aims, scale = self.question.aims, self.scale
        points = self._front.points(self.options.points) if self.options.points and len(aims) > 1 else []
        return {
            "objective_values": self._values(w),
            "ideal": {aim.name: aim.sign * best for aim, best in zip(aims, scale.ideal.tolist(), strict=True)},
            "nadir": {aim.name: aim.sign * worst for aim, worst in zip(aims, scale.nadir.tolist(), strict=True)},
            "pareto": [self._told(point) for point in points],
            "pareto_spacing": spacing(points),
            "score_coverage": {score.name: score.coverage(w) for score in self.question.scores},
        }

    def _told(self, point: Point) -> dict[str, object]:
        rates = trade_offs(point, self.question.aims, self.scale.units)
        return {
            "weights": self.problem.universe.named(point.weights),
            "values": self._values(point.weights),
            "trade_offs": rates,
            "no_trade_off_because": why_without(rates),
            "largest_gain": point.gain,
        }

    def _values(self, w: Vector) -> dict[str, float]:
        return {aim.name: aim.value(w, self.estimates) for aim in self.question.aims}


def _with_risk(witness: Witness, objective: Blend) -> Witness:
    """The dual vector of the aim risk under the risk's own id too, where its contributions look for one."""
    own: Mapping[str, Vector] = {}
    dual = next(unpacked(witness.cuts.get("objective.risk")), None)
    measured = any(isinstance(term, RiskOf) for term in leaves(objective.terms))
    if dual is not None and measured:
        own = {RiskOf(1.0, objective.measure).id: dual}
    return replace(witness, cuts={**witness.cuts, **own})
