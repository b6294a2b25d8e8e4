"""What an estimator refuses, and where it says that the mistake is."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tangency.adapters.entry_points.options import bind_options
from tangency.domain.errors import InvalidInput
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimator
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.market.universe import Universe
from tangency.plugins.estimators.comovement import Gerber
from tangency.plugins.estimators.conditional import Dcc, Garch
from tangency.plugins.estimators.eigenvalues import Denoised, Detoned
from tangency.plugins.estimators.factors import FactorRegression, StatisticalFactor, TimeSeriesFactor
from tangency.plugins.estimators.implied import ImpliedVolatility
from tangency.plugins.estimators.means import Capm, Equilibrium
from tangency.plugins.estimators.robust import GraphicalLasso, MinimumCovarianceDeterminant
from tests.support.samples import returns_of, sample_of, stock_returns

ROWS = returns_of(60, 3)
PATH = ("risk_parameters", "covariance_estimator", "options")
MEAN_PATH = ("risk_parameters", "expected_return_estimator", "options")
SERIES = [0.001 * t for t in range(60)]


@pytest.mark.parametrize(
    ("estimator", "options", "field"),
    [
        (Gerber, {"threshold": 1.5}, "threshold"),
        (Gerber, {"statistic": 3}, "statistic"),
        (Garch, {"horizon": 0}, "horizon"),
        (Garch, {"horizon": 10_001}, "horizon"),
        (Dcc, {"horizon": 10**18}, "horizon"),
        (Denoised, {"shrinkage": -0.1}, "shrinkage"),
        (Detoned, {"components": 0}, "components"),
        (StatisticalFactor, {"count": 0}, "count"),
        (TimeSeriesFactor, {"source": "fama_french_9"}, "source"),
        (ImpliedVolatility, {"volatilities": {"A0": -0.1}}, "volatilities"),
        (Capm, {"market_weights": {"A0": 1.0}, "benchmark": "A0"}, "benchmark"),
        (Equilibrium, {"risk_aversion": 0.0}, "risk_aversion"),
        (GraphicalLasso, {"penalty": 0.0}, "penalty"),
        (MinimumCovarianceDeterminant, {"support_fraction": 1.5}, "support_fraction"),
        (MinimumCovarianceDeterminant, {"seed": -1}, "seed"),
    ],
)
def test_a_value_without_a_meaning_is_refused_in_its_place(
    estimator: type[Estimator], options: Mapping[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        bind_options(estimator().options, options, PATH)
    assert caught.value.faults[0].path[: len(PATH) + 1] == (*PATH, field)


def test_a_horizon_of_every_day_in_forty_years_is_taken() -> None:
    farthest = covariance(Garch(), {"horizon": 10_000}, sample_of(ROWS))
    assert np.isfinite(np.asarray(farthest)).all()


def test_a_horizon_beyond_it_is_refused_with_its_value_and_the_range() -> None:
    with pytest.raises(InvalidInput, match=f"is {10**18}; give 1 to 10,000 periods"):
        bind_options(Dcc().options, {"horizon": 10**18}, PATH)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "both or neither of factors and source"),
        ({"factors": {"A": [0.1]}, "source": "fama_french_3"}, "both or neither of factors and source"),
        ({"source": "fama_french_3"}, "has None for first_month"),
        ({"source": "fama_french_3", "first_month": "2010-13"}, "has '2010-13' for first_month"),
        ({"factors": {"specific": SERIES}}, "has a factor 'specific'"),
    ],
)
def test_factors_without_a_meaning_are_refused(options: Mapping[str, object], said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        bind_options(TimeSeriesFactor().options, options, PATH)
    assert caught.value.faults[0].path == PATH


def covariance(estimator: Estimator, options: Mapping[str, object], sample: Scenarios) -> object:
    return estimator.covariance(sample, bind_options(estimator.options, options, PATH))


def mean(estimator: Estimator, options: Mapping[str, object], sample: Scenarios) -> Any:
    risk = DenseCovariance.of(np.cov(sample.returns.T))
    return estimator.mean(sample, risk, bind_options(estimator.options, options, MEAN_PATH))


@pytest.mark.parametrize(
    ("make", "said", "path"),
    [
        (
            lambda s: covariance(TimeSeriesFactor(), {"factors": {"MKT": SERIES[:59]}}, s),
            "has 59 periods",
            (*PATH, "factors", "MKT"),
        ),
        (
            lambda s: mean(FactorRegression(), {"factors": {"MKT": [*SERIES, 0.1]}}, s),
            "has 61 periods and the returns have 60",
            (*MEAN_PATH, "factors", "MKT"),
        ),
        (
            lambda s: covariance(TimeSeriesFactor(), {"factors": {"A": SERIES, "B": SERIES}}, s),
            "is constant or a combination of those before it",
            (*PATH, "factors"),
        ),
        (
            lambda s: covariance(TimeSeriesFactor(), {"source": "fama_french_3", "first_month": "2016-01"}, s),
            "60 months do not fit",
            (*PATH, "first_month"),
        ),
        (lambda s: covariance(StatisticalFactor(), {"count": 4}, s), "is 4, and there are 3 names", (*PATH, "count")),
        (
            lambda s: covariance(ImpliedVolatility(), {"volatilities": {"A0": 0.1}}, s),
            "no figure for A1, A2",
            (*PATH, "volatilities"),
        ),
        (
            lambda s: mean(Capm(), {"market_weights": {"A0": 0.5, "A1": 0.2, "A2": 0.2}}, s),
            "sum to 0.9",
            (*MEAN_PATH, "market_weights"),
        ),
        (lambda s: mean(Capm(), {"benchmark": "SPY"}, s), "'SPY' is not a name here", (*MEAN_PATH, "benchmark")),
        (
            lambda s: mean(Capm(), {"benchmark": SERIES[:10]}, s),
            "has 10 periods and the returns have 60",
            (*MEAN_PATH, "benchmark"),
        ),
        (lambda s: mean(Capm(), {"benchmark": [0.01] * 60}, s), "a market that never moves", MEAN_PATH[:2]),
    ],
)
def test_figures_that_do_not_fit_the_sample_are_refused_in_their_place(
    make: Callable[[Scenarios], object], said: str, path: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        make(sample_of(ROWS))
    assert caught.value.faults[0].path == path


def test_factors_line_up_with_the_rows_that_gaps_leave() -> None:
    factor = returns_of(60, 1, seed=9)[:, 0]
    gapped = np.column_stack([2.0 * factor, -0.5 * factor + 0.001])
    gapped[[3, 17, 40], [0, 1, 0]] = np.nan
    universe = Universe.of(["UP", "DOWN"])
    history = Market(universe, returns=Returns(universe, gapped)).history()
    assert history is not None
    found: Any = covariance(TimeSeriesFactor(), {"factors": {"MKT": factor.tolist()}}, history[0])
    np.testing.assert_allclose(found.model.loadings[:, 0], [2.0, -0.5], rtol=1e-10)


def test_scenarios_that_were_drawn_line_up_with_nothing() -> None:
    drawn = Scenarios(Universe.of(["A", "B", "C"]), ROWS)
    for options in ({"factors": {"MKT": SERIES}}, {"source": "fama_french_3", "first_month": "2010-01"}):
        with pytest.raises(InvalidInput, match="cannot be lined up with scenarios that a prior has drawn"):
            covariance(TimeSeriesFactor(), options, drawn)


def test_bundled_factors_are_those_months_in_fractions() -> None:
    frenchdata = pytest.importorskip("arch.data.frenchdata")
    table = frenchdata.load()
    months = table[(table.index.astype("int64") >= 201001) & (table.index.astype("int64") < 201501)] / 100
    assert len(months) == 60
    rows = np.column_stack([1.2 * months["Mkt-RF"] + months["RF"], months["SMB"] - months["HML"] + months["RF"]])
    sample = sample_of(rows, 12.0)
    options = {"source": "fama_french_3", "first_month": "2010-01"}
    found: Any = covariance(TimeSeriesFactor(), options, sample)
    assert found.model.factors == ("Mkt-RF", "SMB", "HML")
    np.testing.assert_allclose(found.model.loadings, [[1.2, 0.0, 0.0], [0.0, 1.0, -1.0]], atol=1e-10)
    np.testing.assert_allclose(mean(FactorRegression(), options, sample), 12.0 * rows.mean(axis=0), rtol=1e-9)


def test_a_benchmark_is_a_name_a_portfolio_or_a_series() -> None:
    rows = stock_returns()[:, :3]
    sample = sample_of(rows)
    by_name = mean(Capm(), {"benchmark": "A1"}, sample)
    by_weights = mean(Capm(), {"market_weights": {"A0": 0.0, "A1": 1.0, "A2": 0.0}}, sample)
    by_series = mean(Capm(), {"benchmark": rows[:, 1].tolist()}, sample)
    np.testing.assert_allclose(by_weights, by_name, rtol=1e-12)
    np.testing.assert_allclose(by_series, by_name, rtol=1e-10)
    assert by_name[1] == pytest.approx(252 * rows[:, 1].mean())
    fixed = mean(Capm(), {"benchmark": "A1", "market_risk_premium": 0.05, "risk_free_rate": 0.02}, sample)
    assert fixed[1] == pytest.approx(0.07)


def test_an_equilibrium_pays_the_market_its_premium() -> None:
    weights = {"A0": 0.5, "A1": 0.3, "A2": 0.2}
    options = {"market_weights": weights, "market_risk_premium": 0.06, "risk_free_rate": 0.01}
    means = mean(Equilibrium(), options, sample_of(ROWS))
    assert float(means @ np.array(list(weights.values()))) == pytest.approx(0.07)
