"""From returns and factors to exposures and contributions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from tangency.domain.errors import InvalidInput
from tangency.domain.factors.analysis import (
    SPECIFIC,
    AssetFactors,
    Attribution,
    Coefficient,
    Exposure,
    FactorFindings,
    Series,
    Totals,
    Window,
)
from tangency.domain.factors.regression import Errors, Regression, regress
from tangency.domain.numbers import Matrix, Vector, frozen


@dataclass(frozen=True, eq=False, slots=True)
class FactorSample:
    """Returns beside those of the factors, over one window.

    Attributes:
        names: of the assets.
        excess: the assets' returns over the risk-free rate; shape (T, n).
        factors: of the factors; shape (T, k).
        weights: of the portfolio; shape (n,). What they leave of 1 is cash, which has no excess return.
        benchmark: weights; shape (n,).
    """

    names: tuple[str, ...]
    dates: tuple[date, ...]
    excess: Matrix
    factor_names: tuple[str, ...]
    factors: Matrix
    periods_per_year: float
    weights: Vector
    benchmark: Vector | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Explained:
    """A combination of the assets, explained: portfolio, benchmark or the difference.

    Attributes:
        exposures: shape (k,).
        contributions: to the volatility, annual; shape (k + 1,), the specific one last.
        shares: of the volatility, or None where there is none.
        mean_parts: of the annual mean excess return; shape (k + 1,), alpha last.
    """

    exposures: Vector
    contributions: Vector
    shares: Vector | None
    mean_parts: Vector
    totals: Totals
    standard_errors: Vector
    t_statistics: Vector


def explain(sample: FactorSample, errors: Errors, lag: int | None = None) -> FactorFindings:
    """Regress every asset on the factors, and say what follows for the portfolio.

    Raises:
        InvalidInput: too few periods, or a factor that is a combination of the others.
    """
    least = len(sample.factor_names) + 2
    if len(sample.dates) < least:
        detail = f"leaves {len(sample.dates)} periods with every return; {least - 2} factors need at least {least}."
        raise InvalidInput.at(("factors",), detail, "too_few_rows")
    assets = regress(sample.excess, sample.factors, errors=errors, lag=lag, names=sample.factor_names)
    for what, values in (("factors", sample.factors), ("prices", sample.excess)):
        frozen(values, (what,))
    covariance = sample.periods_per_year * np.atleast_2d(np.cov(sample.factors, rowvar=False))
    portfolio = _explained(sample, covariance, assets, sample.weights, errors, lag)
    benchmark = active = None
    if sample.benchmark is not None:
        benchmark = _explained(sample, covariance, assets, sample.benchmark, errors, lag)
        active = _explained(sample, covariance, assets, sample.weights - sample.benchmark, errors, lag)
    return FactorFindings(
        window=Window(sample.dates[0], sample.dates[-1]),
        periods=len(sample.dates),
        periods_per_year=sample.periods_per_year,
        lag=assets.lag,
        exposures=tuple(_exposures(sample, portfolio, benchmark, active)),
        attribution=tuple(_attribution(sample, portfolio, active)),
        portfolio=portfolio.totals,
        benchmark=None if benchmark is None else benchmark.totals,
        active=None if active is None else active.totals,
        assets=tuple(_assets(sample, assets)),
        factor_covariance=_named(sample.factor_names, covariance),
        series=_series(sample, assets),
    )


def _explained(
    sample: FactorSample, covariance: Matrix, assets: Regression, weights: Vector, errors: Errors, lag: int | None
) -> Explained:
    returns, year = sample.excess @ weights, sample.periods_per_year
    own = regress(returns, sample.factors, errors=errors, lag=lag)
    exposures = assets.coefficients[1:] @ weights
    specific = year * float(np.var(assets.residuals @ weights, ddof=1))
    parts = np.append(exposures * (covariance @ exposures), specific)
    variance = max(float(parts.sum()), 0.0)
    sigma = np.sqrt(variance)
    alpha = year * float(assets.coefficients[0] @ weights)
    mean_parts = np.append(year * exposures * sample.factors.mean(axis=0), alpha)
    totals = Totals(
        volatility=float(sigma),
        factor_volatility=float(np.sqrt(max(float(parts[:-1].sum()), 0.0))),
        specific_volatility=float(np.sqrt(specific)),
        excess_return=year * float(returns.mean()),
        alpha=alpha,
        alpha_standard_error=_finite(year * own.standard_errors[0, 0]),
        alpha_t_statistic=_finite(own.t_statistics[0, 0]),
        r_squared=_finite(own.r_squared[0]),
    )
    contributions = parts / sigma if sigma > 0 else np.zeros_like(parts)
    shares = parts / variance if variance > 0 else None
    return Explained(
        exposures, contributions, shares, mean_parts, totals, own.standard_errors[1:, 0], own.t_statistics[1:, 0]
    )


def _exposures(
    sample: FactorSample, portfolio: Explained, benchmark: Explained | None, active: Explained | None
) -> Iterator[Exposure]:
    for place, factor in enumerate(sample.factor_names):
        yield Exposure(
            factor,
            float(portfolio.exposures[place]),
            None if benchmark is None else float(benchmark.exposures[place]),
            None if active is None else float(active.exposures[place]),
            _finite(portfolio.standard_errors[place]),
            _finite(portfolio.t_statistics[place]),
        )


def _attribution(sample: FactorSample, portfolio: Explained, active: Explained | None) -> Iterator[Attribution]:
    for place, factor in enumerate((*sample.factor_names, SPECIFIC)):
        own = _parts(portfolio, place)
        yield Attribution(factor, *own) if active is None else Attribution(factor, *own, *_parts(active, place))


def _parts(of: Explained, place: int) -> tuple[float, float | None, float]:
    share = None if of.shares is None else float(of.shares[place])
    return float(of.contributions[place]), share, float(of.mean_parts[place])


def _assets(sample: FactorSample, assets: Regression) -> Iterator[AssetFactors]:
    year, spread = sample.periods_per_year, assets.residuals.var(axis=0, ddof=1)
    for place, name in enumerate(sample.names):
        betas, deviations, ts = (
            figures[:, place] for figures in (assets.coefficients, assets.standard_errors, assets.t_statistics)
        )
        yield AssetFactors(
            name,
            float(sample.weights[place]),
            None if sample.benchmark is None else float(sample.benchmark[place]),
            alpha=year * float(betas[0]),
            alpha_standard_error=_finite(year * deviations[0]),
            alpha_t_statistic=_finite(ts[0]),
            r_squared=_finite(assets.r_squared[place]),
            specific_volatility=float(np.sqrt(year * spread[place])),
            coefficients=tuple(
                Coefficient(factor, float(beta), _finite(deviation), _finite(t))
                for factor, beta, deviation, t in zip(
                    sample.factor_names, betas[1:], deviations[1:], ts[1:], strict=True
                )
            ),
        )


def _series(sample: FactorSample, assets: Regression) -> Series:
    portfolio, specific = sample.excess @ sample.weights, assets.residuals @ sample.weights
    return Series(
        sample.dates,
        _listed(portfolio),
        None if sample.benchmark is None else _listed(sample.excess @ sample.benchmark),
        _listed(portfolio - specific),
        _listed(specific),
        {name: _listed(sample.factors[:, place]) for place, name in enumerate(sample.factor_names)},
    )


def _listed(values: Vector) -> tuple[float, ...]:
    return tuple(values.tolist())


def _named(names: tuple[str, ...], matrix: Matrix) -> dict[str, dict[str, float]]:
    return {name: dict(zip(names, row, strict=True)) for name, row in zip(names, matrix.tolist(), strict=True)}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
