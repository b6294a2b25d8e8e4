"""Each policy about gaps: what it makes of the returns, and what it says about them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.errors import InvalidInput
from tangency.domain.market.market import Market
from tangency.domain.market.missing_data import most_likely_moments, without_gaps
from tangency.domain.market.returns import DataReport, Returns
from tangency.domain.market.scenarios import complete_rows, equally_likely
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.method import NoOptions
from tangency.plugins.sample import Sample

NAN = np.nan
THREE = Universe.of(["OLD", "NEW", "GAPPY"])


def gapped(rows: int = 60, seed: int = 5) -> Matrix:
    """One name without gaps, one that begins late, one with gaps here and there."""
    rng = np.random.default_rng(seed)
    drawn = 0.01 * (rng.normal(size=(rows, 1)) + rng.normal(size=(rows, 3)))
    drawn[: rows // 3, 1] = NAN
    drawn[rng.random(rows) < 0.2, 2] = NAN
    return drawn


def likelihood(values: Matrix, mean: Vector, covariance: Matrix) -> float:
    """Of what was observed, row by row."""
    total = 0.0
    for row in values:
        seen = ~np.isnan(row)
        part, around = covariance[np.ix_(seen, seen)], row[seen] - mean[seen]
        total -= 0.5 * (np.linalg.slogdet(part)[1] + around @ np.linalg.solve(part, around))
    return total


class TestIntersect:
    def test_the_rows_know_their_periods(self) -> None:
        values = np.array([[0.1, 0.2, 0.3], [NAN, 0.2, 0.3], [0.4, 0.5, 0.6], [0.1, 0.1, 0.1]])
        scenarios, report = without_gaps(Returns(THREE, values), "intersect", {}, 252.0)
        assert report == DataReport(4, 3, 1, ("OLD",))
        assert scenarios.periods is not None
        assert scenarios.periods.rows.tolist() == [0, 2, 3]
        beside = scenarios.alongside(np.array([1.0, 2.0, 3.0, 4.0]), ("factors", "MKT"))
        assert beside.tolist() == [1.0, 3.0, 4.0]

    def test_figures_for_other_periods_are_refused_with_the_counts(self) -> None:
        scenarios, _ = without_gaps(Returns(THREE, gapped()), "intersect", {}, 252.0)
        with pytest.raises(InvalidInput, match="has 59 periods and the returns have 60") as caught:
            scenarios.alongside(np.zeros(59), ("factors", "MKT"))
        assert caught.value.faults[0].path == ("factors", "MKT")

    @pytest.mark.parametrize("policy", ["pairwise", "em"])
    def test_without_gaps_every_policy_is_this_one(self, policy: str) -> None:
        values = np.nan_to_num(gapped(), nan=0.01)
        scenarios, report = without_gaps(Returns(THREE, values), policy, {}, 252.0)  # type: ignore[arg-type]
        assert scenarios.moments is None
        assert np.array_equal(scenarios.returns, values)
        assert report == DataReport(60, 60, 0, (), {}, policy)  # type: ignore[arg-type]


class TestPairwise:
    def test_the_moments_are_pandas(self) -> None:
        pandas = pytest.importorskip("pandas")
        values = gapped()
        scenarios, report = without_gaps(Returns(THREE, values), "pairwise", {}, 252.0)
        assert scenarios.moments is not None
        frame = pandas.DataFrame(values)
        np.testing.assert_allclose(scenarios.moments.covariance, frame.cov().to_numpy(), rtol=1e-12)
        np.testing.assert_allclose(scenarios.moments.mean, frame.mean().to_numpy(), rtol=1e-12)
        assert (report.used, report.dropped, report.causes) == (60, 0, ("NEW", "GAPPY"))
        assert report.scenarios == len(scenarios) < 60
        assert report.filled == {}

    def test_what_is_no_covariance_is_repaired_and_says_how_far(self) -> None:
        # A moves with B, B with C, and A against C, each in periods of its own.
        move = np.array([0.02, -0.01, 0.015, -0.02])
        blank = np.full(4, NAN)
        values = np.vstack(
            [np.column_stack(rows) for rows in ([move, move, blank], [blank, move, move], [move, blank, -move])]
        )
        market = Market(THREE, returns=Returns(THREE, values), missing_data="pairwise")
        history = market.history()
        assert history is not None
        found = Sample().covariance(history[0], NoOptions())
        assert not isinstance(found, np.ndarray)
        assert found.repair is not None
        assert found.repair.distance > 0.1
        np.linalg.cholesky(found.dense())

    def test_names_that_share_no_period_are_refused(self) -> None:
        values = gapped(12)
        values[:, 2] = np.where(np.isnan(values[:, 1]), 0.01, NAN)
        with pytest.raises(InvalidInput, match="'NEW' and 'GAPPY' have 0 returns in common periods"):
            without_gaps(Returns(THREE, values), "pairwise", {}, 252.0)

    def test_the_rows_that_methods_see_are_the_complete_ones(self) -> None:
        returns = Returns(THREE, gapped())
        market = Market(THREE, returns=returns, missing_data="pairwise")
        history = market.history()
        assert history is not None
        rows = market.of_all(history[0])
        assert rows is not None
        assert rows.moments is None
        assert np.array_equal(rows.returns, returns.complete()[0])

    def test_an_estimator_of_rows_refuses(self) -> None:
        scenarios, _ = without_gaps(Returns(THREE, gapped()), "pairwise", {}, 252.0)
        for refuse in (complete_rows, equally_likely):
            with pytest.raises(InvalidInput, match="'pairwise' gives moments, and 'someone' estimates from rows"):
                refuse(scenarios, "someone")


class TestEm:
    def test_it_is_the_most_likely(self) -> None:
        values = gapped() / 0.01
        mean, covariance, _ = most_likely_moments(values)
        best = likelihood(values, mean, covariance)
        rng = np.random.default_rng(0)
        for size in (1e-2, 1e-3):
            for _ in range(20):
                nudge = rng.normal(size=(3, 3)) * size
                assert likelihood(values, mean + nudge[0], covariance) < best
                assert likelihood(values, mean, covariance + (nudge + nudge.T)) < best

    def test_a_late_beginning_has_andersons_closed_form(self) -> None:
        values = gapped(90)[:, :2]
        mean, covariance, _ = most_likely_moments(values)
        both = values[~np.isnan(values[:, 1])]
        slope = np.cov(both.T, bias=True)[0, 1] / both[:, 0].var()
        rest = both[:, 1] - both[:, 1].mean() - slope * (both[:, 0] - both[:, 0].mean())
        assert mean[1] == pytest.approx(both[:, 1].mean() + slope * (values[:, 0].mean() - both[:, 0].mean()), rel=1e-8)
        assert covariance[1, 1] == pytest.approx(rest.var() + slope**2 * values[:, 0].var(), rel=1e-8)
        assert covariance[0, 1] == pytest.approx(slope * values[:, 0].var(), rel=1e-8)

    def test_the_divisor_is_that_of_the_sample(self) -> None:
        values = gapped()
        scenarios, report = without_gaps(Returns(THREE, values), "em", {}, 252.0)
        _, covariance, filled = most_likely_moments(values)
        assert scenarios.moments is not None
        np.testing.assert_allclose(scenarios.moments.covariance, covariance * 60 / 59)
        assert np.array_equal(scenarios.returns, filled)
        gaps = np.isnan(values).sum(axis=0)
        assert report.filled == {"NEW": int(gaps[1]), "GAPPY": int(gaps[2])}
        assert (report.method, report.dropped) == ("em", 0)

    def test_a_row_of_gaps_says_nothing(self) -> None:
        values = np.insert(gapped(), 7, NAN, axis=0)
        scenarios, report = without_gaps(Returns(THREE, values), "em", {}, 252.0)
        assert (report.given, report.used, report.dropped) == (61, 60, 1)
        assert scenarios.periods is not None
        assert 7 not in scenarios.periods.rows
        np.testing.assert_allclose(scenarios.mean, most_likely_moments(gapped())[0])

    @given(seed=st.integers(0, 999), rows=st.integers(4, 30), scale=st.sampled_from([1e-12, 1.0, 1e3]))
    def test_twins_constants_and_few_rows_have_moments(self, seed: int, rows: int, scale: float) -> None:
        rng = np.random.default_rng(seed)
        drawn = rng.normal(size=(rows, 4))
        drawn[:, 2], drawn[:, 3] = drawn[:, 0], 0.5
        drawn[rng.random((rows, 4)) < 0.15] = NAN
        drawn[:2] = rng.normal(size=(2, 4))
        drawn[:2, 2], drawn[:2, 3] = drawn[:2, 0], 0.5
        mean, covariance, filled = most_likely_moments(drawn * scale)
        assert np.isfinite(mean).all()
        assert covariance[3, 3] == 0.0
        assert np.linalg.eigvalsh(covariance)[0] >= -1e-10 * scale**2
        assert not np.isnan(filled).any()

    def test_names_keep_their_figures_in_any_order(self) -> None:
        values, order = gapped(), [2, 0, 1]
        mean, covariance, _ = most_likely_moments(values)
        turned = most_likely_moments(values[:, order])
        np.testing.assert_allclose(turned[0], mean[order], rtol=1e-9)
        np.testing.assert_allclose(turned[1], covariance[np.ix_(order, order)], rtol=1e-9)

    def test_one_row_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="1 row has returns"):
            most_likely_moments(np.array([[0.1, NAN]]))


class TestProxy:
    def test_gaps_are_filled_from_the_regression_line(self) -> None:
        values = gapped()[:, :2]
        universe = Universe.of(["OLD", "NEW"])
        scenarios, report = without_gaps(Returns(universe, values), "proxy", {"NEW": "OLD"}, 252.0)
        both = ~np.isnan(values[:, 1])
        slope, intercept = np.polyfit(values[both, 0], values[both, 1], 1)
        expected = np.where(both, values[:, 1], intercept + slope * values[:, 0])
        np.testing.assert_allclose(scenarios.returns[:, 1], expected, rtol=1e-10)
        assert report == DataReport(60, 60, 0, ("NEW",), {"NEW": 20}, "proxy")

    def test_what_has_no_proxy_still_costs_its_rows(self) -> None:
        values = gapped()
        _, report = without_gaps(Returns(THREE, values), "proxy", {"NEW": "OLD"}, 252.0)
        assert report.dropped == int(np.isnan(values[:, 2]).sum())
        assert report.causes == ("NEW", "GAPPY")

    @pytest.mark.parametrize(
        ("proxies", "said"),
        [
            ({"NEW": "ODL"}, "'ODL' is not a name here; did you mean OLD"),
            ({"NWE": "OLD"}, "'NWE' is not a name here; did you mean NEW"),
            ({"NEW": "NEW"}, "'NEW' cannot stand in for itself"),
            ({}, "fills gaps of a name from another one"),
        ],
    )
    def test_proxies_without_a_meaning_are_refused(self, proxies: dict[str, str], said: str) -> None:
        with pytest.raises(InvalidInput, match=said):
            without_gaps(Returns(THREE, gapped()), "proxy", proxies, 252.0)

    def test_other_policies_take_none(self) -> None:
        with pytest.raises(InvalidInput, match="'em' takes no proxies"):
            without_gaps(Returns(THREE, gapped()), "em", {"NEW": "OLD"}, 252.0)

    def test_a_line_through_two_points_is_refused(self) -> None:
        values = gapped(12)[:, :2]
        values[:10, 1] = NAN
        with pytest.raises(InvalidInput, match="shares 2 periods with its proxy"):
            without_gaps(Returns(Universe.of(["OLD", "NEW"]), values), "proxy", {"NEW": "OLD"}, 252.0)
