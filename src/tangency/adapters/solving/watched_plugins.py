"""Plugins as the solving steps see them: whatever a stranger's code raises or returns, an error of ours names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, cast

import numpy as np

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.frontier.question import Candidate, FrontierQuestion
from tangency.domain.frontier.tracing import Tracer
from tangency.domain.market.covariance import Covariance
from tangency.domain.market.estimates import Estimates, Estimator, SampleKind
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.crash import named
from tangency.domain.optimization.method import Capabilities, OptimizationMethod, can_check
from tangency.domain.optimization.plugins import Plugins
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Case, Proposal, SolverAttempt, Status, Witness
from tangency.domain.optimization.sales_tax import Half, SalesCase
from tangency.domain.optimization.solution import Origin
from tangency.domain.plain_values import plain


class WatchedMethod:
    """A method whose crashes are ours to report and whose proposals have the types that they promise."""

    def __init__(self, method: OptimizationMethod, origin: Origin) -> None:
        self._method, self._origin = method, origin
        self.name: str = method.name
        self.citation: str = method.citation
        self.capabilities: Capabilities = method.capabilities
        self.options: type = method.options

    def check(self, problem: Problem, options: object) -> None:
        """What the method refuses before anybody estimates; nothing where it does not say."""
        if can_check(self._method):
            self._method.check(problem, options)

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """What the method proposes.

        Raises:
            MethodCrashed: it raised, or returned something that is no proposal.
            ResourcesExhausted: it ran out of memory.
        """
        with _named(f"method {self.name!r}", self._origin):
            proposal: object = self._method.solve(problem, estimates, options)
            return _checked(proposal)

    def trace(
        self, problem: Problem, estimates: Estimates, options: object, question: FrontierQuestion
    ) -> list[Candidate] | None:
        """The candidates of a frontier; None where the method has no way of its own to trace one.

        Raises:
            MethodCrashed: it raised, or returned something else.
            ResourcesExhausted: it ran out of memory.
        """
        own: Tracer | None = getattr(self._method, "trace", None)
        if own is None:
            return None
        with _named(f"method {self.name!r}", self._origin):
            found = own(problem, estimates, options, question)
            return None if found is None else [replace(each, proposal=_checked(each.proposal)) for each in found]


class WatchedEstimator:
    """An estimator whose crashes are ours to report and whose moments have the shapes that they promise."""

    def __init__(self, estimator: Estimator, origin: Origin) -> None:
        self._estimator, self._origin = estimator, origin
        self.name: str = estimator.name
        self.citation: str = estimator.citation
        self.options: type = estimator.options
        self.takes: SampleKind = getattr(estimator, "takes", Estimator.takes)
        self.weighs: bool = getattr(estimator, "weighs", Estimator.weighs)

    def check(self, returns: Returns, options: object) -> None:
        """What the estimator refuses before anybody estimates."""
        self._own("check")(returns, options)

    def mean(self, sample: Scenarios, covariance: Covariance, options: object) -> Vector | None:
        """Annual means; shape (n,)."""
        with self._watched():
            moments = self._own("mean")(sample, covariance, options)
            return None if moments is None else _shaped(moments, (len(sample.universe),))

    def covariance(self, sample: Scenarios, options: object) -> Covariance | Matrix | None:
        """Annual covariances; shape (n, n), or a value with a structure of its own."""
        with self._watched():
            moments: Any = self._own("covariance")(sample, options)
            if moments is None or (hasattr(moments, "spectrum") and moments.size == len(sample.universe)):
                return cast(Covariance | None, moments)
            return _shaped(moments, (len(sample.universe),) * 2)

    def scenarios(self, sample: Scenarios, options: object) -> Scenarios | None:
        """Scenarios of the same names."""
        with self._watched():
            made: object = self._own("scenarios")(sample, options)
            if made is not None and not isinstance(made, Scenarios):
                raise TypeError(f"it returned {type(made).__name__}, and a prior returns Scenarios")
            if made is not None and made.universe.names != sample.universe.names:
                raise ValueError("it returned scenarios of other names")
            return made

    def _own(self, word: str) -> Callable[..., Any]:
        """What the class writes; a stranger's that does not inherit ours may leave some out."""
        return getattr(self._estimator, word, lambda *_: None)

    def _watched(self) -> AbstractContextManager[None]:
        return _named(f"estimator {self.name!r}", self._origin)


