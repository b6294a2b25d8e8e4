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
from tests.support.posed import estimated, posed
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


def _far_in(shape: np.ndarray, covariance: Any) -> Any:
    """The distance that an ellipsoid of covariances limits, as cvxpy writes it."""
    inverse = np.linalg.inv(np.linalg.cholesky(shape))
    return cp.norm(inverse @ covariance @ inverse.T, "fro")


@pytest.mark.parametrize("shape", [np.eye(6), 0.2 * np.diag(np.arange(1.0, 7.0))], ids=["ball", "weighted"])
def test_the_worst_covariance_of_an_ellipsoid_as_a_semidefinite_program_of_cvxpy(shape: np.ndarray) -> None:
    covariance = _moments()[1][:6, :6]
    case = posed(covariance, limits=LONG_SHORT)
    given = CovarianceUncertainty("ellipsoid", radius=0.04, shape=shape.tolist())
    ours = proven((case, estimated(case)), RobustOptions(covariance_uncertainty=given))
    w, member = np.asarray(ours.weights), cp.Variable((6, 6), PSD=True)
    limits = [_far_in(shape, member - covariance) <= 0.04]
    theirs = _solved(cp.Problem(cp.Maximize(cp.trace(member @ np.outer(w, w))), limits))
    assert ours.objective_value == pytest.approx(np.sqrt(theirs), rel=1e-7)


def test_the_least_worst_variance_over_an_ellipsoid_as_a_semidefinite_program_of_cvxpy() -> None:
    # The dual of the worst case, over w too: Schottle and Werner (2009), Robustness properties of mean-variance
    # portfolios, Optimization 58(6), 641-663.
    covariance = _moments()[1][:6, :6]
    shape = 0.1 * covariance + 0.02 * np.eye(6)
    w, square = cp.Variable((6, 1)), cp.Variable((6, 6), symmetric=True)
    factor = np.linalg.cholesky(shape)
    worst = cp.trace(square @ covariance) + 0.8 * cp.norm(factor.T @ square @ factor, "fro")
    limits = [cp.sum(w) == 1, w >= -0.2, w <= 0.4, cp.bmat([[square, w], [w.T, np.ones((1, 1))]]) >> 0]
    theirs = _solved(cp.Problem(cp.Minimize(worst), limits))
    case = posed(covariance, limits=LONG_SHORT)
    given = CovarianceUncertainty("ellipsoid", radius=0.8, shape=shape.tolist())
    ours = proven((case, estimated(case)), RobustOptions(covariance_uncertainty=given))
    assert ours.objective_value == pytest.approx(np.sqrt(theirs), rel=1e-7)


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


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")  # on some processors; what it reached is compared
def test_the_ellipsoid_of_covariances_of_riskfolio() -> None:
    # Its ellipsoid is of the n^2 entries; the square of our shape by Kronecker is the matrix that it takes.
    import pandas as pd
    import riskfolio as rp

    names, rows = five_years()
    covariance = _moments()[1]
    shape = 0.2 * covariance + 0.01 * np.eye(N)
    port = rp.Portfolio(returns=pd.DataFrame(rows, columns=list(names)))
    port.mu, port.cov = pd.DataFrame([_moments()[0]], columns=list(names)), pd.DataFrame(covariance, names, names)
    port.cov_l = port.cov_u = port.cov_mu = port.cov
    port.d_mu = pd.DataFrame([np.zeros(N)], columns=list(names))
    port.cov_sigma, port.k_sigma, port.k_mu = pd.DataFrame(np.kron(shape, shape)), 0.7, 0.0
    port.solvers = ["CLARABEL"]
    theirs = port.wc_optimization(obj="MinRisk", rf=0.0, l=2, Umu=None, Ucov="ellip")["weights"].to_numpy()
    given = CovarianceUncertainty("ellipsoid", radius=0.7, shape=shape.tolist())
    ours = proven(of_sample(MinimumVolatility()), RobustOptions(covariance_uncertainty=given))
    assert ours.objective_value is not None
    reached = np.sqrt(theirs @ (covariance + 0.7 * shape) @ theirs)
    assert ours.objective_value <= reached * (1 + 1e-9)
    assert ours.objective_value == pytest.approx(reached, rel=1e-6)
    np.testing.assert_allclose(np.asarray(ours.weights), theirs, atol=2e-3)


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
