"""Limits in the words of an order, upon a question in the words of a problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tangency.application.evidence import Evidence
from tangency.application.order_request import OrderLimits, OrderRequest, as_ordered, bounds_of, place_of, question_of
from tangency.application.question import Limits, Question
from tangency.domain.errors import Fault, InvalidInput, NoAnswer
from tangency.domain.optimization.infeasibility import with_names
from tangency.domain.optimization.solution import Solution


def within(limits: OrderLimits, question: Question, evidence: Evidence) -> tuple[Question, Evidence]:
    """The question and its evidence with further limits; of two limits on the same the tighter holds.

    Raises:
        InvalidInput: limits of names that are not there, or a smallest position, which no such question takes.
    """
    if limits.min_position_size:
        detail = (
            f"is {limits.min_position_size}: a smallest weight if held leaves gaps in a frontier; leave it out, or "
            "give min_weights for the names that must be held."
        )
        raise InvalidInput.at(("constraints", "min_position_size"), detail, "unsupported")
    request = OrderRequest(question.portfolio_id, "mean_variance", "minimize_risk", limits=limits)
    further = question_of(request, evidence)
    risk = replace(
        question.risk, target_volatility=_least(question.risk.target_volatility, further.risk.target_volatility)
    )
    own = bounds_of(request, evidence).limits if limits.min_weights or limits.max_weights else ()
    return (
        replace(question, limits=_tighter(question.limits, further.limits), risk=risk),
        replace(evidence, limits=(*evidence.limits, *own)),
    )


def as_stated(fault: Fault, limits: OrderLimits) -> Fault:
    """A mistake at the place where it was made, in the words that were used there."""
    path = as_ordered(fault.path)
    if len(path) > 1 and path[0] == "constraints" and getattr(limits, str(path[1]), None) not in (None, {}):
        return replace(fault, path=path)
    return fault


def failure_as_stated(error: NoAnswer, limits: OrderLimits) -> NoAnswer:
    """The error with the limits that contradict each other by the names that they were stated under."""
    solution = error.solution
    if not isinstance(solution, Solution) or solution.infeasibility is None:
        return error
    found = solution.infeasibility
    ids = [*(each.constraint for each in found.conflict), *(each.constraint for each in found.relaxation)]
    names = {one: ".".join(map(str, as_stated(Fault(place_of(one), ""), limits).path)) for one in ids}
    told = replace(solution, infeasibility=found.renamed(names.__getitem__))
    return type(error)(with_names(str(error), names), told)


def _tighter(one: Limits, other: Limits) -> Limits:
    return replace(
        one,
        max_weight=_least(one.max_weight, other.max_weight),
        turnover_limit=_least(one.turnover_limit, other.turnover_limit),
        sector_limits=_least_each(one.sector_limits, other.sector_limits),
        asset_class_limits=_least_each(one.asset_class_limits, other.asset_class_limits),
    )


def _least(*limits: float | None) -> float | None:
    return min((limit for limit in limits if limit is not None), default=None)


def _least_each(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {label: min(one.get(label, limit), limit) for label, limit in {**one, **other}.items()}
