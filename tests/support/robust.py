"""Answers of robust optimization over the sample."""

from __future__ import annotations

from typing import Any, cast

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.market.estimates import Estimates
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.solution import Solution
from tangency.plugins.robust.options import RobustOptions
from tangency.plugins.robust_optimization import RobustOptimization


def robust(case: tuple[Problem, Estimates], options: RobustOptions) -> Solution:
    """The answer, whatever it is."""
    return solve_with(*case, RobustOptimization(), options, HighsLinearPrograms())


def proven(case: tuple[Problem, Estimates], options: RobustOptions) -> Solution:
    """An answer that is optimal, with nothing left of its gap but rounding."""
    solution = robust(case, options)
    assert solution.status is Status.OPTIMAL, solution.message
    assert solution.certificate is not None
    assert solution.certificate.relative_gap is not None
    assert solution.certificate.relative_gap < 1e-8
    return solution


def robustness(solution: Solution) -> dict[str, Any]:
    """Its metrics."""
    return cast(dict[str, Any], solution.findings["robustness"])
