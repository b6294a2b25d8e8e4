"""From figures and returns to estimates: what is given wins, the rest is estimated, and the answer says which."""

from collections.abc import Mapping

import numpy as np
import pytest

from tangency.domain.errors import InvalidInput, Path
from tangency.domain.market.covariance import Covariance
from tangency.domain.market.estimates import Estimates, Estimator, EstimatorChoice
from tangency.domain.market.market import Market, Needs
from tangency.domain.market.returns import DataReport, Returns
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.method import NoOptions
from tangency.plugins.sample import Sample

THREE = Universe.of(["A", "B", "C"])
ROWS = np.random.default_rng(1).normal(0.0005, 0.01, (60, 3))
SAMPLE_MEAN = 252 * ROWS.mean(axis=0)
SAMPLE_COVARIANCE = 252 * np.cov(ROWS, rowvar=False)
GIVEN = np.diag([0.04, 0.05, 0.06])


class Silent(Sample):
    """Estimates nothing."""

    name = "silent"

    def mean(self, sample: Scenarios, covariance: Covariance, options: object) -> Vector:
        return None  # type: ignore[return-value]  # what a partial estimator says

    def covariance(self, sample: Scenarios, options: object) -> Matrix:
        return None  # type: ignore[return-value]


ESTIMATORS: Mapping[str, Estimator] = {"sample": Sample(), "silent": Silent()}


def find(name: str, _path: Path) -> Estimator:
    return ESTIMATORS[name]


def bind(options: type, asked: Mapping[str, object], path: Path) -> object:
    assert path[-1] == "options"
    return options(**asked)


def of(names: str, rows: Matrix = ROWS) -> Returns:
    """Returns of some of the names, in the order asked for."""
    return Returns(Universe.of(list(names)), rows[:, ["ABC".index(name) for name in names]])


def estimated(market: Market, needs_mean: bool = True) -> Estimates:
    return market.estimate(find, bind, Needs(mean=needs_mean))


def fault_of(market: Market, needs_mean: bool = True) -> tuple[Path, ...]:
    with pytest.raises(InvalidInput) as caught:
        estimated(market, needs_mean)
    return tuple(fault.path for fault in caught.value.faults)


def means(found: Estimates) -> Vector:
    assert found.mean is not None
    return found.mean


class TestAllGiven:
    def test_figures_given_are_used_and_nothing_is_estimated(self) -> None:
        found = estimated(Market(THREE, np.array([0.1, 0.2, 0.3]), GIVEN, of("ABC")))
        assert means(found).tolist() == [0.1, 0.2, 0.3]
        assert found.covariance.dense().tolist() == GIVEN.tolist()
        assert (found.sources.mean, found.sources.covariance) == ("given", "given")
        assert (found.sources.data, found.sources.mean_estimator) == (None, None)
        assert found.sources.covariance_estimator is None

    def test_returns_that_nobody_needs_may_be_too_few(self) -> None:
        found = estimated(Market(THREE, np.ones(3), GIVEN, of("ABC", ROWS[:1])))
        assert found.sources.data is None


class TestEstimated:
    def test_moments_are_annual(self) -> None:
        found = estimated(Market(THREE, returns=of("ABC")))
        np.testing.assert_allclose(means(found), SAMPLE_MEAN, rtol=1e-13)
        np.testing.assert_allclose(found.covariance.dense(), SAMPLE_COVARIANCE, rtol=1e-12)
        assert (found.sources.mean, found.sources.covariance) == ("estimated", "estimated")
        assert (found.sources.mean_estimator, found.sources.covariance_estimator) == ("sample", "sample")
        assert found.sources.data == DataReport(60, 60, 0, ())

    def test_periods_per_year_scale_both(self) -> None:
        found = estimated(Market(THREE, returns=of("ABC"), periods_per_year=12.0))
        np.testing.assert_allclose(means(found), SAMPLE_MEAN / 21, rtol=1e-13)
        np.testing.assert_allclose(found.covariance.dense(), SAMPLE_COVARIANCE / 21, rtol=1e-12)

    @pytest.mark.parametrize("order", ["CAB", "BCA", "CBA"])
    def test_returns_in_another_order_are_lined_up_by_name(self, order: str) -> None:
        found = estimated(Market(THREE, returns=of(order)))
        np.testing.assert_allclose(means(found), SAMPLE_MEAN, rtol=1e-13)
        np.testing.assert_allclose(found.covariance.dense(), SAMPLE_COVARIANCE, rtol=1e-12)

    def test_rows_with_gaps_are_dropped_for_all_and_reported(self) -> None:
        gaps = ROWS.copy()
        gaps[3, 1] = gaps[7, 1] = np.nan
        found = estimated(Market(THREE, returns=of("ABC", gaps)))
        np.testing.assert_allclose(means(found), 252 * np.delete(ROWS, [3, 7], axis=0).mean(axis=0), rtol=1e-13)
        assert found.sources.data == DataReport(60, 58, 2, ("B",))

    def test_cash_at_a_constant_rate_is_cash_however_long_the_sample(self) -> None:
        universe = Universe.of(["A", "CASH"])
        for rows in range(2, 80):
            paid = np.column_stack([ROWS[:60, 0].repeat(2)[:rows], np.full(rows, 1e-4)])
            found = estimated(Market(universe, returns=Returns(universe, paid)))
            assert means(found)[1] == pytest.approx(0.0252)


