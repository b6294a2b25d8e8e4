"""Priors: pooled entropies and opinions, drawn blocks and copulas, against peers, closed forms and their own laws."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tangency
from tangency.domain.errors import InvalidInput
from tangency.domain.market.estimates import Estimator, EstimatorChoice
from tangency.domain.market.market import Market
from tangency.domain.market.returns import Returns
from tangency.domain.market.scenarios import Scenarios
from tangency.domain.market.universe import Universe
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import Budget, LongOnly
from tangency.domain.optimization.objective import MinimumVolatility
from tangency.domain.optimization.problem import Problem
from tangency.plugins.block_bootstrap import BlockBootstrap, BlockBootstrapOptions
from tangency.plugins.copula import Copula, CopulaOptions
from tangency.plugins.entropy_pooling import EntropyPooling, EntropyPoolingOptions, MomentView
from tangency.plugins.kernels.pooled_views import conditional_value_at_risk, value_at_risk
from tangency.plugins.opinion_pooling import Opinion, OpinionPooling, OpinionPoolingOptions
from tangency.plugins.sample import Sample
from tangency.sample import prices_path

DAYS = 252.0
FIVE_YEARS = 1260
Views = tuple[str | MomentView, ...]


def history() -> Scenarios:
    frame = pl.read_parquet(prices_path())
    names = [name for name in frame.columns if name != "Date"]
    prices = frame.select(names).to_numpy()
    return Scenarios(Universe.of(names), (prices[1:] / prices[:-1] - 1.0)[-FIVE_YEARS:], None, DAYS)


SAMPLE = history()
NAMES = SAMPLE.universe.names
APPLE = -SAMPLE.returns[:, 0]
PRIORS: list[tuple[Estimator, object]] = [
    (EntropyPooling(), EntropyPoolingOptions((f"{NAMES[0]} = 0.1",))),
    (
        OpinionPooling(),
        OpinionPoolingOptions((Opinion(0.4, (f"{NAMES[0]} >= 0.4",)), Opinion(0.2, copula=CopulaOptions()))),
    ),
    (BlockBootstrap(), BlockBootstrapOptions(seed=3)),
    (Copula(), CopulaOptions(seed=3, size=500)),
]


def pooled(*views: str | MomentView) -> Vector:
    return EntropyPooling().scenarios(SAMPLE, EntropyPoolingOptions(views)).weights


def moments(probabilities: Vector) -> tuple[Vector, Matrix]:
    """Annual, with the divisor 1 - sum p^2, written out."""
    mean = probabilities @ SAMPLE.returns
    centred = SAMPLE.returns - mean
    return DAYS * mean, DAYS * (centred.T * probabilities) @ centred / (1 - probabilities @ probabilities)


def divergence(probabilities: Vector) -> float:
    return float(probabilities @ np.log(probabilities * FIVE_YEARS))


def frame() -> pd.DataFrame:
    return pd.DataFrame(SAMPLE.returns, columns=list(NAMES))


def peer_weights(**views: Any) -> Vector:
    from skfolio import prior as peer

    fitted = peer.EntropyPooling(**views).fit(frame())
    return np.asarray(fitted.return_distribution_.sample_weight)


# --- entropy pooling ----------------------------------------------------------------------------------------------


def test_views_on_every_moment_hold_together() -> None:
    one, other, third = NAMES[:3]
    probabilities = pooled(
        f"{one} - {other} = 0.02",
        f"{third} >= 0.3",
        MomentView("volatility", 0.3, (one,)),
        MomentView("variance", 0.04, weights={one: 0.5, third: 0.5}, relation="<="),
        MomentView("correlation", 0.5, (one, other)),
    )
    mean, covariance = moments(probabilities)
    assert mean[0] - mean[1] == pytest.approx(0.02, abs=1e-10)
    assert mean[2] >= 0.3 - 1e-10
    assert np.sqrt(covariance[0, 0]) == pytest.approx(0.3, abs=1e-10)
    assert 0.25 * (covariance[0, 0] + covariance[2, 2] + 2 * covariance[0, 2]) <= 0.04 + 1e-10
    assert covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]) == pytest.approx(0.5, abs=1e-10)


def test_views_on_means_are_the_peers() -> None:
    one, other, third = NAMES[:3]
    theirs = peer_weights(mean_views=[f"{one} - {other} == {0.02 / DAYS}", f"{third} >= {0.3 / DAYS}"])
    np.testing.assert_allclose(pooled(f"{one} - {other} = 0.02", f"{third} >= 0.3"), theirs, atol=5e-9)


@pytest.mark.parametrize("value", [0.06, 0.03], ids=["a heavier tail", "a lighter tail"])
def test_a_view_on_a_tail_is_met_where_the_peer_misses_it_by_a_millionth(value: float) -> None:
    ours = pooled(MomentView("cvar", value, (NAMES[0],)))
    theirs = peer_weights(cvar_views=[f"{NAMES[0]} == {value}"])
    assert conditional_value_at_risk(APPLE, ours, 0.95) == pytest.approx(value, abs=1e-11)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert divergence(ours) == pytest.approx(divergence(theirs), rel=1e-3)


def test_tails_are_limited_from_either_side() -> None:
    before = conditional_value_at_risk(APPLE, SAMPLE.weights, 0.95)
    name = (NAMES[0],)
    for relation, value, reached in (
        ("<=", 0.06, before),
        (">=", 0.03, before),
        ("<=", 0.04, 0.04),
        (">=", 0.05, 0.05),
    ):
        probabilities = pooled(MomentView("cvar", value, name, relation=relation))  # type: ignore[arg-type]
        assert conditional_value_at_risk(APPLE, probabilities, 0.95) == pytest.approx(reached, abs=1e-10)


def test_two_tails_are_held_down_at_once() -> None:
    limits = {0: 0.04, 1: 0.06}
    probabilities = pooled(*[MomentView("cvar", value, (NAMES[i],), relation="<=") for i, value in limits.items()])
    for position, value in limits.items():
        reached = conditional_value_at_risk(-SAMPLE.returns[:, position], probabilities, 0.95)
        assert reached == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("value", [0.02, 0.05])
def test_a_value_at_risk_is_the_loss_next_to_the_view(value: float) -> None:
    probabilities = pooled(MomentView("var", value, (NAMES[0],)))
    assert value_at_risk(APPLE, probabilities, 0.95) == APPLE[value >= APPLE].max()


def test_a_mean_view_on_a_normal_sample_is_gaussian_conditioning() -> None:
    """Other means move by their regression on the one that the view is about; covariances stay.

    The sample has the nodes and weights of Gauss and Hermite, on which integrals of a normal are exact.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = weights / weights.sum()
    grid = np.column_stack([np.repeat(nodes, 40), np.tile(nodes, 40)])
    root = np.array([[1.0, 0.0], [0.6, 0.8]]) * 0.01
    rows, probabilities = np.maximum(grid @ root.T, -1.0), np.kron(weights, weights)
    sample = Scenarios(Universe.of(["A", "B"]), rows, probabilities, 1.0)
    found = EntropyPooling().scenarios(sample, EntropyPoolingOptions(("A - 0.5 B = 0.004",)))
    covariance, view = root @ root.T, np.array([1.0, -0.5])
    image = covariance @ view
    np.testing.assert_allclose(found.mean, 0.004 * image / (view @ image), rtol=1e-9)
    np.testing.assert_allclose((found.centred.T * found.weights) @ found.centred, covariance, rtol=1e-8)


