"""Other installed plugins, for methods that are made of methods: found by name, their options bound, asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar, cast

import msgspec
import numpy as np

from tangency.domain.errors import InvalidInput, Path, Unsupported, hint
from tangency.domain.market.estimates import Estimates, Estimator
from tangency.domain.optimization.kinds import OBJECTIVES
from tangency.domain.optimization.method import OptimizationMethod, can_check, refuse_unsupported
from tangency.domain.optimization.misfit import misfit
from tangency.domain.optimization.objective import MinimumVolatility, Objective, RiskParity
from tangency.domain.optimization.options import place_of_refusal, unknown_options
from tangency.domain.optimization.plugins import finder_at_work
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status

METHOD_OPTIONS: Path = ("method_options",)
METHODS, ESTIMATORS = "tangency.methods", "tangency.estimators"

_SAID = {
    Status.NOT_APPLICABLE: "the objective has no best portfolio there, as MAX_SHARPE has none where no portfolio beats "
    "the risk-free rate. Lower risk_free_rate, loosen the limits, or give another objective.",
    Status.INFEASIBLE: "no portfolio satisfies the limits there. Loosen them.",
}

Options = TypeVar("Options")


@dataclass(frozen=True)
class Inner:
    """A method used inside another.

    Attributes:
        method: name of the method.
        options: options of that method.
        objective: its objective. Default: that of the request.
    """

    method: str
    options: dict[str, Any] = field(default_factory=dict)
    objective: str | None = None


def find_method(name: str, path: Path) -> OptimizationMethod:
    """The installed method of that name, in upper or lower case.

    Raises:
        Unsupported: there is none, or an operator blocked it; ``path`` says where it was asked for.
    """
    finder = finder_at_work()
    if finder is None:
        return cast(OptimizationMethod, _found(METHODS, "method", name, path))
    try:
        return finder.find_method(name)
    except Unsupported as error:
        raise Unsupported([replace(fault, path=path) for fault in error.faults]) from None


def find_estimator(name: str, path: Path) -> Estimator:
    """The installed estimator of that name, in upper or lower case.

    Raises:
        Unsupported: there is none; ``path`` says where it was asked for.
    """
    finder = finder_at_work()
    if finder is None:
        return cast(Estimator, _found(ESTIMATORS, "estimator", name, path))
    return finder.find_estimator(name, path)


def bind_options(options: type, asked: Mapping[str, object], path: Path) -> object:
    """A plugin's typed options from values by name.

    Raises:
        InvalidInput: an unknown option, a value of another type, or one that the class refuses.
    """
    faults = list(unknown_options(options, asked, path))
    if faults:
        raise InvalidInput(faults)
    try:
        return msgspec.convert(dict(asked), options)
    except msgspec.ValidationError as error:
        raise InvalidInput([misfit(options, asked, str(error), path)]) from None
    except InvalidInput as error:
        raise _below((*path, *place_of_refusal(options, asked, msgspec.convert)), error) from None


def main_method(objective: Objective) -> Inner:
    """The method that stands for an objective where nobody names one."""
    return Inner("risk_parity" if isinstance(objective, RiskParity) else "mean_variance")


def objective_of(
    inner: Inner, method: OptimizationMethod, asked: Objective, path: Path, substitute: bool = True
) -> Objective:
    """What a method inside another is asked to be best at: its own aim, or the request's where it takes that.

    Args:
        inner: names the aim, or none.
        method: the one that it names.
        asked: the request's aim.
        path: where ``inner`` stands in the request, for messages.
        substitute: whether the least volatility, or the only aim that the method takes, may stand for the request's.

    Raises:
        Unsupported: no objective of that name, or none that can be chosen for the method.
    """
    takes = method.capabilities.objectives
    if inner.objective is None:
        if method.capabilities.rule or asked.name in takes:
            return asked
        name = asked.name
        if substitute:
            name = MinimumVolatility.name if MinimumVolatility.name in takes or len(takes) != 1 else min(takes)
    else:
        name = inner.objective.upper()
    if name not in takes or name not in OBJECTIVES:
        detail = f"method {method.name!r} does not take {name}; {hint(name, sorted(takes))}"
        raise Unsupported.at((*path, "objective"), detail, "unsupported")
    kind: Any = OBJECTIVES[name]
    own = {part.name for part in fields(kind)}
    return cast(Objective, kind(**{part: value for part, value in vars(asked).items() if part in own}))


def ask(inner: Inner, problem: Problem, estimates: Estimates, path: Path, substitute: bool = True) -> Proposal:
    """What an installed method proposes for a problem, within those of its limits that the method can keep.

    Args:
        inner: the method, its options and its objective.
        problem: whose objective counts where ``inner`` names none.
        estimates: over the names of the problem.
        path: where ``inner`` stands in the request, for messages.
        substitute: whether another aim may stand for the request's; see :func:`objective_of`.

    Raises:
        InvalidInput: no such method, or options that it refuses.
    """
    method, options, own = _understood(inner, problem, path, substitute)
    try:
        refuse_unsupported(own, method)
        proposal = method.solve(own, estimates, options)
    except InvalidInput as error:
        raise _inside(path, error) from None
    usable = proposal.weights is not None and bool(np.isfinite(proposal.weights).all())
    return proposal if usable or not proposal.status.answered else replace(proposal, status=Status.NUMERICAL_ERROR)


def check(inner: Inner, problem: Problem, path: Path, substitute: bool = True) -> None:
    """Refuse what :func:`ask` refuses, as far as it shows before anybody estimates.

    Raises:
        InvalidInput: the same.
    """
    method, options, own = _understood(inner, problem, path, substitute)
    if can_check(method):
        try:
            method.check(own, options)
        except InvalidInput as error:
            raise _inside(path, error) from None


def _understood(
    inner: Inner, problem: Problem, path: Path, substitute: bool
) -> tuple[OptimizationMethod, object, Problem]:
    """The method, its options, and the problem as it is put to it."""
    method = find_method(inner.method, (*path, "method"))
    options = bind_options(method.options, inner.options, (*path, "options"))
    can = method.capabilities
    limits = tuple(
        limit for limit in problem.constraints if can.rule or (limit.capability or limit.kind) in can.constraints
    )
    objective = objective_of(inner, method, problem.objective, path, substitute)
    own = replace(problem, objective=objective, constraints=limits, method=method.name, options=inner.options)
    return method, options, own


def unanswered(who: str, proposal: Proposal) -> Proposal:
    """What a method made of others says where one of them has no weights."""
    said = proposal.message or _SAID.get(proposal.status) or f"it ended {proposal.status.value}"
    return Proposal(proposal.status, iterations=proposal.iterations, message=f"{who}: {said}")


def _found(group: str, word: str, name: str, path: Path) -> object:
    points = _points(group)
    if name.lower() not in points:
        raise Unsupported.at(
            path, f"{name!r} is not a known {word}; {hint(name.lower(), sorted(points))}", "unsupported"
        )
    return _loaded(points[name.lower()])


@cache
def _points(group: str) -> dict[str, EntryPoint]:
    """By name in lower case; read once, since metadata takes longer to read than a small problem to solve."""
    return {point.name.lower(): point for point in entry_points(group=group)}


@cache
def _loaded(point: EntryPoint) -> object:
    return point.load()()


def _below(path: Path, error: InvalidInput) -> InvalidInput:
    return type(error)([replace(fault, path=(*path, *fault.path)) for fault in error.faults])


def _inside(path: Path, error: InvalidInput) -> InvalidInput:
    """What a method says of its options stands in the options that it was given here."""
    own = len(METHOD_OPTIONS)
    places = [("options", *f.path[own:]) if f.path[:own] == METHOD_OPTIONS else f.path for f in error.faults]
    faults = [replace(fault, path=place) for fault, place in zip(error.faults, places, strict=True)]
    return _below(path, type(error)(faults))
