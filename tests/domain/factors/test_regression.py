"""Least squares against certified figures and against statsmodels."""

import numpy as np
import pytest

from tangency.domain.errors import InvalidInput
from tangency.domain.factors.regression import default_lag, regress
from tangency.domain.numbers import Matrix, Vector

LONGLEY = np.array(
    [
        [60323.0, 83.0, 234289.0, 2356.0, 1590.0, 107608.0, 1947.0],
        [61122.0, 88.5, 259426.0, 2325.0, 1456.0, 108632.0, 1948.0],
        [60171.0, 88.2, 258054.0, 3682.0, 1616.0, 109773.0, 1949.0],
        [61187.0, 89.5, 284599.0, 3351.0, 1650.0, 110929.0, 1950.0],
        [63221.0, 96.2, 328975.0, 2099.0, 3099.0, 112075.0, 1951.0],
        [63639.0, 98.1, 346999.0, 1932.0, 3594.0, 113270.0, 1952.0],
        [64989.0, 99.0, 365385.0, 1870.0, 3547.0, 115094.0, 1953.0],
        [63761.0, 100.0, 363112.0, 3578.0, 3350.0, 116219.0, 1954.0],
        [66019.0, 101.2, 397469.0, 2904.0, 3048.0, 117388.0, 1955.0],
        [67857.0, 104.6, 419180.0, 2822.0, 2857.0, 118734.0, 1956.0],
        [68169.0, 108.4, 442769.0, 2936.0, 2798.0, 120445.0, 1957.0],
        [66513.0, 110.8, 444546.0, 4681.0, 2637.0, 121950.0, 1958.0],
        [68655.0, 112.6, 482704.0, 3813.0, 2552.0, 123366.0, 1959.0],
        [69564.0, 114.2, 502601.0, 3931.0, 2514.0, 125368.0, 1960.0],
        [69331.0, 115.7, 518173.0, 4806.0, 2572.0, 127852.0, 1961.0],
        [70551.0, 116.9, 554894.0, 4007.0, 2827.0, 130081.0, 1962.0],
    ]
)
"""NIST StRD, Longley (1967): total employment, then GNP deflator, GNP, unemployed, armed forces, population, year."""
COEFFICIENTS = [
    -3482258.63459582,
    15.0618722713733,
    -0.035819179292591,
    -2.02022980381683,
    -1.03322686717359,
    -0.0511041056535807,
    1829.15146461355,
]
ERRORS = [
    890420.383607373,
    84.9149257747669,
    0.0334910077722432,
    0.488399681651699,
    0.214274163161675,
    0.22607320006937,
    455.478499142212,
]


def drawn(rows: int, size: int, seed: int = 3) -> tuple[Vector, Matrix]:
    """A regression with residuals that are neither independent nor of one variance."""
    rng = np.random.default_rng(seed)
    regressors = rng.normal(size=(rows, size))
    shocks = np.convolve(rng.normal(size=rows + 4), np.ones(5) / 5, "valid") * (1 + np.abs(regressors[:, 0]))
    return 0.2 + regressors @ np.arange(1.0, size + 1) + shocks, regressors


def test_longley_as_certified_by_nist() -> None:
    found = regress(LONGLEY[:, 0], LONGLEY[:, 1:])
    np.testing.assert_allclose(found.coefficients[:, 0], COEFFICIENTS, rtol=1e-7)
    np.testing.assert_allclose(found.standard_errors[:, 0], ERRORS, rtol=1e-7)
    assert found.r_squared[0] == pytest.approx(0.995479004577296, rel=1e-9)
    assert np.sqrt(found.residual_variances[0]) == pytest.approx(304.854073561965, rel=1e-9)
    assert found.degrees_of_freedom == 9


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("lag", [None, 0, 3, 11])
def test_coefficients_and_both_errors_are_statsmodels(intercept: bool, lag: int | None) -> None:
    api = pytest.importorskip("statsmodels.api")
    explained, regressors = drawn(120, 3)
    peer = api.OLS(explained, api.add_constant(regressors) if intercept else regressors)
    for errors, theirs in (
        ("plain", peer.fit()),
        ("newey_west", peer.fit(cov_type="HAC", cov_kwds={"maxlags": default_lag(120) if lag is None else lag})),
    ):
        ours = regress(explained, regressors, intercept, "plain" if errors == "plain" else "newey_west", lag)
        np.testing.assert_allclose(ours.coefficients[:, 0], theirs.params, rtol=1e-9)
        np.testing.assert_allclose(ours.standard_errors[:, 0], theirs.bse, rtol=1e-9)
        np.testing.assert_allclose(ours.t_statistics[:, 0], theirs.tvalues, rtol=1e-9)
        assert ours.r_squared[0] == pytest.approx(theirs.rsquared, rel=1e-9)


def test_columns_are_explained_side_by_side_as_one_by_one() -> None:
    explained, regressors = drawn(60, 2)
    both = np.column_stack([explained, explained[::-1]])
    together = regress(both, regressors, errors="newey_west")
    for column in range(2):
        alone = regress(both[:, column], regressors, errors="newey_west")
        np.testing.assert_allclose(together.coefficients[:, column], alone.coefficients[:, 0], rtol=1e-12)
        np.testing.assert_allclose(together.standard_errors[:, column], alone.standard_errors[:, 0], rtol=1e-10)


@pytest.mark.parametrize(("rows", "lag"), [(100, 4), (99, 3), (1260, 7), (24, 2)])
def test_the_lag_is_newey_and_wests(rows: int, lag: int) -> None:
    assert default_lag(rows) == lag


def test_a_perfect_fit_has_no_errors() -> None:
    _, regressors = drawn(20, 2)
    found = regress(1.0 + regressors @ [2.0, 3.0], regressors)
    np.testing.assert_allclose(found.coefficients[:, 0], [1.0, 2.0, 3.0], rtol=1e-12)
    assert found.r_squared[0] == pytest.approx(1.0)


def test_a_constant_has_no_variation_to_explain() -> None:
    _, regressors = drawn(20, 2)
    assert np.isnan(regress(np.zeros(20), regressors).r_squared[0])


@pytest.mark.parametrize("spoil", ["duplicate", "constant", "nothing"])
def test_dependent_regressors_are_refused(spoil: str) -> None:
    explained, regressors = drawn(30, 3)
    regressors[:, 2] = {"duplicate": 2 * regressors[:, 0], "constant": np.ones(30), "nothing": np.zeros(30)}[spoil]
    with pytest.raises(InvalidInput, match="regressor 2, which is constant") as caught:
        regress(explained, regressors)
    assert caught.value.faults[0].code == "collinear"


def test_fewer_periods_than_coefficients_are_refused() -> None:
    explained, regressors = drawn(3, 3)
    with pytest.raises(InvalidInput, match="3 periods cannot tell 4 coefficients apart"):
        regress(explained, regressors)