def test_without_views_nothing_moves() -> None:
    assert (pooled() == SAMPLE.weights).all()


@given(st.permutations(range(3)))
def test_the_order_of_views_does_not_matter(order: list[int]) -> None:
    views: Views = ("AAPL = 0.1", MomentView("volatility", 0.25, ("AMD",), relation="<="), "BAC >= 0.2")
    np.testing.assert_allclose(pooled(*[views[i] for i in order]), pooled(*views), atol=1e-12)


def test_scenarios_that_are_impossible_stay_so() -> None:
    probabilities = np.where(np.arange(FIVE_YEARS) < 260, 0.0, 1 / 1000)
    given_up = Scenarios(SAMPLE.universe, SAMPLE.returns, probabilities, DAYS)
    found = EntropyPooling().scenarios(given_up, EntropyPoolingOptions(("AAPL = 0.1",)))
    assert (found.weights[:260] == 0).all()
    assert DAYS * found.mean[0] == pytest.approx(0.1, abs=1e-10)


def test_views_that_contradict_each_other_are_named_and_no_others() -> None:
    views: Views = ("XOM >= 0.01", "AAPL = 0.1", "AMD = 0.2", "AAPL - AMD >= 0.05")
    with pytest.raises(
        InvalidInput, match=r"contradicts views\.2, views\.3: no probabilities of these 1260"
    ) as refused:
        pooled(*views)
    places = [fault.path for fault in refused.value.faults]
    assert places == [("risk_parameters", "prior", "options", "views", k) for k in (1, 2, 3)]


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ("AAPL = 60", "is out of reach"),
        (MomentView("cvar", 0.5, ("AAPL",)), "is out of reach"),
        (MomentView("cvar", -0.5, ("AAPL",)), "is out of reach"),
        ("APPL = 0.1", "did you mean AAPL"),
        (MomentView("mean", 0.1, ("APPL",)), "did you mean AAPL"),
    ],
)
def test_a_view_that_cannot_be_held_is_refused(view: str | MomentView, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        pooled(view)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"measure": "mean"}, "has 0 names"),
        ({"measure": "correlation", "names": ["AAPL"]}, "has 1 names; a view on a correlation needs 2"),
        ({"measure": "correlation", "names": ["AAPL", "AMD"], "value": 1.5}, "from -1 to 1"),
        ({"measure": "mean", "names": ["AAPL"], "weights": {"AMD": 1.0}}, "beside names"),
        ({"measure": "volatility", "names": ["AAPL"], "value": 0.0}, "above 0"),
        ({"measure": "skewness", "names": ["AAPL"]}, "skewness"),
        ({"measure": "mean", "names": ["AAPL"], "relation": ">"}, "'>'"),
    ],
)
def test_a_view_that_says_nothing_is_refused_with_its_place(fields: dict[str, Any], message: str) -> None:
    views = [{"value": 0.1, **fields}]
    with pytest.raises(InvalidInput, match=message) as refused:
        asked("entropy_pooling", views=views)
    assert refused.value.faults[0].path[:5] == ("risk_parameters", "prior", "options", "views", 0)


