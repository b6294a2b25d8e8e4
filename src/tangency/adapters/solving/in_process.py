"""The steps from a problem to a checked solution: estimate and propose, then judge and say how it came about.

The library door takes them all in one process. The pool takes the first two in a child process and the others in its
own.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache

from threadpoolctl import ThreadpoolController

from tangency.adapters.solving.conclusion import Proposed, conclude, conclude_frontier
from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.adapters.solving.watched_plugins import WatchedPlugins
from tangency.domain.frontier.frontier import Curve
from tangency.domain.frontier.question import FrontierQuestion
from tangency.domain.frontier.tracing import Traced
from tangency.domain.frontier.tracing import trace as trace_candidates
from tangency.domain.market.estimates import Estimates
from tangency.domain.market.market import Needs
from tangency.domain.optimization.acceptance import accept, with_stated_moments
from tangency.domain.optimization.judgement import propose
from tangency.domain.optimization.method import OptimizationMethod, needs
from tangency.domain.optimization.plugins import Plugins, found_by
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.solution import Solution


def solve(problem: Problem, plugins: Plugins) -> Solution:
    """Solve a problem in this process.

    Args:
        problem: what to solve; its solver policy says how long a solver may take.
        plugins: where its method and its estimators are found.

    Returns:
        The solution with its certificate and provenance, whatever its status.

    Raises:
        InvalidInput: the method cannot honour what was asked, or something cannot be estimated.
        MethodCrashed: the method or an estimator raised.
        PluginError: the method or an estimator cannot be loaded.
    """
    with _one_thread():
        whole = with_stated_moments(problem, plugins)
        return conclude(whole, proposed(whole, plugins), plugins)


def _one_thread() -> AbstractContextManager[object]:
    """One thread of each BLAS while we solve; nothing to do where there is one anyway.

    The same answer to the last bit however many cores there are, and at our sizes a quicker one (threads that wait for
    each other cost 30 times the arithmetic at n = 100 on two busy cores).
    """
    blas = _blas()
    single = all(library.num_threads == 1 for library in blas.lib_controllers)
    return nullcontext() if single else blas.limit(limits=1)


@cache
def _blas() -> ThreadpoolController:
    """The BLAS libraries of this process."""
    from scipy.linalg import lapack  # noqa: F401 - brings a BLAS of its own, which must be there to be limited

    return ThreadpoolController()


def trace(problem: Problem, question: FrontierQuestion, plugins: Plugins) -> Curve:
    """Trace a frontier in this process.

    Args:
        problem: least risk within the limits.
        question: what is asked of the frontier.
        plugins: where its method and its estimators are found.

    Raises:
        InvalidInput: an end is out of reach, or as :func:`solve` raises it.
        NoAnswer: there is no frontier.
    """
    with _one_thread():
        return conclude_frontier(problem, question, traced(problem, question, plugins), plugins)


def proposed(problem: Problem, plugins: Plugins) -> Proposed:
    """Estimate what was not given, let the method propose, and find out why where nothing is feasible."""
    watched = WatchedPlugins(plugins)
    method, options, estimates = _ready(problem, watched, means=False)
    programs = HighsLinearPrograms(problem.solver.time_limit_s)
    with found_by(watched):
        return Proposed(propose(problem, estimates, method, options, programs), method.capabilities.rule)


def traced(problem: Problem, question: FrontierQuestion, plugins: Plugins) -> Traced:
    """Estimate, means included, and find the candidates of a frontier."""
    watched = WatchedPlugins(plugins)
    method, options, estimates = _ready(problem, watched, means=True)
    programs = HighsLinearPrograms(problem.solver.time_limit_s)
    with found_by(watched):
        return trace_candidates(problem, estimates, method, options, question, programs)


def _ready(problem: Problem, watched: WatchedPlugins, means: bool) -> tuple[OptimizationMethod, object, Estimates]:
    """The method that can honour the problem, its options, and the estimates; with means in any case where wanted."""
    method, options = accept(problem, watched)
    of_method = needs(problem, method)
    wanted = Needs(means or of_method.mean, of_method.scenarios)
    return method, options, problem.market.estimate(watched.find_estimator, watched.bind_options, wanted)
