"""Risk budgets of every convex measure, on real returns: exact contributions, proven, and as peers have them."""

from typing import Any

import cvxpy
import numpy as np
import pandas as pd
import pytest

from tangency.adapters.solving.linear_programs import HighsLinearPrograms
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import Budget, Constraint, LongOnly, MaximumWeight
from tangency.domain.optimization.judgement import solve_with
from tangency.domain.optimization.objective import RiskParity as Parity
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.solution import Solution
from tangency.plugins.risk_parity import RiskParity, RiskParityOptions
from tests.support.history import five_years, of_history

LONG_ONLY: tuple[Constraint, ...] = (Budget(), LongOnly())
CAPPED = (*LONG_ONLY, MaximumWeight(0.18))
cp: Any = cvxpy
MEASURES = sorted(RiskParity.capabilities.risk_measures)


def rows(days: int = 250, names: int = 8) -> Matrix:
    return five_years()[1][-days:, :names]


def parity(sample: Matrix, limits: tuple[Constraint, ...] = LONG_ONLY, **options: object) -> Solution:
    problem, estimates = of_history(sample, objective=Parity(), limits=limits)
    asked = RiskParityOptions(**options)  # type: ignore[arg-type]
    return solve_with(problem, estimates, RiskParity(), asked, HighsLinearPrograms())


def weights_of(solution: Solution, gap: float = 1e-8) -> Vector:
    assert solution.status is Status.OPTIMAL, (solution.status, solution.message)
    assert solution.certificate is not None
    assert solution.certificate.relative_gap is not None
    assert solution.certificate.relative_gap < gap
    assert solution.weights is not None
    return solution.weights


@pytest.mark.parametrize("measure", MEASURES)
def test_contributions_are_the_budgets_and_proven_to_be(measure: str) -> None:
    budgets = {f"N{i}": 1.0 + i % 3 for i in range(8)}
    solution = parity(rows(), risk_measure=measure, budgets=budgets)
    weights_of(solution)
    assert solution.risk_shares is not None
    shares = np.array(list(budgets.values()))
    np.testing.assert_allclose(solution.risk_shares, shares / shares.sum(), atol=1e-8)
    assert solution.findings["budgets_met"] is True


@pytest.mark.parametrize("measure", MEASURES)
def test_a_bound_that_binds_is_kept_and_the_portfolio_proven(measure: str) -> None:
    free = weights_of(parity(rows(), risk_measure=measure))
    bound = float(np.sort(free)[-2:].mean())
    solution = parity(rows(), (*LONG_ONLY, MaximumWeight(bound)), risk_measure=measure)
    assert weights_of(solution, 1e-6).max() == pytest.approx(bound, abs=1e-8)
    assert solution.findings["budgets_met"] is False


@pytest.mark.parametrize("bound", [1.0, 0.14])
@pytest.mark.parametrize("measure", ["volatility", "cvar", "mad", "semi_deviation", "cdar"])
def test_cvxpy_finds_the_same_portfolio(measure: str, bound: float) -> None:
    sample = rows()
    y = cp.Variable(sample.shape[1])
    losses, centred = -100 * sample @ y, 100 * (sample - sample.mean(axis=0)) @ y
    path = cp.cumsum(100 * sample @ y)
    peak = cp.Variable(len(sample))
    risks = {
        "volatility": cp.norm(centred) / np.sqrt(len(sample) - 1),
        "cvar": cp.cvar(losses, 0.95),
        "mad": cp.norm1(centred) / len(sample),
        "semi_deviation": cp.norm(cp.neg(centred)) / np.sqrt(len(sample) - 1),
        "cdar": cp.cvar(peak - path, 0.95),
    }
    aim = cp.Minimize(risks[measure] - cp.sum(cp.log(y)) / sample.shape[1])
    tied = [peak >= path, peak >= 0, peak[1:] >= peak[:-1]] if measure == "cdar" else []
    cp.Problem(aim, [*tied, y <= bound * cp.sum(y)]).solve(solver=cp.CLARABEL)
    theirs = np.asarray(y.value / y.value.sum())
    ours = weights_of(parity(sample, (*LONG_ONLY, MaximumWeight(bound)), risk_measure=measure))
    np.testing.assert_allclose(ours, theirs, atol=3e-5)


@pytest.mark.parametrize(
    ("measure", "theirs"),
    [("volatility", "VARIANCE"), ("cvar", "CVAR"), ("cdar", "CDAR")],
)
def test_skfolio_shares_the_risk_alike_and_to_fewer_digits(measure: str, theirs: str) -> None:
    from skfolio import RiskMeasure
    from skfolio.optimization import RiskBudgeting

    sample = rows(500)
    peer = RiskBudgeting(risk_measure=RiskMeasure[theirs]).fit(pd.DataFrame(sample)).weights_
    ours = weights_of(parity(sample, risk_measure=measure))
    np.testing.assert_allclose(ours, peer, atol=2e-3)


def test_a_measure_that_some_portfolio_has_none_of_leaves_nothing_to_share() -> None:
    sample = rows(60, 3).copy()
    sample[:, 2] = np.abs(sample[:, 2])
    solution = parity(sample, risk_measure="max_drawdown")
    assert solution.status is Status.NOT_APPLICABLE
    assert "max_drawdown of 0 or less" in solution.message
