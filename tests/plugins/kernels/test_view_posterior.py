"""The posterior against Bayes' rule written out, against a peer, and its laws."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pypfopt.black_litterman import BlackLittermanModel

from tangency.domain.numbers import Matrix
from tangency.plugins.kernels.view_posterior import ViewPosterior

SIZE, TAU = 5, 0.05


def drawn(seed: int, views: int, certain: int = 0) -> ViewPosterior:
    """Random views; the first so many are certain."""
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(SIZE, SIZE))
    errors = rng.normal(size=(views, views)) * 0.05
    errors[:certain] = 0.0
    rows = rng.normal(size=(views, SIZE))
    values = rng.normal(size=views) * 0.05
    return ViewPosterior(factor @ factor.T * 0.02, rng.normal(size=SIZE) * 0.05, TAU, rows, values, errors @ errors.T)


SEEDS = st.integers(0, 10_000)


def inverted(belief: ViewPosterior) -> tuple[Matrix, Matrix]:
    """Mean and M by the formulas of Black and Litterman (1992), which invert Omega."""
    precision = np.linalg.inv(belief.uncertainty)
    prior = np.linalg.inv(TAU * belief.covariance)
    moment = np.asarray(np.linalg.inv(prior + belief.rows.T @ precision @ belief.rows), dtype=float)
    return moment @ (prior @ belief.prior + belief.rows.T @ precision @ belief.values), moment


@given(SEEDS, st.integers(1, 4))
def test_it_is_bayes_rule(seed: int, views: int) -> None:
    belief = drawn(seed, views)
    assume(np.linalg.cond(belief.uncertainty) <= 1e6)  # beyond, the rule written out loses the digits
    mean, moment = inverted(belief)
    np.testing.assert_allclose(belief.mean, mean, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(belief.covariance_of_mean, moment, rtol=0, atol=1e-9 * np.abs(belief.covariance).max())


@given(SEEDS)
def test_a_peer_agrees(seed: int) -> None:
    belief = drawn(seed, 3)
    peer = BlackLittermanModel(
        belief.covariance, pi=belief.prior, P=belief.rows, Q=belief.values, omega=belief.uncertainty, tau=TAU
    )
    np.testing.assert_allclose(belief.mean, peer.bl_returns(), rtol=1e-7, atol=1e-10)
    theirs = peer.bl_cov().to_numpy()
    np.testing.assert_allclose(belief.covariance + belief.covariance_of_mean, theirs, rtol=1e-6, atol=1e-9)


@given(SEEDS, st.integers(1, 4))
def test_certain_views_come_true(seed: int, views: int) -> None:
    belief = drawn(seed, views, certain=views)
    np.testing.assert_allclose(belief.rows @ belief.mean, belief.values, rtol=0, atol=1e-9)
    assert belief.confidences() == pytest.approx([1.0] * views)


@given(SEEDS)
def test_views_that_say_what_the_prior_says_return_it_exactly(seed: int) -> None:
    belief = drawn(seed, 3)
    same = ViewPosterior(
        belief.covariance, belief.prior, TAU, belief.rows, belief.rows @ belief.prior, belief.uncertainty
    )
    assert (same.mean == same.prior).all()
    assert same.disagreement == 0.0


@given(SEEDS, st.permutations(range(3)))
def test_the_order_of_views_does_not_matter(seed: int, order: list[int]) -> None:
    belief = drawn(seed, 3)
    uncertainty = belief.uncertainty[np.ix_(order, order)]
    other = ViewPosterior(belief.covariance, belief.prior, TAU, belief.rows[order], belief.values[order], uncertainty)
    np.testing.assert_allclose(other.mean, belief.mean, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(other.tilts(2.0, 1.05), belief.tilts(2.0, 1.05)[order], rtol=1e-7, atol=1e-10)


@given(SEEDS)
def test_a_view_split_in_two_with_twice_the_variance_is_the_view(seed: int) -> None:
    belief = drawn(seed, 1)
    twice = np.concatenate([belief.rows, belief.rows]), np.repeat(belief.values, 2)
    split = ViewPosterior(belief.covariance, belief.prior, TAU, *twice, 2 * np.eye(2) * belief.uncertainty[0, 0])
    np.testing.assert_allclose(split.mean, belief.mean, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(split.covariance_of_mean, belief.covariance_of_mean, rtol=0, atol=1e-9)


@given(SEEDS, st.sampled_from([1.0, 1.0 + TAU]))
def test_tilts_are_the_unconstrained_portfolio_less_the_market(seed: int, inflation: float) -> None:
    """(delta S)^-1 mean, S the posterior covariance of the rule, taken apart."""
    drawn_belief, aversion = drawn(seed, 3), 2.5
    market = np.full(SIZE, 1 / SIZE)
    prior = aversion * drawn_belief.covariance @ market
    belief = ViewPosterior(
        drawn_belief.covariance, prior, TAU, drawn_belief.rows, drawn_belief.values, drawn_belief.uncertainty
    )
    covariance = belief.covariance + (belief.covariance_of_mean if inflation > 1 else 0.0)
    direct = np.linalg.solve(aversion * covariance, belief.mean)
    ours = (market + belief.tilts(aversion, inflation) @ belief.rows) / inflation
    assert np.abs(ours - direct).max() <= 1e-8 * np.linalg.cond(covariance) * np.abs(direct).max()


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_dependent_certain_views_are_found_at_every_scale(scale: float) -> None:
    rows = np.array([[1.0, 0, 0], [0, 1.0, 0], [2.0, -2.0, 0]])
    belief = ViewPosterior(scale * np.eye(3), np.zeros(3), TAU, rows, scale * np.ones(3), np.zeros((3, 3)))
    assert belief.dependence is not None
    assert np.abs(belief.dependence @ rows).max() <= 1e-12 * np.abs(belief.dependence).max()
    held = ViewPosterior(scale * np.eye(3), np.zeros(3), TAU, rows, scale * np.ones(3), scale * 1e-6 * np.eye(3))
    assert held.dependence is None
    assert np.isfinite(held.mean).all()


def test_a_certain_view_is_as_good_as_one_of_next_to_no_variance() -> None:
    belief = drawn(3, 2, certain=2)
    close = ViewPosterior(belief.covariance, belief.prior, TAU, belief.rows, belief.values, 1e-14 * np.eye(2))
    np.testing.assert_allclose(belief.mean, close.mean, rtol=1e-6)
