"""The laws that every installed estimator obeys, on sound returns and on degenerate ones."""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

import numpy as np
import pytest

from tangency.adapters.entry_points.options import bind_options
from tangency.domain.errors import InvalidInput
from tangency.domain.market.covariance import Covariance, DenseCovariance
from tangency.domain.market.estimates import Estimator
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.numbers import Matrix, Vector
from tangency.plugins.sample import Sample
from tests.support.samples import returns_of, sample_of

FOUND = {point.name: point.load() for point in entry_points(group="tangency.estimators")}
COVARIANCES = sorted(name for name, kind in FOUND.items() if kind.covariance is not Estimator.covariance)
MEANS = sorted(name for name, kind in FOUND.items() if kind.mean is not Estimator.mean)
ROWS = 80

UNSCALED = {"compounded", "implied_volatility", "equilibrium", "capm", "factor_regression"}
"""Growth is not proportional to returns, and figures stated in options do not move with them."""
LOOSE = {"garch": 2e-3, "dcc": 2e-2, "minimum_covariance_determinant": 1e-6, "graphical_lasso": 1e-6}
"""Searches end near the best, not at it: a likelihood is flat there."""

Sampled = Callable[[], Matrix]


def options_of(estimator: Estimator, rows: int, names: int) -> object:
    """What an estimator cannot do without, and defaults for the rest."""
    factors = returns_of(rows, 2, seed=99)
    needed: dict[str, dict[str, Any]] = {
        "implied_volatility": {"volatilities": {f"A{i}": 0.1 + 0.02 * i for i in range(names)}},
        "factor_regression": {"factors": {"MKT": factors[:, 0].tolist(), "HML": factors[:, 1].tolist()}},
        "time_series_factor": {"factors": {"MKT": factors[:, 0].tolist(), "HML": factors[:, 1].tolist()}},
        "semi": {"threshold": None},
    }
    return bind_options(estimator.options, needed.get(estimator.name, {}))


def covariance(name: str, rows: Matrix, options: object = None) -> Covariance:
    """As a market makes it: factorable, or refused."""
    estimator: Estimator = FOUND[name]()
    made = estimator.covariance(sample_of(rows), options or options_of(estimator, *rows.shape))
    assert made is not None
    return DenseCovariance.of(made) if isinstance(made, np.ndarray) else made


def mean(name: str, rows: Matrix) -> Vector:
    estimator: Estimator = FOUND[name]()
    sample = sample_of(rows)
    risk = DenseCovariance.of(np.asarray(Sample().covariance(sample, None)))
    made = estimator.mean(sample, risk, options_of(estimator, *rows.shape))
    assert made is not None
    return made


def test_every_estimator_is_tried() -> None:
    assert {"sample", "ewma", "ledoit_wolf", "gerber", "dcc", "statistical_factor"} <= set(COVARIANCES)
    assert {"sample", "ewma", "compounded", "capm", "james_stein"} <= set(MEANS)
    assert all(kind.citation and kind.__doc__ for kind in FOUND.values())


@pytest.mark.parametrize("name", COVARIANCES)
def test_permuting_the_names_permutes_the_covariance(name: str) -> None:
    rows, order = returns_of(ROWS, 5), [3, 1, 4, 0, 2]
    options = options_of(FOUND[name](), ROWS, 5)
    if name == "implied_volatility":  # figures by name stay with their names, which keep their places here
        options = bind_options(FOUND[name].options, {"volatilities": {f"A{i}": 0.2 for i in range(5)}})
    straight, turned = covariance(name, rows, options), covariance(name, rows[:, order], options)
    tolerance = {"graphical_lasso": 1e-6, "dcc": 1e-4}.get(name, 1e-8)
    np.testing.assert_allclose(turned.dense(), straight.dense()[np.ix_(order, order)], rtol=tolerance, atol=1e-12)


@pytest.mark.parametrize("name", MEANS)
def test_permuting_the_names_permutes_the_means(name: str) -> None:
    rows, order = returns_of(ROWS, 5), [3, 1, 4, 0, 2]
    np.testing.assert_allclose(mean(name, rows[:, order]), mean(name, rows)[order], rtol=1e-9)


@pytest.mark.parametrize("name", [name for name in COVARIANCES if name not in UNSCALED])
@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e3])
def test_scaling_the_returns_scales_the_covariance(name: str, scale: float) -> None:
    rows = returns_of(ROWS, 4, scale=1e-4)
    options = options_of(FOUND[name](), ROWS, 4)
    scaled = covariance(name, rows * scale, options).dense() / scale**2
    expected = covariance(name, rows, options).dense()
    np.testing.assert_allclose(scaled, expected, rtol=LOOSE.get(name, 1e-9), atol=LOOSE.get(name, 1e-9) * 1e-6)


