"""Each estimator against an independent implementation, on the real returns of twenty stocks."""

from typing import Any

import numpy as np
import pytest

from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimator
from tangency.domain.market.nearest_correlation import nearest_correlation
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.method import NoOptions
from tangency.plugins.estimators.comovement import Gerber, GerberOptions, Semi, SemiOptions, gerber_statistic
from tangency.plugins.estimators.conditional import ConditionalOptions, Dcc, Garch, most_likely_dynamics
from tangency.plugins.estimators.eigenvalues import Denoised, DenoisedOptions, Detoned, DetonedOptions, detoned
from tangency.plugins.estimators.factors import (
    FactorRegression,
    StatisticalFactor,
    StatisticalOptions,
    TimeSeriesFactor,
)
from tangency.plugins.estimators.implied import ImpliedOptions, ImpliedVolatility
from tangency.plugins.estimators.means import (
    Capm,
    CapmOptions,
    Compounded,
    Equilibrium,
    EquilibriumOptions,
)
from tangency.plugins.estimators.robust import (
    SEARCH,
    DeterminantOptions,
    GraphicalLasso,
    LassoOptions,
    MinimumCovarianceDeterminant,
)
from tangency.plugins.estimators.shrinkage import (
    LedoitWolfConstantCorrelation,
    LedoitWolfSingleFactor,
    OracleApproximating,
)
from tangency.plugins.estimators.shrunk_means import BayesStein, BayesSteinOptions, JamesStein, JamesSteinOptions
from tangency.plugins.kernels.correlations import apart
from tangency.plugins.kernels.factor_returns import FactorOptions
from tests.support.samples import DAYS, returns_of, sample_of, stock_returns

STOCKS = stock_returns()


def agree(ours: Matrix, theirs: Any) -> None:
    """To ten digits, and to rounding where a figure is zero."""
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


def covariance(estimator: Estimator, options: object, rows: Matrix = STOCKS) -> Matrix:
    made = estimator.covariance(sample_of(rows), options)
    assert made is not None
    return made if isinstance(made, np.ndarray) else made.dense()


def mean(estimator: Estimator, options: object, rows: Matrix = STOCKS) -> Vector:
    made = estimator.mean(sample_of(rows), DenseCovariance.of(DAYS * np.cov(rows.T)), options)
    assert made is not None
    return made


def frame(rows: Matrix = STOCKS) -> Any:
    return pytest.importorskip("pandas").DataFrame(rows, columns=[f"A{i}" for i in range(rows.shape[1])])


class TestScikitLearn:
    def test_oas(self) -> None:
        theirs = pytest.importorskip("sklearn.covariance").OAS().fit(STOCKS).covariance_
        agree(covariance(OracleApproximating(), NoOptions()), DAYS * theirs)

    @pytest.mark.parametrize("fraction", [None, 0.8])
    def test_minimum_covariance_determinant(self, fraction: float | None) -> None:
        peer = pytest.importorskip("sklearn.covariance").MinCovDet(support_fraction=fraction, random_state=3)
        rows = STOCKS[:400, :6]
        ours = covariance(MinimumCovarianceDeterminant(), DeterminantOptions(fraction, seed=3), rows)
        agree(ours, DAYS * peer.fit(rows).covariance_)

    def test_graphical_lasso(self) -> None:
        peer = pytest.importorskip("sklearn.covariance").GraphicalLasso
        raw = DAYS * peer(alpha=1e-5).fit(STOCKS).covariance_
        agree(covariance(GraphicalLasso(), LassoOptions(1e-5, standardise=False)), raw)
        spread = STOCKS.std(axis=0)
        unit = peer(alpha=0.1, **SEARCH).fit(STOCKS / spread).covariance_ * np.outer(spread, spread)
        agree(covariance(GraphicalLasso(), LassoOptions(0.1)), DAYS * unit)


