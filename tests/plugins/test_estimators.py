"""Each estimator against a peer, and the algebra that names the difference where the peers differ."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.errors import InvalidInput
from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.market.estimates import Estimator, EstimatorChoice
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix
from tangency.domain.optimization.method import NoOptions
from tangency.plugins.ewma import Ewma, EwmaOptions
from tangency.plugins.ledoit_wolf import LedoitWolf
from tangency.plugins.sample import Sample

DAYS = 252.0
ESTIMATORS: list[tuple[Estimator, object]] = [
    (Sample(), NoOptions()),
    (Ewma(), EwmaOptions(half_life=25.0)),
    (LedoitWolf(), NoOptions()),
]


def returns_of(rows: int, names: int, seed: int = 7, scale: float = 0.01) -> Matrix:
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(rows, 1))
    drawn: Matrix = scale * (0.05 + factor + rng.normal(size=(rows, names)))
    return drawn


def sample_of(rows: Matrix, per_year: float = DAYS) -> Scenarios:
    return Scenarios(Universe.of([f"A{i}" for i in range(rows.shape[1])]), rows, None, per_year)


NO_COVARIANCE = DenseCovariance.of([[0.0]])
"""For estimators of means that take no notice of it."""


def covariance_of(estimator: Estimator, rows: Matrix, options: object) -> Matrix:
    moments = estimator.covariance(sample_of(rows), options)
    assert isinstance(moments, np.ndarray)
    return moments


def test_sample_moments_are_numpys_times_the_periods_per_year() -> None:
    rows = returns_of(60, 5)
    means = Sample().mean(sample_of(rows), NO_COVARIANCE, NoOptions())
    np.testing.assert_allclose(means, DAYS * rows.mean(axis=0), rtol=1e-15)
    np.testing.assert_allclose(covariance_of(Sample(), rows, NoOptions()), DAYS * np.cov(rows.T), rtol=1e-13)


@pytest.mark.parametrize(("rows", "names"), [(40, 5), (250, 30), (20, 50), (3, 2), (30, 1)])
@pytest.mark.parametrize("scale", [1.0, 0.01, 1e-6])
def test_ledoit_wolf_is_scikit_learns(rows: int, names: int, scale: float) -> None:
    covariance = pytest.importorskip("sklearn.covariance")
    drawn = returns_of(rows, names, scale=scale)
    expected, _shrinkage = covariance.ledoit_wolf(drawn)
    ours = covariance_of(LedoitWolf(), drawn, NoOptions())
    np.testing.assert_allclose(ours, DAYS * expected, rtol=1e-12, atol=1e-12 * DAYS * scale**2)


def test_ledoit_wolf_of_more_names_than_rows_needs_no_repair() -> None:
    rows = returns_of(20, 50)
    assert DenseCovariance.of(covariance_of(Sample(), rows, NoOptions())).repair is not None
    assert DenseCovariance.of(covariance_of(LedoitWolf(), rows, NoOptions())).repair is None


def test_ewma_is_pandas_unbiased_exponential_covariance() -> None:
    pandas = pytest.importorskip("pandas")
    rows, options = returns_of(90, 4), EwmaOptions(half_life=20.0)
    weighted = pandas.DataFrame(rows).ewm(halflife=20.0, adjust=True)
    np.testing.assert_allclose(
        Ewma().mean(sample_of(rows), NO_COVARIANCE, options), DAYS * weighted.mean().iloc[-1], rtol=1e-12
    )
    last = weighted.cov(bias=False).loc[len(rows) - 1].to_numpy()
    np.testing.assert_allclose(covariance_of(Ewma(), rows, options), DAYS * last, rtol=1e-12)


def test_the_difference_to_pyportfolioopt_is_its_centre_and_its_divisor() -> None:
    pandas, risk_models = pytest.importorskip("pandas"), pytest.importorskip("pypfopt.risk_models")
    rows, span = returns_of(90, 4), 40
    half_life = -math.log(2) / math.log(1 - 2 / (span + 1))
    theirs = risk_models.exp_cov(pandas.DataFrame(rows), returns_data=True, span=span, frequency=DAYS).to_numpy()

    options = EwmaOptions(half_life)
    counts = 0.5 ** (np.arange(len(rows))[::-1] / half_life)
    probabilities = counts / counts.sum()
    apart = Ewma().mean(sample_of(rows, 1.0), NO_COVARIANCE, options) - rows.mean(axis=0)
    biased = (1 - probabilities @ probabilities) * covariance_of(Ewma(), rows, options)
    np.testing.assert_allclose(theirs, biased + DAYS * np.outer(apart, apart), rtol=1e-10)


def test_ewma_with_a_long_memory_is_the_sample() -> None:
    rows, options = returns_of(50, 3), EwmaOptions(half_life=1e9)
    np.testing.assert_allclose(
        covariance_of(Ewma(), rows, options), covariance_of(Sample(), rows, NoOptions()), rtol=1e-6
    )


def test_ewma_forgets_the_past() -> None:
    calm, wild = returns_of(200, 2, seed=1), 10 * returns_of(200, 2, seed=2)
    options = EwmaOptions(half_life=10.0)
    after = covariance_of(Ewma(), np.vstack([wild, calm]), options)
    before = covariance_of(Ewma(), np.vstack([calm, wild]), options)
    assert after[0, 0] < 0.02 * before[0, 0]


@pytest.mark.parametrize("half_life", [0.0, -1.0, 0.99, math.inf, math.nan])
def test_a_half_life_without_meaning_is_refused(half_life: float) -> None:
    with pytest.raises(InvalidInput, match="half_life: is") as caught:
        EwmaOptions(half_life)
    assert caught.value.faults[0].path == ("half_life",)


@pytest.mark.parametrize(("estimator", "options"), ESTIMATORS, ids=lambda value: type(value).__name__)
@given(seed=st.integers(0, 2**16), rows=st.integers(2, 12), names=st.integers(1, 6))
def test_an_estimated_covariance_is_one(
    estimator: Estimator, options: object, seed: int, rows: int, names: int
) -> None:
    drawn = returns_of(rows, names, seed)
    drawn[:, -1] = drawn[:, 0]  # a duplicated name is the common degenerate case
    moments = covariance_of(estimator, drawn, options)
    assert moments.shape == (names, names)
    assert DenseCovariance.of(moments).size == names


@pytest.mark.parametrize(("estimator", "options"), ESTIMATORS, ids=lambda value: type(value).__name__)
def test_permuting_the_names_permutes_the_moments(estimator: Estimator, options: object) -> None:
    rows, order = returns_of(40, 6), np.array([3, 1, 5, 0, 4, 2])
    moments = covariance_of(estimator, rows, options)
    np.testing.assert_allclose(
        covariance_of(estimator, rows[:, order], options), moments[np.ix_(order, order)], rtol=1e-12
    )


@pytest.mark.parametrize(("estimator", "options"), ESTIMATORS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("exponent", [-40, 40])
def test_scaling_the_returns_scales_the_moments(estimator: Estimator, options: object, exponent: int) -> None:
    rows, scale = returns_of(40, 6), 2.0**exponent
    moments = covariance_of(estimator, rows, options)
    np.testing.assert_allclose(covariance_of(estimator, rows * scale, options), moments * scale**2, rtol=1e-13)


@pytest.mark.parametrize(("estimator", "options"), ESTIMATORS, ids=lambda value: type(value).__name__)
def test_a_name_that_never_moves_has_no_variance_of_its_own(estimator: Estimator, options: object) -> None:
    rows = returns_of(30, 3)
    rows[:, 1] = 0.0
    moments = covariance_of(estimator, rows, options)
    assert np.isfinite(moments).all()
    if not isinstance(estimator, LedoitWolf):  # which lends it some of the mean variance
        assert moments[1, 1] == 0.0


def test_asking_ledoit_wolf_for_means_is_an_error_that_says_so() -> None:
    universe = Universe.of(["A", "B"])
    choice = EstimatorChoice("ledoit_wolf")
    market = Market(universe, returns=Returns(universe, returns_of(20, 2)), mean_estimator=choice)
    with pytest.raises(InvalidInput, match="'ledoit_wolf' estimates no means") as caught:
        market.estimate(lambda _name, _path: LedoitWolf() if _name == "ledoit_wolf" else Sample(), _no_options)
    assert caught.value.faults[0].path == ("risk_parameters", "expected_return_estimator")


def _no_options(_options: type, _asked: object, _path: object) -> object:
    return NoOptions()
