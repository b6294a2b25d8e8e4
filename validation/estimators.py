"""Estimates beside those of the library that has the same estimator, from the same five years."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Literal, TypeAlias

import numpy as np

from tangency import EstimatorChoice
from tangency.domain.market.market import Needs
from validation.case import PLUGINS
from validation.sample import DAYS, TRADING_DAYS, Array, frame, market, names, price_frame, returns

Peer: TypeAlias = Callable[[], Array]
"""Annual means (n,), covariances (n, n), or the probabilities of the days (T,)."""
What: TypeAlias = Literal["mean", "covariance", "prior"]


@dataclass(frozen=True)
class Estimation:
    """One estimator at one set of options.

    Attributes:
        remarks: by peer, why it differs where its definition does.
    """

    name: str
    what: What
    peers: Mapping[str, Peer]
    options: Mapping[str, object] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """Ours and one peer's.

    Attributes:
        difference: the largest of an entry, relative to the peer's largest entry.
    """

    name: str
    what: str
    options: Mapping[str, object]
    peer: str
    difference: float
    remark: str


def compared(case: Estimation) -> Iterator[Row]:
    """A row per peer."""
    ours = estimated(case)
    for peer, answer in case.peers.items():
        began = perf_counter()
        theirs = np.asarray(answer(), dtype=float)
        print(f"  {case.name}: {peer} in {perf_counter() - began:.1f} s", flush=True)
        difference = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
        yield Row(case.name, case.what, case.options, peer, difference, case.remarks.get(peer, ""))


def estimated(case: Estimation) -> Array:
    """Ours, annual."""
    asked = replace(market(), **{_FIELDS[case.what]: EstimatorChoice(case.name, case.options)})  # type: ignore[arg-type]
    found = asked.estimate(PLUGINS.find_estimator, PLUGINS.bind_options, Needs(mean=True, scenarios=True))
    if case.what == "prior":
        return found.required_scenarios("the comparison").weights
    return found.required_mean("the comparison") if case.what == "mean" else found.covariance.dense()


_FIELDS: Mapping[What, str] = {"mean": "mean_estimator", "covariance": "covariance_estimator", "prior": "prior"}


def cases() -> Iterator[Estimation]:
    """Every estimator that somebody else has too."""
    yield from _plain()
    yield from _shrunk()
    yield from _means()
    yield from _structured()
    yield Estimation("garch", "covariance", {"arch": lambda: _arch()})
    yield from _regressed()
    yield from _priors()


def _plain() -> Iterator[Estimation]:
    yield Estimation(
        "sample",
        "covariance",
        {
            "PyPortfolioOpt": lambda: _pypfopt_risk("sample_cov", frame(), returns_data=True),
            "skfolio": lambda: _skfolio("EmpiricalCovariance"),
            "numpy": lambda: TRADING_DAYS * np.cov(returns(), rowvar=False),
        },
    )
    yield Estimation("sample", "mean", {"numpy": lambda: TRADING_DAYS * returns().mean(axis=0)})
    yield Estimation(
        "ewma",
        "covariance",
        {
            "pandas": lambda: TRADING_DAYS * frame().ewm(halflife=60.0).cov().to_numpy()[-len(names()) :],
            "PyPortfolioOpt": lambda: _pypfopt_risk("exp_cov", frame(), returns_data=True, span=_SPAN),
            "skfolio": lambda: _skfolio("EWCovariance", half_life=60.0),
        },
        {"half_life": 60.0},
        {
            "PyPortfolioOpt": "centred on the plain mean, and not corrected for bias",
            "skfolio": "assumes a mean of zero, and does not correct for bias",
        },
    )
    yield Estimation(
        "ewma", "mean", {"pandas": lambda: TRADING_DAYS * frame().ewm(halflife=60.0).mean().to_numpy()[-1]}
    )
    yield Estimation(
        "semi",
        "covariance",
        {"PyPortfolioOpt": lambda: _pypfopt_risk("semicovariance", frame(), returns_data=True, benchmark=0.0)},
        {"threshold": 0.0},
        {"PyPortfolioOpt": "divides by T, we by T - 1"},
    )
    divisor = "its variances have divisor T, ours T - 1"
    yield Estimation(
        "gerber",
        "covariance",
        {
            "skfolio": lambda: _skfolio("GerberCovariance", psd_variant=True),
            "Riskfolio-Lib": lambda: _riskfolio_gerber(),
        },
        {"statistic": 1},
        {"skfolio": divisor, "Riskfolio-Lib": divisor},
    )


_SPAN = 2.0 / (1.0 - 0.5 ** (1.0 / 60.0)) - 1.0
"""Of a half-life of 60, as pandas defines it."""


def _shrunk() -> Iterator[Estimation]:
    yield Estimation(
        "ledoit_wolf",
        "covariance",
        {
            "scikit-learn": lambda: _sklearn("LedoitWolf"),
            "PyPortfolioOpt": lambda: _pypfopt_shrunk("constant_variance"),
            "skfolio": lambda: _skfolio("LedoitWolf"),
        },
    )
    for ours, theirs in (
        ("ledoit_wolf_single_factor", "single_factor"),
        ("ledoit_wolf_constant_correlation", "constant_correlation"),
    ):
        yield Estimation(ours, "covariance", {"PyPortfolioOpt": lambda target=theirs: _pypfopt_shrunk(target)})  # type: ignore[misc]
    yield Estimation("oas", "covariance", {"scikit-learn": lambda: _sklearn("OAS"), "skfolio": lambda: _skfolio("OAS")})
    yield Estimation(
        "minimum_covariance_determinant",
        "covariance",
        {"scikit-learn": lambda: _sklearn("MinCovDet", random_state=0)},
    )
    yield Estimation(
        "graphical_lasso",
        "covariance",
        {"scikit-learn": lambda: _sklearn("GraphicalLasso", alpha=1e-5)},
        {"penalty": 1e-5, "standardise": False},
    )
    yield Estimation(
        "graphical_lasso",
        "covariance",
        {"scikit-learn": lambda: _sklearn_lasso(0.1)},
        {"penalty": 0.1, "standardise": True},
        {"scikit-learn": "its search stops at 1e-4 by default, ours on correlations goes on"},
    )


def _means() -> Iterator[Estimation]:
    yield Estimation("compounded", "mean", {"PyPortfolioOpt": lambda: _pypfopt_mean("mean_historical_return")})
    yield Estimation(
        "capm",
        "mean",
        {"PyPortfolioOpt": lambda: _pypfopt_mean("capm_return", risk_free_rate=0.02, compounding=False)},
        {"risk_free_rate": 0.02},
    )
    yield Estimation(
        "equilibrium", "mean", {"skfolio": lambda: _skfolio_mean("EquilibriumMu", risk_aversion=2.5)},
        {"risk_aversion": 2.5},
    )  # fmt: skip
    yield Estimation("james_stein", "mean", {"skfolio": lambda: _skfolio_shrunk_mean("JAMES_STEIN")})
    yield Estimation(
        "bayes_stein",
        "mean",
        {"skfolio": lambda: _skfolio_shrunk_mean("BAYES_STEIN")},
        {"target": "grand_mean"},
    )


def _structured() -> Iterator[Estimation]:
    yield Estimation(
        "denoised",
        "covariance",
        {"skfolio": lambda: _skfolio("DenoiseCovariance"), "Riskfolio-Lib": lambda: _riskfolio_denoised("fixed")},
    )
    yield Estimation(
        "detoned",
        "covariance",
        {"skfolio": lambda: _skfolio("DetoneCovariance")},
    )
    yield Estimation("statistical_factor", "covariance", {"numpy": lambda: _components(3)}, {"count": 3})


def _regressed() -> Iterator[Estimation]:
    """On the average of all names, as a market."""
    even = {"factors": {"market": returns().mean(axis=1).tolist()}}
    yield Estimation("factor_regression", "mean", {"statsmodels": lambda: _regression_means()}, even)
    yield Estimation("time_series_factor", "covariance", {"statsmodels": lambda: _regression_moments()}, even)
    volatilities = {name: 0.2 + 0.01 * place for place, name in enumerate(names())}
    yield Estimation(
        "implied_volatility",
        "covariance",
        {"numpy": lambda: np.corrcoef(returns(), rowvar=False) * _outer(volatilities)},
        {"volatilities": volatilities},
    )


def _priors() -> Iterator[Estimation]:
    precision = {"skfolio": "to the precision of its search; ours closes its gap to 1e-10"}
    views = ["AAPL = 0.5", "XOM - CVX >= 0.1"]
    yield Estimation("entropy_pooling", "prior", {"skfolio": lambda: _skfolio_entropy()}, {"views": views}, precision)
    opinions = [{"weight": 0.4, "views": ["AAPL = 0.5"]}, {"weight": 0.25, "views": ["AAPL = -0.1"]}]
    yield Estimation(
        "opinion_pooling", "prior", {"skfolio": lambda: _skfolio_opinions()}, {"opinions": opinions}, precision
    )


# --- peers --------------------------------------------------------------------------------------------------------


def _pypfopt_risk(name: str, data: Any, **options: Any) -> Array:
    from pypfopt import risk_models

    return np.array(getattr(risk_models, name)(data, frequency=TRADING_DAYS, **options))


def _pypfopt_shrunk(target: str) -> Array:
    from pypfopt.risk_models import CovarianceShrinkage

    return np.array(CovarianceShrinkage(frame(), returns_data=True).ledoit_wolf(target))


def _pypfopt_mean(name: str, **options: Any) -> Array:
    from pypfopt import expected_returns

    return np.array(getattr(expected_returns, name)(price_frame(), **options))


def _sklearn(name: str, **options: Any) -> Array:
    import sklearn.covariance

    fitted = getattr(sklearn.covariance, name)(**options).fit(returns())
    return np.array(TRADING_DAYS * fitted.covariance_)


def _sklearn_lasso(penalty: float) -> Array:
    from sklearn.covariance import graphical_lasso

    moments = np.cov(returns(), rowvar=False, bias=True)
    scale = np.sqrt(np.diag(moments))
    found, _ = graphical_lasso(moments / np.outer(scale, scale), penalty)
    return np.array(TRADING_DAYS * found * np.outer(scale, scale))


def _skfolio(name: str, **options: Any) -> Array:
    import skfolio.moments

    return np.array(TRADING_DAYS * getattr(skfolio.moments, name)(**options).fit(frame()).covariance_)


def _skfolio_mean(name: str, **options: Any) -> Array:
    import skfolio.moments

    return np.array(TRADING_DAYS * getattr(skfolio.moments, name)(**options).fit(frame()).mu_)


def _skfolio_shrunk_mean(method: str) -> Array:
    from skfolio.moments import ShrunkMuMethods

    return _skfolio_mean("ShrunkMu", method=ShrunkMuMethods[method])


def _riskfolio_denoised(kind: str) -> Array:
    from riskfolio import ParamsEstimation

    return np.array(TRADING_DAYS * ParamsEstimation.covar_matrix(frame(), method=kind))


def _riskfolio_gerber() -> Array:
    from riskfolio import GerberStatistic

    return np.array(TRADING_DAYS * GerberStatistic.gerber_cov_stat1(frame(), 0.5))


def _skfolio_entropy() -> Array:
    from skfolio.prior import EntropyPooling

    views = [f"AAPL == {0.5 / TRADING_DAYS}", f"XOM - CVX >= {0.1 / TRADING_DAYS}"]
    return np.array(EntropyPooling(mean_views=views).fit(frame()).return_distribution_.sample_weight)


def _skfolio_opinions() -> Array:
    from skfolio.prior import EntropyPooling, OpinionPooling

    bull, bear = (EntropyPooling(mean_views=[f"AAPL == {view / TRADING_DAYS}"]) for view in (0.5, -0.1))
    pool = OpinionPooling([("bull", bull), ("bear", bear)], opinion_probabilities=[0.4, 0.25])
    return np.array(pool.fit(frame()).return_distribution_.sample_weight)


def _outer(volatilities: Mapping[str, float]) -> Array:
    values = np.array(list(volatilities.values()))
    return np.outer(values, values)


def _regressions() -> tuple[Array, list[Any]]:
    from statsmodels.api import OLS, add_constant

    factor = returns().mean(axis=1)
    return factor, [OLS(column, add_constant(factor)).fit() for column in returns().T]


def _regression_means() -> Array:
    factor, found = _regressions()
    return np.array([TRADING_DAYS * fit.params[1] * factor.mean() for fit in found])


def _regression_moments() -> Array:
    """Every divisor is T - 1, that of the residuals too, so that each name keeps its variance."""
    factor, found = _regressions()
    betas, own = np.array([fit.params[1] for fit in found]), np.array([fit.ssr / (DAYS - 1) for fit in found])
    return np.array(TRADING_DAYS * (np.outer(betas, betas) * factor.var(ddof=1) + np.diag(own)))


def _components(count: int) -> Array:
    """Principal components of the correlations, and what they leave of each variance on the diagonal."""
    moments = TRADING_DAYS * np.cov(returns(), rowvar=False)
    scale = np.sqrt(np.diag(moments))
    _, s, vt = np.linalg.svd((returns() - returns().mean(axis=0)) / returns().std(axis=0, ddof=1), full_matrices=False)
    common = (vt[:count].T * s[:count] ** 2 / (DAYS - 1)) @ vt[:count]
    np.fill_diagonal(common, 1.0)
    return np.array(common * np.outer(scale, scale))


def _arch() -> Array:
    """Each name's own model, and the correlations of what it leaves."""
    from arch import arch_model

    variances, residuals = [], []
    for column in returns().T:
        fitted = arch_model(column, rescale=True).fit(disp="off")
        variances.append(fitted.forecast(horizon=1).variance.to_numpy()[-1, 0] / fitted.scale**2)
        residuals.append(fitted.std_resid)
    scale = np.sqrt(np.array(variances))
    return np.array(TRADING_DAYS * np.corrcoef(residuals) * np.outer(scale, scale))
