"""Robust optimization against the same questions told to cvxpy, skfolio and Riskfolio-Lib."""

from __future__ import annotations

import warnings
from typing import Any

import cvxpy
import numpy as np
import pytest
from scipy.stats import chi2

from tangency.domain.optimization.constraint import Budget, MaximumWeight, MinimumWeight
from tangency.domain.optimization.objective import MaximumUtility, MinimumRisk, MinimumVolatility
from tangency.domain.optimization.ratio import MaximumSharpe
from tangency.domain.risk.measure import Measure
from tangency.plugins.robust.options import CovarianceUncertainty, MeanUncertainty, RobustOptions
from tests.support.history import five_years, of_sample
from tests.support.robust import proven

pytestmark = pytest.mark.slow
cp: Any = cvxpy  # its functions are made when it is imported: no type checker finds them

LONG_SHORT = (Budget(), MinimumWeight(-0.2), MaximumWeight(0.4))
N, YEARS = 20, 5.0
TIGHT = {"solver": cp.CLARABEL, "tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11}


def _moments() -> tuple[np.ndarray, np.ndarray]:
    estimates = of_sample()[1]
    return np.asarray(estimates.mean), estimates.covariance.dense()


def _solved(problem: Any) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # short of 1e-11; the comparison is ours to make
        return float(problem.solve(**TIGHT))


def test_a_utility_over_an_ellipsoid_as_a_cone_program_of_cvxpy() -> None:
    mean, covariance = _moments()
    w = cp.Variable(N)
    spread = np.sqrt(chi2.ppf(0.95, N) / YEARS) * cp.norm(np.linalg.cholesky(covariance).T @ w)
    utility = mean @ w - spread - 2.0 * cp.quad_form(w, cp.psd_wrap(covariance))
    theirs = _solved(cp.Problem(cp.Maximize(utility), [cp.sum(w) == 1, w >= -0.2, w <= 0.4]))
    ours = proven(of_sample(MaximumUtility(4.0), LONG_SHORT), RobustOptions(MeanUncertainty(estimate="empirical")))
    assert ours.objective_value == pytest.approx(theirs, rel=1e-7)


def test_boxes_of_both_as_a_semidefinite_program_of_cvxpy() -> None:
    # Lobo and Boyd (2000), The worst-case risk of a portfolio: the dual of the largest variance over a box.
    mean, covariance = _moments()
    wide = 0.5 * np.abs(covariance)
    w, upper, lower = cp.Variable((N, 1)), cp.Variable((N, N), symmetric=True), cp.Variable((N, N), symmetric=True)
    worst = cp.trace(upper @ (covariance + wide)) - cp.trace(lower @ (covariance - wide))
    bordered = cp.bmat([[upper - lower, w], [w.T, np.ones((1, 1))]])
    limits = [cp.sum(w) == 1, w >= -0.2, w <= 0.4, upper >= 0, lower >= 0, bordered >> 0]
    utility = mean @ w[:, 0] - 0.04 * cp.norm1(w) - 2.0 * worst
    theirs = _solved(cp.Problem(cp.Maximize(utility), limits))
    options = RobustOptions(MeanUncertainty("box", half_width=0.04), CovarianceUncertainty(half_width=wide.tolist()))
    ours = proven(of_sample(MaximumUtility(4.0), LONG_SHORT), options)
    assert ours.objective_value == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize(("ground", "dual"), [("l1", cp.norm_inf), ("l2", cp.norm2)])
def test_the_worst_tail_of_a_wasserstein_ball_as_a_program_of_cvxpy(ground: Any, dual: Any) -> None:
    rows = five_years()[1]
    w, z = cp.Variable(N), cp.Variable()
    tail = z + cp.sum(cp.pos(-rows @ w - z)) / (0.05 * len(rows)) + 2e-4 * dual(w) / 0.05
    theirs = _solved(cp.Problem(cp.Minimize(tail), [cp.sum(w) == 1, w >= 0]))
    ours = proven(of_sample(MinimumRisk(Measure("cvar"))), RobustOptions(wasserstein_radius=2e-4, ground_norm=ground))
    assert ours.objective_value == pytest.approx(theirs, rel=1e-7)


def test_the_empirical_ellipsoid_of_skfolio() -> None:
    from skfolio.optimization import MeanRisk, ObjectiveFunction
    from skfolio.uncertainty_set import EmpiricalMuUncertaintySet

    rows = five_years()[1]
    model = MeanRisk(
        objective_function=ObjectiveFunction.MAXIMIZE_UTILITY,
        risk_aversion=2.0,
        mu_uncertainty_set_estimator=EmpiricalMuUncertaintySet(confidence_level=0.95, diagonal=False),
        solver="CLARABEL",
        solver_params={"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12},
    )
    theirs = model.fit(rows).weights_
    case = of_sample(MaximumUtility(4.0))
    ours = proven(case, RobustOptions(MeanUncertainty(estimate="empirical")))
    mean, covariance = _moments()
    kappa = np.sqrt(chi2.ppf(0.95, N) / YEARS)
    value = mean @ theirs - kappa * np.sqrt(theirs @ covariance @ theirs) - 2.0 * theirs @ covariance @ theirs
    assert ours.objective_value is not None
    assert ours.objective_value >= value - 1e-9
    np.testing.assert_allclose(np.asarray(ours.weights), theirs, atol=2e-3)


def _riskfolio(wide: np.ndarray, kind: str, means: str | None, rate: float) -> np.ndarray:
    import pandas as pd
    import riskfolio as rp

    names, rows = five_years()
    mean, covariance = _moments()
    port = rp.Portfolio(returns=pd.DataFrame(rows, columns=list(names)))
    port.mu, port.cov = pd.DataFrame([mean], columns=list(names)), pd.DataFrame(covariance, names, names)
    port.cov_l, port.cov_u = (pd.DataFrame(covariance + sign * wide, names, names) for sign in (-1, 1))
    port.d_mu = pd.DataFrame([np.full(N, 0.05)], columns=list(names))
    port.cov_mu, port.cov_sigma = port.cov, pd.DataFrame(np.eye(N**2))  # read, and of no use to boxes
    port.k_mu = port.k_sigma = 1.0
    port.solvers = ["CLARABEL"]
    return np.asarray(port.wc_optimization(obj=kind, rf=rate, l=2, Umu=means, Ucov="box")["weights"].to_numpy())


def test_the_box_of_covariances_of_riskfolio() -> None:
    covariance = _moments()[1]
    wide = 0.3 * np.abs(covariance)
    theirs = _riskfolio(wide, "MinRisk", None, 0.0)
    options = RobustOptions(covariance_uncertainty=CovarianceUncertainty(half_width=wide.tolist()))
    ours = proven(of_sample(MinimumVolatility()), options).objective_value
    assert ours == pytest.approx(np.sqrt(theirs @ (covariance + wide) @ theirs), rel=1e-6)


def test_riskfolio_has_the_worst_gain_over_the_variance_where_it_is_asked_for_a_ratio_to_the_volatility() -> None:
    # It borders the matrix with the scale of the portfolio where a 1 belongs, so its risk is k times the variance.
    mean, covariance = _moments()
    wide = 0.3 * np.abs(covariance)
    theirs = _riskfolio(wide, "Sharpe", "box", -0.2)
    options = RobustOptions(MeanUncertainty("box", half_width=0.05), CovarianceUncertainty(half_width=wide.tolist()))
    ours = proven(of_sample(MaximumSharpe(-0.2)), options)

    def ratio(w: np.ndarray, power: float) -> float:
        return float(((mean - 0.05) @ w + 0.2) / (w @ (covariance + wide) @ w) ** power)

    w = np.asarray(ours.weights)
    assert ours.objective_value == pytest.approx(ratio(w, 0.5), rel=1e-9)
    assert ratio(w, 0.5) > ratio(theirs, 0.5) + 0.07
    assert ratio(w, 1.0) < ratio(theirs, 1.0)
