"""Riskfolio-Lib's own methods, called with figures under their names in one order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from tangency.domain.numbers import Matrix
from tangency.domain.optimization.constraint import LeverageLimit, TargetVolatility
from tangency.plugins.peers.borrowed import finite_bounds, unit_of_returns
from tangency.plugins.peers.riskfolio_asked import Asked

Library: TypeAlias = Any
"""An object of the library, which ships no types."""
OWN, LOOSE = 1e-8, 1e-6
"""Tolerances of Clarabel: its own, and one at which weights are right to five digits."""
POWERS = frozenset({"GMD", "TG", "TGRG", "RLVaR", "RLDaR", "RVRG"})
"""Measures by power cones, on which Clarabel makes no progress beyond its own tolerance."""


def programmed(asked: Asked, since: float) -> Mapping[str, float] | None:
    """Weights by name from one of its programs.

    A power cone stalls on figures of one size and not of another, and no size suits all; so some are tried in turn.
    """
    policy, weights = asked.problem.solver, None
    for unit, tolerance in _tries(asked):
        left = policy.time_limit_s - (perf_counter() - since)
        if weights is None and left > 0:
            counted = replace(asked, unit=unit)
            portfolio = _portfolio(counted)
            portfolio.solvers = ["CLARABEL"]
            settings = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), tolerance)
            portfolio.sol_params = {"CLARABEL": {**settings, "time_limit": left}}
            weights = _called(counted, portfolio)
    return None if weights is None else weights["weights"].to_dict()


def _tries(asked: Asked) -> list[tuple[float, float]]:
    """Units of returns and tolerances. Our tolerance where it can be reached; what is looser only where it cannot."""
    fine = asked.problem.solver.tolerance
    if asked.options.kelly:  # the logarithm of a return knows no unit but 1
        return [(1.0, fine), (1.0, OWN), (1.0, LOOSE)]
    year, period = unit_of_returns(asked.estimates), unit_of_returns(asked.estimates, asked.sample.periods_per_year)
    if asked.code in POWERS:
        return [(period, OWN), (year, OWN), (1.0, OWN), (period, LOOSE), (year, LOOSE)]
    return [(year, fine), (year, OWN), (period, OWN), (1.0, OWN), (period, LOOSE)]


def _portfolio(asked: Asked) -> Library:
    options, unit = asked.options, asked.unit
    portfolio = asked.library.Portfolio(
        returns=asked.returns(unit),
        alpha=asked.significance,
        kappa=float(options.kappa),
        p_em=options.half_order,
        p_esm=options.half_order,
        **_shorts(asked),
    )
    kurtosis = "hist" if asked.code in ("KT", "SKT") else None
    portfolio.assets_stats(method_mu="hist", method_cov="hist", method_kurt=kurtosis)
    portfolio.mu = asked.table(asked.means[None, :] / unit)
    portfolio.cov = asked.covariance(unit)
    portfolio.ainequality, portfolio.binequality = _inequalities(asked)
    cap = next((limit.limit for limit in asked.problem.constraints if isinstance(limit, TargetVolatility)), None)
    portfolio.upperdev = None if cap is None else cap / np.sqrt(asked.sample.periods_per_year) / unit
    return portfolio


def _shorts(asked: Asked) -> dict[str, Any]:
    """Its own limits, wide enough to leave the rows to decide; of gross exposure, exact: weights sum to 1."""
    lower, upper = finite_bounds(asked.region, "Riskfolio-Lib")
    if (lower >= 0).all():
        return {"sht": False, "upperlng": max(1.0, float(upper.max()))}
    short = float(np.maximum(-lower, 0.0).sum())
    for limit in asked.problem.constraints:
        if isinstance(limit, LeverageLimit):
            short = min(short, 0.5 * (limit.limit - 1.0))
    widest = float(np.abs([lower, upper]).max())
    return {"sht": True, "budgetsht": short, "uppersht": widest, "upperlng": max(1.0, widest)}


def _inequalities(asked: Asked) -> tuple[Matrix | None, Matrix | None]:
    """A and b of A x <= b: bounds that are not the library's own, and the rows of the region; shapes (m, n), (m, 1)."""
    lower, upper = finite_bounds(asked.region, "Riskfolio-Lib")
    ones, long_only = np.eye(len(lower)), bool((lower >= 0).all())
    above, below = upper < 1.0 if long_only else upper < np.inf, lower > 0.0 if long_only else lower > -np.inf
    rows = [(a, b) for a, b in zip(ones[above], upper[above], strict=True)]
    rows += [(-a, -b) for a, b in zip(ones[below], lower[below], strict=True)]
    for row in asked.region.rows:
        if not row.equality:
            size = float(np.abs(row.coefficients).max()) or 1.0
            rows.append((row.coefficients / size, row.limit / size))
    if not rows:
        return None, None
    return np.array([a for a, _ in rows]), np.array([[b] for _, b in rows])


def _called(asked: Asked, portfolio: Library) -> Library | None:
    """A table of weights."""
    options, rate = asked.options, asked.rate / asked.unit
    if asked.method == "optimization":
        code, aim = asked.code, asked.aim
        return portfolio.optimization("Classic", code, aim, options.kelly, rf=rate, l=asked.aversion)
    shares = asked.shares[:, None]
    if asked.method == "rp_optimization":
        return portfolio.rp_optimization("Classic", asked.code, rf=rate, b=shares)
    if asked.method == "rrp_optimization":
        return portfolio.rrp_optimization("Classic", b=shares)
    portfolio.wc_stats(box="n", ellip="n", q=asked.significance, seed=asked.problem.seed)
    return portfolio.wc_optimization(asked.aim, rf=rate, l=asked.aversion, Umu=options.Umu, Ucov=options.Ucov)


def clustered(asked: Asked) -> Mapping[str, float] | None:
    """Weights by name from one of its cluster models."""
    options = asked.options
    if len(asked.names) == 1:
        return {asked.names[0]: 1.0}
    lower, upper = finite_bounds(asked.region, "Riskfolio-Lib")
    portfolio = asked.library.HCPortfolio(
        returns=asked.returns(asked.unit),
        alpha=asked.significance,
        kappa=float(options.kappa),
        p_em=options.half_order,
        p_esm=options.half_order,
        w_max=asked.table(upper[None, :]).iloc[0],
        w_min=asked.table(np.maximum(lower, 0.0)[None, :]).iloc[0],
    )
    weights = portfolio.optimization(
        model=options.model,
        codependence=options.codependence,
        obj=asked.aim,
        rm=asked.code,
        rf=asked.rate / asked.unit,
        l=asked.aversion,
        method_mu="custom_mu",
        custom_mu=asked.table(asked.means[None, :] / asked.unit),
        method_cov="custom_cov",
        custom_cov=asked.covariance(asked.unit),
        linkage=options.linkage,
        k=options.k,
    )
    found: Mapping[str, float] = weights["weights"].to_dict()
    return found
