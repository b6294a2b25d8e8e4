"""Estimates: shapes that fit, cash that is cash, and figures of a portfolio."""

import numpy as np
import pytest

from tangency.domain.errors import InvalidInput
from tangency.domain.market.covariance import Definite, DenseCovariance
from tangency.domain.market.estimates import RISKLESS, Estimates, Sources
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector

SOURCES = Sources("given", "given")


def estimates(covariance: Matrix, mean: Vector | None = None, names: list[str] | None = None) -> Estimates:
    universe = Universe.of(names or [chr(ord("A") + i) for i in range(len(covariance))])
    return Estimates(universe, mean, DenseCovariance.of(covariance), SOURCES)


TWO = np.array([[0.04, 0.01], [0.01, 0.09]])


class TestShapes:
    def test_a_covariance_of_another_size_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="covers 2 names; the problem has 3"):
            Estimates(Universe.of(["A", "B", "C"]), None, DenseCovariance.of(TWO), SOURCES)

    @pytest.mark.parametrize("size", [1, 3])
    def test_means_of_another_size_are_refused(self, size: int) -> None:
        with pytest.raises(InvalidInput, match="2 names") as caught:
            estimates(TWO, np.ones(size))
        assert caught.value.faults[0].code == "shape"

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_a_mean_that_is_not_finite_is_refused_in_its_place(self, bad: float) -> None:
        with pytest.raises(InvalidInput) as caught:
            estimates(TWO, np.array([0.1, bad]))
        assert caught.value.faults[0].path == ("strategies", 1)

    def test_means_cannot_be_changed_afterwards(self) -> None:
        mean = estimates(TWO, np.array([0.1, 0.2])).mean
        assert mean is not None
        with pytest.raises(ValueError, match="read-only"):
            mean[0] = 1.0


class TestCash:
    def test_cash_with_a_variance_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="'CASH' means cash") as caught:
            estimates(TWO, names=["A", "CASH"])
        assert caught.value.faults[0].path == ("strategies", 1, "name")

    def test_cash_without_variance_is_cash_although_the_matrix_needs_a_repair(self) -> None:
        found = estimates(np.diag([0.04, 0.0]), names=["A", "CASH"])
        assert found.covariance.repair is not None
        assert found.riskless(np.array([0.0, 1.0]))

    def test_what_rounding_leaves_of_a_constant_rate_is_no_variance(self) -> None:
        estimates(np.diag([0.04, 1e-36]), names=["A", "CASH"])

    def test_a_variance_just_above_rounding_is_one(self) -> None:
        with pytest.raises(InvalidInput, match="CASH"):
            estimates(np.diag([0.04, 0.03 * RISKLESS]), names=["A", "CASH"])

    def test_another_name_may_have_any_variance(self) -> None:
        assert estimates(np.diag([0.0, 0.04]), names=["CASH", "cash"]).covariance.variances[1] == pytest.approx(0.04)

    def test_cash_alone_is_a_universe(self) -> None:
        assert estimates(np.zeros((1, 1)), names=["CASH"]).volatility(np.ones(1)) == 0.0


class TestFigures:
    def test_volatility_and_mean_of_a_portfolio(self) -> None:
        found, half = estimates(TWO, np.array([0.1, 0.2])), np.array([0.5, 0.5])
        assert found.volatility(half) == pytest.approx(np.sqrt(0.25 * 0.15), rel=1e-15)
        assert found.expected_return(half) == pytest.approx(0.15)

    def test_without_means_there_is_no_expected_return(self) -> None:
        found = estimates(TWO)
        assert found.expected_return(np.ones(2)) is None
        with pytest.raises(InvalidInput, match="the Sharpe ratio needs an expected_return") as caught:
            found.required_mean("the Sharpe ratio")
        assert caught.value.faults[0].code == "missing"

    def test_required_means_are_the_means(self) -> None:
        assert estimates(TWO, np.array([0.1, 0.2])).required_mean("anything").tolist() == [0.1, 0.2]

    def test_riskless_is_measured_against_the_mean_variance(self) -> None:
        found = estimates(np.diag([2.0, 0.0]))
        assert found.riskless(np.array([0.9 * np.sqrt(RISKLESS / 2), 1.0]))
        assert not found.riskless(np.array([1.1 * np.sqrt(RISKLESS / 2), 1.0]))

    def test_rounding_below_zero_is_no_volatility(self) -> None:
        rounded = DenseCovariance(np.diag([1.0, -1e-17]), None, Definite(0.0, 0.0))
        found = Estimates(Universe.of(["A", "B"]), None, rounded, SOURCES)
        assert found.volatility(np.array([0.0, 1.0])) == 0.0
