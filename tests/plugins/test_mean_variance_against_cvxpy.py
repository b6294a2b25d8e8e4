"""Mean-variance against the same problems told to cvxpy and solved by Clarabel at 1e-10."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tangency import solve
from tangency.domain.optimization.problem import SolverPolicy
from tangency.domain.optimization.proposal import Status
from tests.plugins.random_problems import in_cvxpy, random_problem

pytestmark = [
    pytest.mark.slow,
    # cvxpy says "optimal_inaccurate" as a warning when Clarabel stops short of 1e-10; the comparison is ours to make.
    pytest.mark.filterwarnings("ignore:Solution may be inaccurate:UserWarning"),
]

OBJECTIVE_AGREES = 1e-7


@pytest.mark.parametrize("block", range(10))
def test_200_random_problems_agree(block: int) -> None:
    for seed in range(20 * block, 20 * block + 20):
        problem = random_problem(seed)
        solution = solve(problem)
        _, theirs, _ = in_cvxpy(problem)
        assert theirs is not None, seed
        assert solution.status is Status.OPTIMAL, (seed, solution.message)
        assert solution.certificate is not None
        assert solution.certificate.max_violation <= 1e-8, seed
        assert solution.objective_value == pytest.approx(theirs, rel=OBJECTIVE_AGREES), seed


@pytest.mark.parametrize("seed", range(1000, 1008))
def test_larger_problems_through_the_working_set_agree(seed: int) -> None:
    problem = random_problem(seed, largest=200)
    _, theirs, _ = in_cvxpy(problem)
    assert solve(problem).objective_value == pytest.approx(theirs, rel=OBJECTIVE_AGREES)


@pytest.mark.parametrize("seed", range(40))
def test_the_second_solver_agrees_with_the_first(seed: int) -> None:
    problem = random_problem(seed)
    first = solve(replace(problem, solver=SolverPolicy(sequence=("piqp",))))
    second = solve(replace(problem, solver=SolverPolicy(sequence=("clarabel",))))
    assert first.status is second.status is Status.OPTIMAL
    assert second.objective_value == pytest.approx(first.objective_value, rel=OBJECTIVE_AGREES)