class TestPyPortfolioOpt:
    @pytest.mark.parametrize("rows", [1260, 60, 15])
    def test_shrinkage(self, rows: int) -> None:
        peer = pytest.importorskip("pypfopt.risk_models").CovarianceShrinkage
        for estimator, target in (
            (LedoitWolfSingleFactor(), "single_factor"),
            (LedoitWolfConstantCorrelation(), "constant_correlation"),
        ):
            theirs = peer(frame(STOCKS[:rows]), returns_data=True, frequency=DAYS).ledoit_wolf(target).to_numpy()
            agree(covariance(estimator, NoOptions(), STOCKS[:rows]), theirs)

    def test_semicovariance_but_for_its_divisor(self) -> None:
        peer = pytest.importorskip("pypfopt.risk_models").semicovariance
        theirs = peer(frame(), returns_data=True, benchmark=1e-4, frequency=DAYS).to_numpy()
        ours = covariance(Semi(), SemiOptions(1e-4))
        agree(ours * (len(STOCKS) - 1) / len(STOCKS), theirs)

    def test_compounded_and_capm(self) -> None:
        peer = pytest.importorskip("pypfopt.expected_returns")
        theirs = peer.mean_historical_return(frame(), returns_data=True, compounding=True, frequency=DAYS)
        agree(mean(Compounded(), NoOptions()), theirs.to_numpy())
        theirs = peer.capm_return(frame(), returns_data=True, risk_free_rate=0.02, compounding=False, frequency=DAYS)
        agree(mean(Capm(), CapmOptions(risk_free_rate=0.02)), theirs.to_numpy())


class TestSkfolio:
    def test_shrunk_means(self) -> None:
        moments = pytest.importorskip("skfolio.moments")
        methods = moments.ShrunkMuMethods
        rows = STOCKS[:, :12]
        for ours, method, weighted in (
            (mean(JamesStein(), JamesSteinOptions(), rows), methods.JAMES_STEIN, False),
            (mean(JamesStein(), JamesSteinOptions("minimum_variance"), rows), methods.JAMES_STEIN, True),
            (mean(BayesStein(), BayesSteinOptions("grand_mean"), rows), methods.BAYES_STEIN, False),
            (mean(BayesStein(), BayesSteinOptions(), rows), methods.BAYES_STEIN, True),
        ):
            peer = moments.ShrunkMu(method=method, vol_weighted_target=weighted).fit(rows)
            if 0 <= peer.alpha_ <= 1:
                np.testing.assert_allclose(ours, DAYS * peer.mu_, rtol=1e-9)
            else:  # beyond the target: the positive part stops there
                np.testing.assert_allclose(ours, DAYS * peer.mu_target_, rtol=1e-9)

    def test_equilibrium(self) -> None:
        peer = pytest.importorskip("skfolio.moments").EquilibriumMu(risk_aversion=2.5).fit(STOCKS)
        agree(mean(Equilibrium(), EquilibriumOptions(risk_aversion=2.5)), DAYS * peer.mu_)

    def test_denoised_and_detoned(self) -> None:
        moments = pytest.importorskip("skfolio.moments")
        theirs = moments.DenoiseCovariance().fit(STOCKS).covariance_
        agree(covariance(Denoised(), DenoisedOptions()), DAYS * theirs)
        theirs = moments.DetoneCovariance(n_markets=2, nearest=False).fit(STOCKS).covariance_
        agree(covariance(Detoned(), DetonedOptions(2)), DAYS * theirs)

    @pytest.mark.parametrize(("statistic", "variant"), [(1, True), (2, False)])
    def test_gerber(self, statistic: Any, variant: bool) -> None:
        peer = pytest.importorskip("skfolio.moments").GerberCovariance(psd_variant=variant, higham=False)
        theirs = apart(peer.fit(STOCKS).covariance_)[1]
        agree(gerber_statistic(STOCKS, GerberOptions(statistic)), theirs)


