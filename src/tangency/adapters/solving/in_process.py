"""The steps from a problem to a checked solution: estimate and propose, then judge and say how it came about.

The library door takes them all in one process. The pool takes the first two in a child process and the others in its
own.
"""

from __future__ import annotations

from functools import cache

from threadpoolctl import ThreadpoolController

from tangency.adapters.solving.conclusion import Proposed, conclude
from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.adapters.solving.watched_plugins import WatchedPlugins
from tangency.domain.optimization.judgement import propose
from tangency.domain.optimization.method import needs, refuse_unsupported
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
    with _blas().limit(limits=1):
        return conclude(problem, proposed(problem, plugins), plugins)


@cache
def _blas() -> ThreadpoolController:
    """The BLAS libraries of this process.

    One thread each while we solve: the same answer to the last bit whatever the machine, and at our sizes a quicker one
    (threads that wait for each other cost 30 times the arithmetic at n = 100 on two busy cores).
    """
    from scipy.linalg import lapack  # noqa: F401 - brings a BLAS of its own, which must be there to be limited

    return ThreadpoolController()


def proposed(problem: Problem, plugins: Plugins) -> Proposed:
    """Estimate what was not given, let the method propose, and find out why where nothing is feasible."""
    watched = WatchedPlugins(plugins)
    method = watched.find_method(problem.method)
    refuse_unsupported(problem, method)
    options = watched.bind_options(method.options, problem.options, ("method_options",))
    estimates = problem.market.estimate(watched.find_estimator, watched.bind_options, needs(problem, method))
    programs = HighsLinearPrograms(problem.solver.time_limit_s)
    with found_by(watched):
        return Proposed(propose(problem, estimates, method, options, programs), method.capabilities.rule)