class WatchedPlugins:
    """The same plugins, each of them watched."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def find_method(self, name: str) -> WatchedMethod:
        """The method of that name."""
        return WatchedMethod(self._plugins.find_method(name), self._plugins.origin(name))

    def find_estimator(self, name: str, path: Path) -> WatchedEstimator:
        """The estimator of that name."""
        return WatchedEstimator(self._plugins.find_estimator(name, path), self._plugins.estimator_origin(name))

    def bind_options(self, options: type, asked: Mapping[str, object], path: Path) -> object:
        """A plugin's typed options."""
        return self._plugins.bind_options(options, asked, path)


def _shaped(moments: object, shape: tuple[int, ...]) -> Matrix:
    values = np.asarray(moments, dtype=float)
    if values.shape != shape:
        raise ValueError(f"it returned moments of shape {values.shape}; {shape} was promised")
    return values


def _named(plugin: str, origin: Origin) -> AbstractContextManager[None]:
    return named(f"{plugin} of distribution {origin.distribution!r} {origin.version}")


def _checked(proposal: object) -> Proposal:
    """The same proposal with the types of its fields made sure of; numbers of any kind become doubles."""
    if not isinstance(proposal, Proposal):
        raise TypeError(f"it returned {type(proposal).__name__}, and a method returns a Proposal")
    if not all(isinstance(attempt, SolverAttempt) for attempt in proposal.attempts):
        raise TypeError("its attempts are not all of type SolverAttempt")
    weights: object = proposal.weights
    if isinstance(weights, Mapping):
        raise TypeError("its weights are by name; a method returns an array in the order of problem.universe.names")
    return replace(
        proposal,
        status=Status(proposal.status),
        weights=None if weights is None else np.asarray(weights, dtype=float),
        witness=None if proposal.witness is None else _checked_witness(proposal.witness),
        iterations=int(proposal.iterations),
        attempts=tuple(proposal.attempts),
        bound=None if proposal.bound is None else float(proposal.bound),
        message=str(proposal.message),
        findings=_plain_findings(proposal.findings) if proposal.findings else proposal.findings,
    )


def _plain_findings(findings: Mapping[str, object]) -> Mapping[str, object]:
    try:
        return cast(Mapping[str, object], plain(findings, ("findings",)))
    except InvalidInput as error:  # the method's mistake, not that of whoever asked
        raise TypeError(str(error)) from None


def _checked_witness(witness: Witness) -> Witness:
    multipliers = {str(key): float(value) for key, value in witness.multipliers.items()}
    cuts = {str(key): np.asarray(value, dtype=float) for key, value in witness.cuts.items()}
    if any(cut.ndim != 1 for cut in cuts.values()):
        raise ValueError("a cut of its witness is not a vector")
    finite_cuts = {key: cast(Vector, cut) for key, cut in cuts.items() if np.isfinite(cut).all()}
    finite = {key: value for key, value in multipliers.items() if np.isfinite(value)}
    return Witness(finite, finite_cuts, tuple(map(_checked_case, witness.cases)), _vector(witness.spread))


def _checked_case(case: Case) -> Case:
    sales = case.sales
    settled = None if sales is None else SalesCase(Half(sales.half), np.asarray(sales.trades, dtype=np.int8))
    sides, point = np.asarray(case.sides, dtype=np.int8), _vector(case.point)
    return Case(sides, point, _checked_witness(case.witness), settled, float(case.theta))


def _vector(values: object) -> Vector | None:
    return None if values is None else np.asarray(values, dtype=float)
