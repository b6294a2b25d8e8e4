"""The last steps to a solution: judge what was proposed, and say how it came about. No solver is needed for them."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version

from tangency.domain.market.estimates import Sources
from tangency.domain.optimization.document import content_hash
from tangency.domain.optimization.judgement import Outcome, judge
from tangency.domain.optimization.plugins import Plugins
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Provenance, Solution

LIBRARIES = ("tangency", "numpy", "scipy", "piqp", "clarabel", "highspy", "scikit-learn", "arch")
"""Whose versions can move the last digits of an answer."""


@dataclass(frozen=True, eq=False, slots=True)
class Proposed:
    """What was proposed, and whether by a rule, which promises nothing but its weights."""

    outcome: Outcome
    rule: bool


def conclude(problem: Problem, found: Proposed, plugins: Plugins) -> Solution:
    """Judge what was proposed, and say how it came about."""
    solution = judge(problem, found.outcome, found.rule)
    revised = found.outcome.proposal.reading.estimates
    sources = (found.outcome.estimates if revised is None else revised).sources
    provenance = Provenance(
        problem_hash=content_hash(problem),
        method=plugins.origin(problem.method),
        sources=sources,
        attempts=found.outcome.proposal.attempts,
        tolerance=problem.solver.tolerance,
        versions={**library_versions(), **_estimator_versions(sources, plugins)},
        references=problem.references,
    )
    return replace(solution, provenance=provenance)


def _estimator_versions(sources: Sources, plugins: Plugins) -> Mapping[str, str]:
    used = [name for name in (sources.mean_estimator, sources.covariance_estimator) if name is not None]
    origins = [plugins.estimator_origin(name) for name in used]
    return {origin.distribution: origin.version for origin in origins}


@cache
def library_versions() -> Mapping[str, str]:
    """Python's version and that of every library that computes."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
