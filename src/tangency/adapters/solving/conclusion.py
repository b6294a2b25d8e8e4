"""The last steps to a solution: judge what was proposed, and say how it came about. No solver is needed for them."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version

from tangency.domain.errors import TangencyError
from tangency.domain.frontier.frontier import Curve, checked
from tangency.domain.frontier.question import FrontierQuestion
from tangency.domain.frontier.tracing import Traced
from tangency.domain.market.estimates import EstimatorChoice, Sources
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
    return replace(solution, provenance=provenance_of(problem, found.outcome, plugins))


def conclude_frontier(problem: Problem, question: FrontierQuestion, traced: Traced, plugins: Plugins) -> Curve:
    """Check every point of a frontier, and say how it came about.

    Raises:
        NoAnswer: there is none, or a point does not pass its certificate.
    """
    return checked(problem, question, traced, provenance_of(problem, traced.least, plugins))


def provenance_of(problem: Problem, outcome: Outcome, plugins: Plugins) -> Provenance:
    """How an outcome came about."""
    revised = outcome.proposal.reading.estimates
    sources = (outcome.estimates if revised is None else revised).sources
    return Provenance(
        problem_hash=content_hash(problem),
        method=plugins.origin(problem.method),
        sources=sources,
        attempts=outcome.proposal.attempts,
        tolerance=problem.solver.tolerance,
        versions={**library_versions(), **_estimator_versions(sources, plugins)},
        references=problem.references,
    )


def _estimator_versions(sources: Sources, plugins: Plugins) -> Mapping[str, str]:
    used = [name for name in (sources.prior, sources.mean_estimator, sources.covariance_estimator) if name is not None]
    origins = [plugins.estimator_origin(name) for name in used]
    return {origin.distribution: origin.version for origin in origins}


def read_installed(plugins: Plugins) -> None:
    """Read what provenance says of what is installed: it is read once, and the first answer need not wait for it."""
    library_versions()
    with suppress(TangencyError):  # of that estimator: an operator may have blocked it
        plugins.estimator_origin(EstimatorChoice().name)


@cache
def library_versions() -> Mapping[str, str]:
    """Python's version and that of every library that computes."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
