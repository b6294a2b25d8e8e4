"""Several aims asked of a method that has a mean and a covariance of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import cast

import msgspec

from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.method import OptimizationMethod, can_check
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal
from tangency.domain.optimization.term import Term
from tangency.plugins.kernels.installed import bind_options, find_method
from tangency.plugins.multi.options import Aims, MultiObjectiveOptions


def by_aims(
    problem: Problem,
    estimates: Estimates,
    said: Aims,
    measure: str = "volatility",
    worst: Mapping[str, Term] | None = None,
    **more: float,
) -> Proposal:
    """What multi_objective answers over these estimates.

    Args:
        problem: with objective MULTI_OBJECTIVE.
        estimates: those that the aims return and risk are counted by.
        said: the aims.
        measure: of the aim risk.
        worst: losses in place of those of the aims return and risk, by their names.
        more: other options of multi_objective.

    Raises:
        InvalidInput: an aim that takes what is not there; a measure of risk that is not convex; or an operator blocked
            multi_objective.
    """
    method, bound = _weighing(said, measure, **more)
    if not worst:
        return method.solve(problem, estimates, bound)
    from tangency.plugins.multi_objective import MultiObjective

    return MultiObjective().weighed(problem, estimates, cast(MultiObjectiveOptions, bound), worst)


def check_aims(problem: Problem, said: Aims, measure: str = "volatility", **more: float) -> None:
    """Refuse what :func:`by_aims` refuses, as far as it shows before anybody estimates.

    Raises:
        InvalidInput: the same.
    """
    method, bound = _weighing(said, measure, **more)
    if can_check(method):
        method.check(problem, bound)


def _weighing(said: Aims, measure: str, **more: float) -> tuple[OptimizationMethod, object]:
    """The method that weighs aims, and its options."""
    method = find_method("multi_objective", ("objective",))
    asked = {each.name: getattr(said, each.name) for each in fields(Aims)}
    options = msgspec.to_builtins({**asked, "risk_measure": measure, **more})
    return method, bind_options(method.options, options, ("method_options",))


def without_aims(proposal: Proposal, said: Aims) -> Proposal:
    """An answer by another objective, for which the aims that are stated have no use."""
    unused = (*proposal.reading.unused_options, *said.changed())
    return replace(proposal, reading=replace(proposal.reading, unused_options=unused)) if unused else proposal