def test_the_tail_of_returns_that_never_change_cannot_be_moved() -> None:
    rows = np.column_stack([SAMPLE.returns[:, 0], np.zeros(FIVE_YEARS)])
    sample = Scenarios(Universe.of(["A", "B"]), rows, None, DAYS)
    with pytest.raises(InvalidInput, match="never change"):
        EntropyPooling().scenarios(sample, EntropyPoolingOptions((MomentView("volatility", 0.1, ("B",)),)))


# --- opinion pooling ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", ["linear", "logarithmic"])
def test_opinions_are_pooled_as_the_peer_does(pooling: Any) -> None:
    from skfolio import prior as peer

    bull, bear = f"{NAMES[0]} == {0.5 / DAYS}", f"{NAMES[0]} == {-0.1 / DAYS}"
    theirs = peer.OpinionPooling(
        [("bull", peer.EntropyPooling(mean_views=[bull])), ("bear", peer.EntropyPooling(mean_views=[bear]))],
        opinion_probabilities=[0.4, 0.25],
        is_linear_pooling=pooling == "linear",
    ).fit(frame())
    opinions = (Opinion(0.4, (f"{NAMES[0]} = 0.5",)), Opinion(0.25, (f"{NAMES[0]} = -0.1",)))
    ours = OpinionPooling().scenarios(SAMPLE, OpinionPoolingOptions(opinions, pooling))
    np.testing.assert_allclose(ours.weights, theirs.return_distribution_.sample_weight, atol=1e-8)


def test_means_of_a_linear_pool_are_the_averages_of_the_opinions() -> None:
    opinions = (
        Opinion(0.5, ("AAPL = 0.5",)),
        Opinion(0.3, block_bootstrap=BlockBootstrapOptions(seed=1)),
        Opinion(0.2, copula=CopulaOptions(seed=1)),
    )
    found = OpinionPooling().scenarios(SAMPLE, OpinionPoolingOptions(opinions))
    drawn = BlockBootstrap().scenarios(SAMPLE, BlockBootstrapOptions(seed=1))
    copied = Copula().scenarios(SAMPLE, CopulaOptions(seed=1))
    expected = 0.5 * moments(pooled("AAPL = 0.5"))[0] / DAYS + 0.3 * drawn.mean + 0.2 * copied.mean
    np.testing.assert_allclose(found.mean, expected, rtol=1e-9, atol=1e-15)
    assert len(found) == 2 * FIVE_YEARS + 2000


def test_the_rest_of_the_trust_is_in_the_sample() -> None:
    found = OpinionPooling().scenarios(SAMPLE, OpinionPoolingOptions((Opinion(0.25, ("AAPL = 0.5",)),)))
    np.testing.assert_allclose(found.weights, 0.25 * pooled("AAPL = 0.5") + 0.75 * SAMPLE.weights, atol=1e-15)
    nothing = OpinionPooling().scenarios(SAMPLE, OpinionPoolingOptions())
    np.testing.assert_allclose(nothing.weights, SAMPLE.weights, rtol=1e-14)