@pytest.mark.parametrize("name", [name for name in MEANS if name not in UNSCALED])
@pytest.mark.parametrize("scale", [1e-12, 1e3])
def test_scaling_the_returns_scales_the_means(name: str, scale: float) -> None:
    rows = returns_of(ROWS, 4, scale=1e-4)
    np.testing.assert_allclose(mean(name, rows * scale) / scale, mean(name, rows), rtol=1e-8)


def few_rows() -> Matrix:
    return returns_of(6, 9)


def two_rows() -> Matrix:
    return returns_of(2, 3)


def twins() -> Matrix:
    rows = returns_of(ROWS, 4)
    rows[:, 3] = rows[:, 0]
    return rows


def perfectly_correlated() -> Matrix:
    rows = returns_of(ROWS, 2)
    rows[:, 1] = 0.001 - 2.5 * rows[:, 0]
    return rows


def riskless() -> Matrix:
    rows = returns_of(ROWS, 4)
    rows[:, 1] = 1e-4
    return rows


def all_riskless() -> Matrix:
    return np.full((ROWS, 3), 1e-4)


def one_name() -> Matrix:
    return returns_of(ROWS, 1)


def huge() -> Matrix:
    return np.abs(returns_of(ROWS, 3, scale=1e4))


def tiny() -> Matrix:
    return returns_of(ROWS, 3, scale=1e-14)


DEGENERATE: list[Sampled] = [
    few_rows,
    two_rows,
    twins,
    perfectly_correlated,
    riskless,
    all_riskless,
    one_name,
    huge,
    tiny,
]

REFUSES = {
    "minimum_covariance_determinant": {few_rows, two_rows, twins, perfectly_correlated},
    "detoned": {one_name, perfectly_correlated, two_rows},
    "garch": {few_rows, two_rows},
    "dcc": {few_rows, two_rows},
    "time_series_factor": {two_rows},
    "factor_regression": {two_rows},
    "compounded": {huge},
    "capm": {all_riskless},
}
"""What an estimator has no meaning for; everything else it answers."""


@pytest.mark.parametrize("degenerate", DEGENERATE, ids=lambda case: case.__name__)
@pytest.mark.parametrize("name", COVARIANCES)
def test_degenerate_returns_have_a_covariance_or_a_reason(name: str, degenerate: Sampled) -> None:
    rows = degenerate()
    if degenerate in REFUSES.get(name, set()):
        with pytest.raises(InvalidInput):
            covariance(name, rows)
        return
    found = covariance(name, rows)
    dense = found.dense()
    assert np.isfinite(dense).all()
    assert np.array_equal(dense, dense.T)
    assert (found.variances >= 0).all()
    np.testing.assert_allclose(found.factor() @ found.factor().T, dense, rtol=1e-6, atol=1e-10 * dense.max())


@pytest.mark.parametrize("degenerate", DEGENERATE, ids=lambda case: case.__name__)
@pytest.mark.parametrize("name", MEANS)
def test_degenerate_returns_have_means_or_a_reason(name: str, degenerate: Sampled) -> None:
    rows = degenerate()
    if degenerate in REFUSES.get(name, set()):
        with pytest.raises(InvalidInput):
            mean(name, rows)
        return
    found = mean(name, rows)
    assert found.shape == (rows.shape[1],)
    assert np.isfinite(found).all()


KEEP_NOTHING_STILL = {"ledoit_wolf", "oas", "implied_volatility"}
"""The first two lend every name some of the mean variance; the last takes what is stated."""


@pytest.mark.parametrize("name", [name for name in COVARIANCES if name not in KEEP_NOTHING_STILL])
def test_a_name_that_never_moves_has_no_variance(name: str) -> None:
    found = covariance(name, riskless())
    assert found.variances[1] <= 1e-10 * found.variances[0]


def weighted(rows: Matrix) -> Scenarios:
    sample = sample_of(rows)
    probabilities = np.arange(1.0, len(rows) + 1)
    return Scenarios(
        sample.universe, sample.returns, probabilities / probabilities.sum(), sample.periods_per_year, sample.periods
    )


WEIGHS = {"sample", "ewma", "semi", "implied_volatility"}


@pytest.mark.parametrize("name", COVARIANCES)
def test_probabilities_are_weighed_or_refused(name: str) -> None:
    rows, estimator = returns_of(ROWS, 3), FOUND[name]()
    options = options_of(estimator, ROWS, 3)
    if name in WEIGHS:
        made = estimator.covariance(weighted(rows), options)
        dense = made if isinstance(made, np.ndarray) else made.dense()
        assert not np.allclose(dense, covariance(name, rows, options).dense(), rtol=1e-3)
    else:
        with pytest.raises(InvalidInput, match="cannot weigh scenarios by probabilities"):
            estimator.covariance(weighted(rows), options)