def test_gerbers_original_by_counting() -> None:
    rows = returns_of(40, 3)
    limit = 0.5 * rows.std(axis=0)
    sides = np.where(rows >= limit, 1, np.where(rows <= -limit, -1, 0))
    statistic = gerber_statistic(rows, GerberOptions(0))
    for i in range(3):
        for j in range(3):
            both = [a * b for a, b in zip(sides[:, i], sides[:, j], strict=True) if a and b]
            assert statistic[i, j] == pytest.approx(sum(both) / len(both))


def test_a_gerber_that_is_no_correlation_is_repaired_and_says_how_far() -> None:
    rows = returns_of(12, 9, seed=4)
    options = GerberOptions(0)
    raw = gerber_statistic(rows, options)
    assert np.linalg.eigvalsh(raw)[0] < -0.01
    found = Gerber().covariance(sample_of(rows), options)
    assert found.repair is not None
    assert found.repair.distance > 1e-3
    np.testing.assert_allclose(apart(found.dense())[1], nearest_correlation(raw).values, atol=1e-9)


class TestArch:
    def test_garch(self) -> None:
        arch = pytest.importorskip("arch")
        rows = STOCKS[:, :3]
        fits = [arch.arch_model(column, rescale=True).fit(disp="off") for column in rows.T]
        variances = [
            fit.forecast(horizon=5, reindex=False).variance.to_numpy()[-1].mean() / fit.scale**2 for fit in fits
        ]
        correlations = np.corrcoef([fit.std_resid for fit in fits])
        expected = DAYS * correlations * np.sqrt(np.outer(variances, variances))
        agree(covariance(Garch(), ConditionalOptions(horizon=5), rows), expected)

    def test_dcc_is_the_most_likely_of_two_names(self) -> None:
        minimize = pytest.importorskip("scipy.optimize").minimize
        rng = np.random.default_rng(11)
        residuals = dcc_residuals(0.06, 0.9, 500, rng)

        def loss(at: Vector) -> float:  # the full likelihood of Engle (2002), equation 26, period by period
            average, total = np.corrcoef(residuals.T), 0.0
            current = average
            for row in residuals:
                spread = np.sqrt(np.diagonal(current))
                correlation = current / np.outer(spread, spread)
                total += np.linalg.slogdet(correlation)[1] + row @ np.linalg.solve(correlation, row)
                current = (1 - at.sum()) * average + at[0] * np.outer(row, row) + at[1] * current
            return float(total) / len(residuals)

        theirs = minimize(loss, (0.05, 0.85), bounds=[(0.001, 0.3), (0.5, 0.99)], method="Nelder-Mead", tol=1e-5)
        ours = most_likely_dynamics(residuals)
        np.testing.assert_allclose([ours.surprise, ours.past], theirs.x, atol=2e-4)
        assert ours.surprise == pytest.approx(0.06, abs=0.03)
        assert ours.past == pytest.approx(0.9, abs=0.06)

    def test_dcc_follows_correlations_that_have_risen(self) -> None:
        rng = np.random.default_rng(2)
        apart_, common = rng.normal(size=(400, 2)), rng.normal(size=(60, 1)) * np.ones(2)
        rows = 0.01 * np.vstack([apart_, common + 0.1 * rng.normal(size=(60, 2))])
        rising = apart(covariance(Dcc(), ConditionalOptions(), rows))[1][0, 1]
        assert rising > apart(covariance(Garch(), ConditionalOptions(), rows))[1][0, 1] + 0.2


def dcc_residuals(surprise: float, past: float, rows: int, rng: np.random.Generator) -> Matrix:
    """Drawn from a DCC of two names."""
    average = np.array([[1.0, 0.3], [0.3, 1.0]])
    current, drawn = average, np.empty((rows, 2))
    for t in range(rows):
        spread = np.sqrt(np.diagonal(current))
        drawn[t] = np.linalg.cholesky(current / np.outer(spread, spread)) @ rng.normal(size=2)
        current = (1 - surprise - past) * average + surprise * np.outer(drawn[t], drawn[t]) + past * current
    return drawn


