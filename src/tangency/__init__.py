"""Tangency: portfolio optimization with a proof that the answer is right.

    import tangency

    market = tangency.Market(tangency.Universe.of(["A", "B"]), mean, covariance)
    limits = (tangency.Budget(), tangency.LongOnly(), tangency.MaximumWeight(0.6))
    solution = tangency.solve(tangency.Problem(market, tangency.MaximumSharpe(), limits))

Nothing is imported until it is asked for: ``import tangency`` itself costs no numpy, no plugin and no service.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tangency.adapters.entry_points import EntryPointPlugins
    from tangency.domain.errors import (
        InvalidInput,
        MethodCrashed,
        NoAnswer,
        PluginError,
        TangencyError,
        Unsupported,
    )
    from tangency.domain.factors.history import FactorHistory
    from tangency.domain.market.estimates import EstimatorChoice
    from tangency.domain.market.market import Market
    from tangency.domain.market.returns import Returns
    from tangency.domain.market.universe import Asset, Universe
    from tangency.domain.optimization.constraint import (
        Budget,
        LeverageLimit,
        LongOnly,
        MaximumWeight,
        MinimumWeight,
        SectorLimit,
        TargetReturn,
        TargetVolatility,
        TurnoverLimit,
    )
    from tangency.domain.optimization.document import content_hash, from_document, to_document
    from tangency.domain.optimization.judgement import required_answer
    from tangency.domain.optimization.objective import MaximumReturn, MaximumUtility, MinimumVolatility
    from tangency.domain.optimization.problem import Problem, SolverPolicy
    from tangency.domain.optimization.proposal import Status
    from tangency.domain.optimization.ratio import MaximumSharpe
    from tangency.domain.optimization.solution import Solution

    __version__: str

_DOMAIN = "tangency.domain"
_HOMES = {
    "InvalidInput": "errors",
    "MethodCrashed": "errors",
    "NoAnswer": "errors",
    "PluginError": "errors",
    "TangencyError": "errors",
    "Unsupported": "errors",
    "FactorHistory": "factors.history",
    "EstimatorChoice": "market.estimates",
    "Market": "market.market",
    "Returns": "market.returns",
    "Asset": "market.universe",
    "Universe": "market.universe",
    "Budget": "optimization.constraint",
    "LeverageLimit": "optimization.constraint",
    "LongOnly": "optimization.constraint",
    "MaximumWeight": "optimization.constraint",
    "MinimumWeight": "optimization.constraint",
    "SectorLimit": "optimization.constraint",
    "TargetReturn": "optimization.constraint",
    "TargetVolatility": "optimization.constraint",
    "TurnoverLimit": "optimization.constraint",
    "content_hash": "optimization.document",
    "from_document": "optimization.document",
    "to_document": "optimization.document",
    "required_answer": "optimization.judgement",
    "MaximumReturn": "optimization.objective",
    "MaximumSharpe": "optimization.ratio",
    "MaximumUtility": "optimization.objective",
    "MinimumVolatility": "optimization.objective",
    "Problem": "optimization.problem",
    "SolverPolicy": "optimization.problem",
    "Solution": "optimization.solution",
    "Status": "optimization.proposal",
}
"""Where each name of the door lives, below the domain."""

__all__ = [
    "Asset",
    "Budget",
    "EstimatorChoice",
    "FactorHistory",
    "InvalidInput",
    "LeverageLimit",
    "LongOnly",
    "Market",
    "MaximumReturn",
    "MaximumSharpe",
    "MaximumUtility",
    "MaximumWeight",
    "MethodCrashed",
    "MinimumVolatility",
    "MinimumWeight",
    "NoAnswer",
    "PluginError",
    "Problem",
    "Returns",
    "SectorLimit",
    "Solution",
    "SolverPolicy",
    "Status",
    "TangencyError",
    "TargetReturn",
    "TargetVolatility",
    "TurnoverLimit",
    "Universe",
    "Unsupported",
    "__version__",
    "content_hash",
    "from_document",
    "read_factors",
    "required_answer",
    "solve",
    "to_document",
]


def solve(problem: Problem) -> Solution:
    """Solve a problem in this process, with the methods and estimators that are installed.

    Args:
        problem: names, evidence, objective, limits and the name of a method.

    Returns:
        The checked solution: weights, certificate, why, provenance. Its status says whether there are weights;
        ``required_answer(solution)`` raises where there are none.

    Raises:
        InvalidInput: the method cannot honour what was asked, or something is missing.
        MethodCrashed: the method, or an estimator, raised.
        PluginError: the method, or an estimator, cannot be loaded.
    """
    from tangency.adapters.solving import in_process

    return in_process.solve(problem, _plugins())


def read_factors(path: str | Path) -> FactorHistory:
    """Read returns of factors from one of French's files as downloaded, or from a table of one's own.

    ``read_factors(path).on(dates).by_name`` are the ``factors`` that an estimator's options take.

    Raises:
        InvalidInput: the file cannot be read, with the place and what to do.
    """
    from pathlib import Path

    from tangency.adapters.files import factors

    return factors.read_factors(Path(path))


@cache
def _plugins() -> EntryPointPlugins:
    from tangency.adapters.entry_points import EntryPointPlugins

    return EntryPointPlugins()


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("tangency")
    if name not in _HOMES:
        raise AttributeError(f"module 'tangency' has no attribute {name!r}")
    value: object = getattr(import_module(f"{_DOMAIN}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