@pytest.mark.parametrize(
    ("options", "path", "message"),
    [
        ({"opinions": [{"weight": 0.7}, {"weight": 0.4}]}, ("opinions",), "sum to 1.1"),
        ({"opinions": [{"weight": 0.7, "copula": {}, "views": []}]}, ("opinions", 0), "more than one"),
        ({"opinions": [{"weight": 0.7, "copula": {}}], "pooling": "logarithmic"}, ("opinions", 0), "pool 'linear'"),
        ({"opinions": [{"weight": 0.7, "views": ["APPL = 0"]}]}, ("opinions", 0, "views", 0), "did you mean AAPL"),
    ],
)
def test_opinions_that_cannot_be_pooled_are_refused(options: Any, path: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as refused:
        asked("opinion_pooling", **options)
    assert refused.value.faults[0].path == ("risk_parameters", "prior", "options", *path)


# --- bootstrap and copulas ----------------------------------------------------------------------------------------


def numbered(periods: int) -> Scenarios:
    """Scenarios that say which period they are."""
    rows = np.arange(periods, dtype=float)[:, None] * [1.0, -1.0]
    return Scenarios(Universe.of(["A", "B"]), rows, None, DAYS)


@given(st.integers(2, 60), st.integers(1, 70), st.integers(2, 100), st.integers(0, 9))
def test_circular_blocks_are_consecutive_periods(periods: int, length: int, size: int, seed: int) -> None:
    options = BlockBootstrapOptions("circular", size, length, seed)
    drawn = BlockBootstrap().scenarios(numbered(periods), options).returns
    assert (drawn[:, 0] == -drawn[:, 1]).all()
    assert len(drawn) == size
    steps = np.diff(drawn[:, 0]) % periods
    inside = np.arange(1, size) % min(length, periods) != 0
    assert (steps[inside] == 1 % periods).all()


def test_stationary_blocks_have_the_mean_length_asked_for() -> None:
    drawn = BlockBootstrap().scenarios(numbered(1000), BlockBootstrapOptions("stationary", 50_000, 8)).returns[:, 0]
    breaks = float((np.diff(drawn) % 1000 != 1).mean())
    assert 1 / breaks == pytest.approx(8, rel=0.05)


def test_the_spread_of_bootstrapped_means_is_the_peers() -> None:
    from arch.bootstrap import CircularBlockBootstrap

    rows = SAMPLE.returns[:, :2]
    sample = Scenarios(Universe.of(NAMES[:2]), rows, None, DAYS)
    ours = [
        BlockBootstrap().scenarios(sample, BlockBootstrapOptions("circular", None, 20, seed)).mean
        for seed in range(400)
    ]
    theirs = CircularBlockBootstrap(20, rows, seed=1).apply(lambda drawn: drawn.mean(axis=0), 400)
    np.testing.assert_allclose(np.std(ours, axis=0), theirs.std(axis=0), rtol=0.15)
    np.testing.assert_allclose(np.mean(ours, axis=0), rows.mean(axis=0), atol=3 * theirs.std(axis=0).max() / 20)


@pytest.mark.parametrize("kind", ["gaussian", "student_t"])
@pytest.mark.parametrize("marginals", ["empirical", "normal", "student_t"])
def test_a_copula_has_the_moments_of_its_sample(kind: Any, marginals: Any) -> None:
    few = SAMPLE.only(Universe.of(NAMES[:4]))
    drawn = Copula().scenarios(few, CopulaOptions(kind, marginals, size=40_000, seed=2))
    np.testing.assert_allclose(drawn.returns.std(axis=0), few.returns.std(axis=0), rtol=0.06)
    assert np.abs(drawn.mean - few.mean).max() < 4 * few.returns.std(axis=0).max() / 200
    ranked = (pd.DataFrame(rows).corr("spearman").to_numpy() for rows in (drawn.returns, few.returns))
    np.testing.assert_allclose(next(ranked), next(ranked), atol=0.04)


def test_empirical_marginals_stay_within_what_was_seen() -> None:
    drawn = Copula().scenarios(SAMPLE, CopulaOptions(size=5000))
    assert (drawn.returns.min(axis=0) >= SAMPLE.returns.min(axis=0)).all()
    assert (drawn.returns.max(axis=0) <= SAMPLE.returns.max(axis=0)).all()


def test_the_degrees_of_freedom_of_a_t_sample_are_found() -> None:
    rng = np.random.default_rng(8)
    normal = rng.standard_normal((4000, 3)) @ np.linalg.cholesky(0.5 * np.eye(3) + 0.5).T
    rows = 0.01 * normal * np.sqrt(5 / rng.chisquare(5, (4000, 1)))
    sample = Scenarios(Universe.of(["A", "B", "C"]), rows, None, DAYS)
    drawn = Copula().scenarios(sample, CopulaOptions("student_t", size=60_000))
    given_degrees = Copula().scenarios(sample, CopulaOptions("student_t", degrees_of_freedom=5.0, size=60_000))
    gaussian = Copula().scenarios(sample, CopulaOptions("gaussian", size=60_000))

    def crashes_together(scenarios: Scenarios) -> float:
        low = scenarios.returns <= np.quantile(scenarios.returns, 0.01, axis=0)
        return float((low[:, 0] & low[:, 1]).mean() / 0.01)

    assert crashes_together(drawn) == pytest.approx(crashes_together(given_degrees), abs=0.03)
    assert crashes_together(drawn) > crashes_together(gaussian) + 0.1


@pytest.mark.parametrize("kind", ["gaussian", "student_t"])
def test_degenerate_samples_end_in_finite_scenarios(kind: Any) -> None:
    rng = np.random.default_rng(4)
    one = rng.standard_normal((5, 1)) * 0.01
    rows = np.concatenate([one, one, -one, np.full((5, 1), 0.001), rng.standard_normal((5, 4)) * 0.01], axis=1)
    sample = Scenarios(Universe.of([f"N{i}" for i in range(8)]), rows, None, DAYS)
    drawn = Copula().scenarios(sample, CopulaOptions(kind, size=200)).returns
    assert np.isfinite(drawn).all()
    assert (drawn[:, 3] == 0.001).all()
    np.testing.assert_allclose(drawn[:, 0], drawn[:, 1], atol=1e-4)
    np.testing.assert_allclose(np.argsort(drawn[:, 0])[:5], np.argsort(-drawn[:, 2])[:5])


def test_a_copula_refuses_what_it_cannot_rank() -> None:
    weighted = Scenarios(SAMPLE.universe, SAMPLE.returns, SAMPLE.weights, DAYS)
    with pytest.raises(InvalidInput, match="cannot weigh"):
        Copula().scenarios(weighted, CopulaOptions())
    with pytest.raises(InvalidInput, match="needs 3 periods"):
        Copula().scenarios(numbered(2), CopulaOptions())
    with pytest.raises(InvalidInput, match="are those of a t copula"):
        CopulaOptions(degrees_of_freedom=4.0)


# --- all of them --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("prior", "options"), PRIORS, ids=lambda value: getattr(value, "name", ""))
def test_a_prior_is_the_same_every_time_and_never_loses_more_than_all(prior: Estimator, options: object) -> None:
    first, second = (prior.scenarios(SAMPLE, options) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.returns.tobytes() == second.returns.tobytes()
    assert first.weights.tobytes() == second.weights.tobytes()
    assert first.weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert (first.returns >= -1.0).all()
    assert first.universe.names == NAMES


def asked(prior: str, **options: Any) -> Any:
    market = Market(
        SAMPLE.universe, returns=Returns(SAMPLE.universe, SAMPLE.returns), prior=EstimatorChoice(prior, options)
    )
    return tangency.solve(Problem(market, MinimumVolatility(), (Budget(), LongOnly())))


@pytest.mark.parametrize(
    ("prior", "options"),
    [
        ("entropy_pooling", {"views": ["AAPL = 0.1", {"measure": "cvar", "names": ["KO"], "value": 0.03}]}),
        ("opinion_pooling", {"opinions": [{"weight": 0.5, "views": ["AAPL = 0.1"]}]}),
        ("block_bootstrap", {"size": 500, "seed": 7}),
        ("copula", {"kind": "student_t", "degrees_of_freedom": 4, "size": 800}),
    ],
)
def test_a_request_names_a_prior_and_its_options(prior: str, options: Any) -> None:
    found = asked(prior, **options)
    assert found.status.value == "optimal"
    assert found.provenance.sources.prior == prior


def test_a_view_reaches_the_covariance_that_is_optimised() -> None:
    views = [{"measure": "volatility", "names": ["AAPL"], "value": 0.25}]
    found = EntropyPooling().scenarios(SAMPLE, EntropyPoolingOptions((MomentView("volatility", 0.25, ("AAPL",)),)))
    covariance = np.asarray(Sample().covariance(found, None))
    assert np.sqrt(covariance[0, 0]) == pytest.approx(0.25, abs=1e-10)
    solution = asked("entropy_pooling", views=views)
    expected = float(np.sqrt(solution.weights @ covariance @ solution.weights))
    assert solution.expected_volatility == pytest.approx(expected, rel=1e-12)
