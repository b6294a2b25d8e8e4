"""Worst cases over ellipsoids, boxes and balls of distributions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tangency import Budget, LongOnly, MaximumUtility, MinimumVolatility, Problem
from tangency.domain.optimization.objective import MinimumRisk
from validation.case import Case
from validation.peers import CONFIDENCE, cvxpy, cvxpy_weights, riskfolio_portfolio, riskfolio_weights, skfolio_weights
from validation.sample import DAYS, TRADING_DAYS, Array, covariance, market, mean, names, returns

LIMITS = (Budget(), LongOnly())
AVERSION, WIDER, RADIUS, DISTANCE = 4.0, 0.3, 2e-4, 0.7
METHOD = "robust_optimization"


def cases() -> Iterator[Case]:
    """One of each kind."""
    ellipsoid = {"mean_uncertainty": {"kind": "ellipsoid", "estimate": "empirical"}}
    yield Case(
        "maximum utility over the empirical ellipsoid of means",
        Problem(market(), MaximumUtility(AVERSION), LIMITS, METHOD, options=ellipsoid),
        {"skfolio": lambda: _skfolio_ellipsoid(), "cvxpy": lambda: _cvxpy_ellipsoid()},
        largest=True,
        remarks={"skfolio": "at its solver's default tolerance"},
    )
    box = {"covariance_uncertainty": {"half_width": (WIDER * np.abs(covariance())).tolist()}}
    yield Case(
        "minimum volatility over a box of covariances",
        Problem(market(), MinimumVolatility(), LIMITS, METHOD, options=box),
        {"Riskfolio-Lib": lambda: _riskfolio_box()},
    )
    ellipsoid_of_squares = {
        "covariance_uncertainty": {"kind": "ellipsoid", "radius": DISTANCE, "shape": _shape().tolist()}
    }
    yield Case(
        "minimum volatility over an ellipsoid of covariances",
        Problem(market(), MinimumVolatility(), LIMITS, METHOD, options=ellipsoid_of_squares),
        {"Riskfolio-Lib": lambda: _riskfolio_ellipsoid(), "cvxpy": lambda: _cvxpy_inflated()},
        remarks={"cvxpy": "given the covariance plus the radius times the shape, the closed form of the worst case"},
    )
    for norm in ("l1", "l2"):
        ball = {"wasserstein_radius": RADIUS, "ground_norm": norm}
        yield Case(
            f"minimum CVaR over a Wasserstein ball, ground norm {norm}",
            Problem(market(), MinimumRisk(), LIMITS, METHOD, options=ball, confidence_level=CONFIDENCE),
            {"cvxpy": lambda norm=norm: _cvxpy_ball(norm)},  # type: ignore[misc]
        )


def _skfolio_ellipsoid() -> Array:
    from skfolio.optimization import MeanRisk, ObjectiveFunction
    from skfolio.uncertainty_set import EmpiricalMuUncertaintySet

    uncertain = EmpiricalMuUncertaintySet(confidence_level=CONFIDENCE, diagonal=False)
    utility = ObjectiveFunction.MAXIMIZE_UTILITY
    model = MeanRisk(utility, risk_aversion=AVERSION / 2, mu_uncertainty_set_estimator=uncertain)
    return skfolio_weights(model)


def _cvxpy_ellipsoid() -> Array:
    from scipy.stats import chi2

    root = np.linalg.cholesky(covariance()).T
    kappa = np.sqrt(chi2.ppf(CONFIDENCE, len(names())) * TRADING_DAYS / DAYS)
    half = AVERSION / 2

    def loss(w: Any) -> Any:
        return kappa * cvxpy().norm(root @ w) + half * cvxpy().quad_form(w, cvxpy().psd_wrap(covariance())) - mean() @ w

    return cvxpy_weights(loss)


def _shape() -> Array:
    return np.asarray(0.2 * covariance() + 0.01 * np.eye(len(names())))


def _riskfolio_box() -> Array:
    wide = WIDER * np.abs(covariance())
    return _riskfolio("box", wide, np.eye(len(names()) ** 2), 1.0)


def _riskfolio_ellipsoid() -> Array:
    """Its ellipsoid is one of n^2 entries: the square of the shape by Kronecker."""
    return _riskfolio("ellip", 0.0 * covariance(), np.asarray(np.kron(_shape(), _shape()), dtype=float), DISTANCE)


def _riskfolio(kind: str, wide: Array, sigma: Array, radius: float) -> Array:
    """Least volatility; it reads what the other kind of set needs too, and has no use for it."""
    import pandas as pd

    portfolio, listed = riskfolio_portfolio(), list(names())
    portfolio.mu, portfolio.cov = pd.DataFrame([mean()], columns=listed), pd.DataFrame(covariance(), listed, listed)
    portfolio.cov_l, portfolio.cov_u = (
        pd.DataFrame(covariance() + sign * wide, listed, listed) for sign in (-1.0, 1.0)
    )
    portfolio.d_mu, portfolio.cov_mu, portfolio.k_mu = 0.0 * portfolio.mu, portfolio.cov, 1.0
    portfolio.cov_sigma, portfolio.k_sigma = pd.DataFrame(sigma), radius
    return riskfolio_weights(portfolio.wc_optimization(obj="MinRisk", rf=0.0, Umu=None, Ucov=kind))


def _cvxpy_inflated() -> Array:
    inflated = cvxpy().psd_wrap(covariance() + DISTANCE * _shape())
    return cvxpy_weights(lambda w: cvxpy().quad_form(w, inflated))


def _cvxpy_ball(norm: str) -> Array:
    dual = cvxpy().norm_inf if norm == "l1" else cvxpy().norm2
    rows, beyond = returns(), 1.0 - CONFIDENCE

    def loss(w: Any) -> Any:
        z = cvxpy().Variable()
        return z + cvxpy().sum(cvxpy().pos(-rows @ w - z)) / (beyond * len(rows)) + RADIUS * dual(w) / beyond

    return cvxpy_weights(loss)