def test_detoned_then_toned_again_is_the_original() -> None:
    correlations = np.asarray(np.corrcoef(STOCKS.T))
    for components in (1, 3):
        rest = detoned(correlations, components)
        np.testing.assert_allclose(rest.retoned, correlations, atol=1e-14)
        assert np.linalg.matrix_rank(rest.correlations, tol=1e-10) == 20 - components
    assert not np.allclose(detoned(correlations).correlations, correlations, atol=0.1)


def test_denoising_shrinks_only_what_is_noise() -> None:
    correlations = np.corrcoef(STOCKS.T)
    none, all_of_it = (
        apart(covariance(Denoised(), DenoisedOptions("targeted_shrinkage", shrinkage)))[1] for shrinkage in (0.0, 1.0)
    )
    np.testing.assert_allclose(all_of_it, correlations, atol=1e-12)
    assert np.linalg.norm(none - correlations) > 0.5
    np.testing.assert_allclose(covariance(Denoised(), DenoisedOptions()).diagonal(), DAYS * STOCKS.var(axis=0, ddof=1))


class TestFactors:
    def test_time_series_slopes_and_parts_are_those_of_least_squares(self) -> None:
        factors = {"MKT": STOCKS.mean(axis=1), "MOM": STOCKS[:, 0] - STOCKS[:, 1]}
        options = FactorOptions({name: tuple(values.tolist()) for name, values in factors.items()})
        found = TimeSeriesFactor().covariance(sample_of(STOCKS), options)
        design = np.column_stack([np.ones(len(STOCKS)), *factors.values()])
        slopes, *_ = np.linalg.lstsq(design, STOCKS, rcond=None)
        left = STOCKS - design @ slopes
        spread = np.cov(np.array(list(factors.values())))
        expected = slopes[1:].T @ spread @ slopes[1:] + np.diag(left.var(axis=0, ddof=1))
        agree(found.dense(), DAYS * expected)
        np.testing.assert_allclose(found.variances, DAYS * STOCKS.var(axis=0, ddof=1), rtol=1e-10)
        means = mean(FactorRegression(), options)
        agree(means, DAYS * np.array([f.mean() for f in factors.values()]) @ slopes[1:])

    def test_principal_components_keep_variances_and_the_largest_eigenvalues(self) -> None:
        found = StatisticalFactor().covariance(sample_of(STOCKS), StatisticalOptions(3))
        volatilities, correlations = apart(np.cov(STOCKS.T))
        eigenvalues, vectors = np.linalg.eigh(correlations)
        explained = (vectors[:, -3:] * eigenvalues[-3:]) @ vectors[:, -3:].T
        np.fill_diagonal(explained, 1.0)
        agree(found.dense(), DAYS * explained * np.outer(volatilities, volatilities))
        every = StatisticalFactor().covariance(sample_of(STOCKS), StatisticalOptions(20))
        np.testing.assert_allclose(every.dense(), DAYS * np.cov(STOCKS.T), rtol=1e-9)

    def test_noise_has_one_component_and_two_blocks_have_two(self) -> None:
        rng = np.random.default_rng(5)
        blocks = np.repeat(rng.normal(size=(500, 2)), 6, axis=1) + 0.7 * rng.normal(size=(500, 12))
        for rows, count in ((rng.normal(size=(500, 12)), 1), (blocks, 2)):
            found: Any = StatisticalFactor().covariance(sample_of(0.01 * rows), StatisticalOptions())
            assert len(found.model.factors) == count


def test_implied_volatilities_with_the_correlations_of_history() -> None:
    rows = STOCKS[:, :3]
    found = covariance(ImpliedVolatility(), ImpliedOptions({"A2": 0.4, "A0": 0.2, "A1": 0.3}), rows)
    volatilities, correlations = apart(found)
    np.testing.assert_allclose(volatilities, [0.2, 0.3, 0.4], rtol=1e-12)
    np.testing.assert_allclose(correlations, np.corrcoef(rows.T), rtol=1e-10)