class TestMixed:
    def test_a_mean_given_wins_over_an_estimated_one(self) -> None:
        market = Market(THREE, np.array([np.nan, 0.2, np.nan]), returns=of("ABC"))
        np.testing.assert_allclose(means(estimated(market)), [SAMPLE_MEAN[0], 0.2, SAMPLE_MEAN[2]], rtol=1e-13)
        assert estimated(market).sources.mean == "mixed"

    def test_means_all_left_out_are_estimated_not_mixed(self) -> None:
        found = estimated(Market(THREE, np.full(3, np.nan), GIVEN, of("ABC")))
        assert (found.sources.mean, found.sources.covariance) == ("estimated", "given")
        assert found.sources.covariance_estimator is None
        assert found.sources.data is not None

    def test_means_given_beside_an_estimated_covariance(self) -> None:
        found = estimated(Market(THREE, np.ones(3), returns=of("ABC")))
        assert (found.sources.mean, found.sources.covariance) == ("given", "estimated")
        assert found.sources.mean_estimator is None
        assert found.sources.data == DataReport(60, 60, 0, ())

    @pytest.mark.parametrize("covered", ["CB", "BC"])
    def test_returns_of_some_names_estimate_just_those(self, covered: str) -> None:
        market = Market(THREE, np.array([0.1, np.nan, np.nan]), GIVEN, of(covered))
        np.testing.assert_allclose(means(estimated(market)), [0.1, *SAMPLE_MEAN[1:]], rtol=1e-13)

    def test_a_figure_given_for_a_covered_name_stays(self) -> None:
        market = Market(THREE, np.array([0.1, 0.2, np.nan]), GIVEN, of("BC"))
        np.testing.assert_allclose(means(estimated(market)), [0.1, 0.2, SAMPLE_MEAN[2]], rtol=1e-13)


class TestMissing:
    def test_no_covariance_and_no_returns(self) -> None:
        assert fault_of(Market(THREE, np.ones(3))) == (("risk_parameters", "covariance"),)

    def test_no_covariance_and_returns_of_some(self) -> None:
        assert fault_of(Market(THREE, np.ones(3), returns=of("AB"))) == (("risk_parameters", "covariance"),)

    def test_each_name_without_a_mean_is_told(self) -> None:
        market = Market(THREE, np.array([0.1, np.nan, np.nan]), GIVEN, of("AB"))
        assert fault_of(market) == (("strategies", 2, "expected_return"),)
        assert fault_of(Market(THREE, None, GIVEN)) == tuple(("strategies", i, "expected_return") for i in range(3))

    def test_means_that_nobody_needs_may_be_absent(self) -> None:
        found = estimated(Market(THREE, np.array([0.1, np.nan, 0.2]), GIVEN), needs_mean=False)
        assert found.mean is None
        assert found.sources.mean == "absent"

    def test_means_that_nobody_needs_are_estimated_where_they_can_be(self) -> None:
        assert estimated(Market(THREE, None, GIVEN, of("ABC")), needs_mean=False).sources.mean == "estimated"

    def test_too_few_rows(self) -> None:
        assert fault_of(Market(THREE, returns=of("ABC", ROWS[:1]))) == (("strategies",),)

    def test_a_name_that_is_not_in_the_universe(self) -> None:
        stranger = Returns(Universe.of(["A", "B", "D"]), ROWS)
        with pytest.raises(InvalidInput, match="not every name has returns"):
            estimated(Market(THREE, returns=stranger))
        with pytest.raises(InvalidInput):
            estimated(Market(THREE, np.array([np.nan, 0.1, 0.1]), GIVEN, stranger))

    def test_an_estimator_of_nothing_is_named(self) -> None:
        silent = EstimatorChoice("silent")
        with pytest.raises(InvalidInput, match="'silent' estimates no covariance"):
            estimated(Market(THREE, returns=of("ABC"), covariance_estimator=silent))
        with pytest.raises(InvalidInput, match="'silent' estimates no means") as caught:
            estimated(Market(THREE, None, GIVEN, of("ABC"), mean_estimator=silent))
        assert caught.value.faults[0].path == ("risk_parameters", "expected_return_estimator")

    def test_an_indefinite_estimate_names_the_estimator_not_the_covariance(self) -> None:
        class Wild(Sample):
            def covariance(self, sample: Scenarios, options: object) -> Matrix:
                return -np.eye(len(sample.universe))

        market = Market(THREE, np.ones(3), returns=of("ABC"))
        with pytest.raises(InvalidInput) as caught:
            market.estimate(lambda *_: Wild(), bind)
        assert caught.value.faults[0].path == ("risk_parameters", "covariance_estimator")


def test_options_reach_the_estimator() -> None:
    seen: list[object] = []

    class Listening(Sample):
        def mean(self, sample: Scenarios, covariance: Covariance, options: object) -> Vector:
            seen.append(options)
            return super().mean(sample, covariance, options)

    market = Market(THREE, None, GIVEN, of("ABC"), mean_estimator=EstimatorChoice("listening", {"half_life": 60}))
    market.estimate(lambda *_: Listening(), lambda options, asked, path: (options, dict(asked), path))
    assert seen == [(NoOptions, {"half_life": 60}, ("risk_parameters", "expected_return_estimator", "options"))]


@pytest.mark.parametrize("wrong", [0.0, -252.0, np.inf, np.nan])
def test_years_have_periods(wrong: float) -> None:
    with pytest.raises(InvalidInput, match=f"is {wrong}; give a finite number above 0") as caught:
        Market(THREE, returns=of("ABC"), periods_per_year=wrong)
    assert [fault.path for fault in caught.value.faults] == [("risk_parameters", "periods_per_year")]
