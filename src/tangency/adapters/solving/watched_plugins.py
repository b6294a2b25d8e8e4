"""Plugins as the solving steps see them: whatever a stranger's code raises or returns, an error of ours names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

import numpy as np

from tangency.domain.errors import MethodCrashed, Path, ResourcesExhausted, TangencyError
from tangency.domain.market.estimates import Estimates, Estimator
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.method import Capabilities, OptimizationMethod
from tangency.domain.optimization.plugins import Plugins
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, SolverAttempt, Status, Witness
from tangency.domain.optimization.solution import Origin


class WatchedMethod:
    """A method whose crashes are ours to report and whose proposals have the types that they promise."""

    def __init__(self, method: OptimizationMethod, origin: Origin) -> None:
        self._method, self._origin = method, origin
        self.name: str = method.name
        self.citation: str = method.citation
        self.capabilities: Capabilities = method.capabilities
        self.options: type = method.options

    def solve(self, problem: Problem, estimates: Estimates, options: object) -> Proposal:
        """What the method proposes.

        Raises:
            MethodCrashed: it raised, or returned something that is no proposal.
            ResourcesExhausted: it ran out of memory.
        """
        with _named(f"method {self.name!r}", self._origin):
            proposal: object = self._method.solve(problem, estimates, options)
            return _checked(proposal, len(problem.universe))


class WatchedEstimator:
    """An estimator whose crashes are ours to report and whose moments have the shapes that they promise."""

    def __init__(self, estimator: Estimator, origin: Origin) -> None:
        self._estimator, self._origin = estimator, origin
        self.name: str = estimator.name
        self.citation: str = estimator.citation
        self.options: type = estimator.options

    def mean(self, returns: Matrix, periods_per_year: float, options: object) -> Vector | None:
        """Annual means; shape (n,)."""
        return self._moments(self._estimator.mean, (returns, periods_per_year, options), 1)

    def covariance(self, returns: Matrix, periods_per_year: float, options: object) -> Matrix | None:
        """Annual covariances; shape (n, n)."""
        return self._moments(self._estimator.covariance, (returns, periods_per_year, options), 2)

    def _moments(
        self, estimate: Callable[..., Matrix | None], arguments: tuple[Matrix, float, object], axes: int
    ) -> Matrix | None:
        with _named(f"estimator {self.name!r}", self._origin):
            moments = estimate(*arguments)
            if moments is None:
                return None
            shape = (arguments[0].shape[1],) * axes
            values = np.asarray(moments, dtype=float)
            if values.shape != shape:
                raise ValueError(f"it returned moments of shape {values.shape}; {shape} was promised")
            return values


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


@contextmanager
def _named(plugin: str, origin: Origin) -> Iterator[None]:
    whose = f"{plugin} of distribution {origin.distribution!r} {origin.version}"
    try:
        yield
    except TangencyError:
        raise
    except MemoryError as error:
        detail = f"{whose} ran out of memory. Ask for fewer names, or have the operator raise the limit."
        raise ResourcesExhausted(detail) from error
    except (Exception, SystemExit) as error:
        detail = f"{whose} raised {type(error).__name__}: {error}. Its author should hear of it."
        raise MethodCrashed(detail) from error


def _checked(proposal: object, size: int) -> Proposal:
    """The same proposal with the types of its fields made sure of; numbers of any kind become doubles."""
    if not isinstance(proposal, Proposal):
        raise TypeError(f"it returned {type(proposal).__name__}, and a method returns a Proposal")
    if not all(isinstance(attempt, SolverAttempt) for attempt in proposal.attempts):
        raise TypeError("its attempts are not all of type SolverAttempt")
    weights: object = proposal.weights
    return replace(
        proposal,
        status=Status(proposal.status),
        weights=None if weights is None else np.asarray(weights, dtype=float),
        witness=None if proposal.witness is None else _checked_witness(proposal.witness, size),
        iterations=int(proposal.iterations),
        attempts=tuple(proposal.attempts),
        bound=None if proposal.bound is None else float(proposal.bound),
        message=str(proposal.message),
    )


def _checked_witness(witness: Witness, size: int) -> Witness:
    multipliers = {str(key): float(value) for key, value in witness.multipliers.items()}
    cuts = {str(key): np.asarray(value, dtype=float) for key, value in witness.cuts.items()}
    if any(cut.shape != (size,) for cut in cuts.values()):
        raise ValueError(f"a cut of its witness has not the shape ({size},)")
    finite_cuts = {key: cast(Vector, cut) for key, cut in cuts.items() if np.isfinite(cut).all()}
    return Witness({key: value for key, value in multipliers.items() if np.isfinite(value)}, finite_cuts)
