"""Hierarchical risk parity: the paper's figures, two peers, a second implementation, laws and degenerate markets."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.contracts import MethodContract
from tangency.domain.errors import InvalidInput
from tangency.domain.numbers import Matrix, Vector
from tangency.domain.optimization.constraint import Budget, LongOnly, MaximumWeight, MinimumWeight, SectorLimit
from tangency.domain.optimization.objective import MinimumRisk, RiskParity
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.domain.risk.measure import Measure
from tangency.plugins.hierarchical_risk_parity import HierarchicalRiskParity, HierarchicalRiskParityOptions
from tests.plugins.ten_series import COVARIANCE, ORDER_WITHOUT_EUCLID, PRINTED, PRINTED_ORDER, WITHOUT_EUCLID
from tests.support.history import five_years, of_history, of_sample
from tests.support.posed import estimated, posed

NAMES = [str(i) for i in range(1, 11)]
CANONICAL = {"leaf_order": "canonical"}


def proposed(problem: Problem, **options: Any) -> Proposal:
    method = HierarchicalRiskParity()
    return method.solve(problem, estimated(problem), HierarchicalRiskParityOptions(**options))


def weights_of(proposal: Proposal) -> Vector:
    assert proposal.status is Status.FEASIBLE, proposal.message
    assert proposal.weights is not None
    assert proposal.weights.sum() == pytest.approx(1.0, abs=1e-12)
    return proposal.weights


def on_sample(**options: Any) -> Vector:
    problem, estimates = of_sample()
    return weights_of(HierarchicalRiskParity().solve(problem, estimates, HierarchicalRiskParityOptions(**options)))


class TestContract(MethodContract):
    method = "hierarchical_risk_parity"
    examples = 10
    options = CANONICAL


# --- figures ------------------------------------------------------------------------------------------------------


def test_the_weights_and_the_order_of_the_paper() -> None:
    found = proposed(posed(COVARIANCE, names=NAMES))
    np.testing.assert_allclose(weights_of(found), PRINTED, atol=6e-5)
    clusters: Any = found.findings["clusters"]
    assert clusters["leaf_order"] == [str(i) for i in PRINTED_ORDER]


def test_the_weights_and_the_order_without_distances_between_columns() -> None:
    found = proposed(posed(COVARIANCE, names=NAMES), distance="correlation")
    np.testing.assert_allclose(weights_of(found), WITHOUT_EUCLID, atol=2e-6)
    clusters: Any = found.findings["clusters"]
    assert clusters["leaf_order"] == [str(i) for i in ORDER_WITHOUT_EUCLID]


@pytest.mark.parametrize("distance", ["lopez_de_prado", "correlation"])
def test_the_canonical_order_agrees_with_a_recursion_written_apart(distance: str) -> None:
    found = weights_of(proposed(posed(COVARIANCE, names=NAMES), leaf_order="canonical", distance=distance))
    np.testing.assert_allclose(found, _by_recursion(COVARIANCE, distance == "lopez_de_prado"), atol=1e-14)


def _by_recursion(S: Matrix, euclid: bool) -> Vector:
    """Single linkage as a loop over sets, leaves turned by the rule, bisection as a recursion."""
    sigma = np.sqrt(np.diagonal(S))
    apart = np.sqrt(np.maximum(0, 1 - S / np.outer(sigma, sigma)) / 2)
    if euclid:
        apart = np.array([[np.sqrt(((apart[i] - apart[j]) ** 2).sum()) for j in range(len(S))] for i in range(len(S))])

    def risk(names: list[int]) -> float:
        part = S[np.ix_(names, names)]
        inverse = 1 / np.diagonal(part)
        return float(inverse @ part @ inverse / inverse.sum() ** 2)

    trees = [[i] for i in range(len(S))]
    while len(trees) > 1:
        pairs = [(a, b) for a in range(len(trees)) for b in range(a)]
        a, b = min(pairs, key=lambda pair: min(apart[i, j] for i in trees[pair[0]] for j in trees[pair[1]]))
        joined = sorted((trees[a], trees[b]), key=risk)
        trees = [tree for k, tree in enumerate(trees) if k not in (a, b)] + [joined[0] + joined[1]]

    def split(names: list[int], weight: float) -> dict[int, float]:
        if len(names) == 1:
            return {names[0]: weight}
        left, right = names[: len(names) // 2], names[len(names) // 2 :]
        one, other = risk(left), risk(right)
        share = 1 - one / (one + other)
        return {**split(left, weight * share), **split(right, weight * (1 - share))}

    weights = split(trees[0], 1.0)
    return np.array([weights[i] for i in range(len(S))])


@pytest.mark.parametrize("linkage", ["single", "ward", "average"])
def test_pyportfolioopt_at_its_own_options(linkage: str) -> None:
    import pandas as pd
    from pypfopt import HRPOpt

    names, rows = five_years()
    peer = HRPOpt(returns=pd.DataFrame(rows, columns=list(names))).optimize(linkage)
    ours = on_sample(linkage=linkage, distance="correlation")
    np.testing.assert_allclose(ours, [peer[name] for name in names], atol=1e-12)


@pytest.mark.parametrize(
    ("codependence", "distance"),
    [
        ("pearson", "PearsonDistance"),
        ("spearman", "SpearmanDistance"),
        ("kendall", "KendallDistance"),
        ("distance", "DistanceCorrelation"),
    ],
)
@pytest.mark.parametrize("linkage", ["ward", "median"])
def test_skfolio_at_its_own_options(codependence: str, distance: str, linkage: str) -> None:
    import skfolio.distance
    from skfolio.cluster import HierarchicalClustering, LinkageMethod
    from skfolio.optimization import HierarchicalRiskParity as Peer
    from skfolio.seriation import HierarchicalSeriation

    tree = HierarchicalClustering(linkage_method=LinkageMethod(linkage))
    seriation = HierarchicalSeriation(hierarchical_clustering_estimator=tree)
    peer = Peer(distance_estimator=getattr(skfolio.distance, distance)(), seriation_estimator=seriation)
    rows = five_years()[1][-300:]  # the peer takes seconds for the distance correlations of five years
    problem, estimates = of_history(rows)
    options: Any = {"linkage": linkage, "codependence": codependence}
    asked = HierarchicalRiskParityOptions(distance="correlation", leaf_order="optimal", **options)
    ours = HierarchicalRiskParity().solve(problem, estimates, asked)
    np.testing.assert_allclose(weights_of(ours), peer.fit(rows).weights_, atol=1e-12)


def test_a_tail_splits_by_inverse_cvar() -> None:
    names, rows = five_years()
    pair, measure = rows[:, :2], Measure("cvar", 0.9)
    problem, estimates = of_history(pair, names[:2])
    asked = HierarchicalRiskParityOptions(risk_measure="cvar")
    found = HierarchicalRiskParity().solve(replace(problem, confidence_level=0.9), estimates, asked)
    tails = np.array([-np.sort(column)[:126].mean() for column in pair.T])  # a tenth of 1260 days
    np.testing.assert_allclose(weights_of(found), tails[::-1] / tails.sum(), rtol=1e-12)
    assert found.reading.objective == MinimumRisk(measure)
    shared = replace(problem, confidence_level=0.9, objective=RiskParity())
    assert HierarchicalRiskParity().solve(shared, estimates, asked).reading.objective == RiskParity(measure)


# --- laws ---------------------------------------------------------------------------------------------------------


@st.composite
def markets(draw: st.DrawFn) -> Matrix:
    """Covariances of a factor and noise, many names alike on purpose."""
    size = draw(st.integers(1, 9))
    table = st.lists(st.sampled_from([0.1, 0.2, 0.2, 0.3]), min_size=size, max_size=size)
    loadings = np.array(draw(st.lists(st.sampled_from([0.0, 0.5, 0.5, -0.4, 0.9]), min_size=size, max_size=size)))
    correlations = np.outer(loadings, loadings)
    np.fill_diagonal(correlations, 1.0)
    volatilities = np.array(draw(table))
    return correlations * np.outer(volatilities, volatilities)


@given(S=markets(), linkage=st.sampled_from(["single", "average", "ward"]), data=st.data())
def test_the_order_of_the_names_does_not_move_the_canonical_weights(
    S: Matrix, linkage: str, data: st.DataObject
) -> None:
    size = len(S)
    order = data.draw(st.permutations(range(size)))
    names = [f"N{i}" for i in range(size)]
    first = weights_of(proposed(posed(S, names=names), linkage=linkage, **CANONICAL))
    moved = posed(S[np.ix_(order, order)], names=[names[i] for i in order])
    np.testing.assert_allclose(weights_of(proposed(moved, linkage=linkage, **CANONICAL)), first[order], atol=1e-12)


def test_the_order_of_the_names_moves_the_default_weights_by_points() -> None:
    first = weights_of(proposed(posed(COVARIANCE)))
    back = weights_of(proposed(posed(COVARIANCE[::-1, ::-1], names=[*"JIHGFEDCBA"])))
    assert np.abs(back[::-1] - first).max() > 0.03


@given(S=markets(), exponent=st.sampled_from([-40, 40, 8]))
def test_the_unit_of_returns_does_not_move_the_weights(S: Matrix, exponent: int) -> None:
    first, second = (weights_of(proposed(posed(scaled))) for scaled in (S, S * 2.0**exponent))
    np.testing.assert_array_equal(first, second)


@given(S=markets(), order=st.sampled_from(["input", "optimal", "canonical"]))
def test_every_weight_is_positive(S: Matrix, order: str) -> None:
    assert weights_of(proposed(posed(S), leaf_order=order)).min() > 0


# --- degenerate markets -------------------------------------------------------------------------------------------


def test_one_name_gets_everything() -> None:
    found = proposed(posed([[0.04]]))
    assert weights_of(found).tolist() == [1.0]
    clusters: Any = found.findings["clusters"]
    assert clusters["linkage"] == []
    assert clusters["members"] == [["A"]]


@pytest.mark.parametrize("correlation", [-1.0, 0.0, 0.3, 1.0])
def test_two_names_get_inverse_variance_whatever_their_correlation(correlation: float) -> None:
    S = np.array([[0.04, 0.06 * correlation], [0.06 * correlation, 0.09]])
    np.testing.assert_allclose(weights_of(proposed(posed(S))), [9 / 13, 4 / 13], rtol=1e-9)


@pytest.mark.parametrize("order", ["input", "canonical"])
def test_a_name_without_variance_gets_everything_as_in_the_limit(order: str) -> None:
    S = COVARIANCE.copy()
    S[4, :] = S[:, 4] = 0.0
    limit = S.copy()
    limit[4, 4] = 1e-9
    found = weights_of(proposed(posed(S), leaf_order=order))
    assert found.tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    np.testing.assert_allclose(weights_of(proposed(posed(limit), leaf_order=order)), found, atol=1e-8)


def test_nothing_but_riskless_names_is_shared_by_halves() -> None:
    assert weights_of(proposed(posed(np.zeros((4, 4))))).tolist() == [0.25] * 4


def test_fewer_returns_than_names() -> None:
    names, rows = five_years()
    problem, estimates = of_history(rows[:8], names)
    assert estimates.covariance.repair is not None
    asked = HierarchicalRiskParityOptions(codependence="spearman")
    assert weights_of(HierarchicalRiskParity().solve(problem, estimates, asked)).min() > 0


def test_a_negative_risk_is_not_applicable_and_named() -> None:
    rows = np.column_stack([five_years()[1][:100, 0], np.full(100, 0.001)])
    problem, estimates = of_history(rows, ["STOCK", "DEPOSIT"])
    asked = HierarchicalRiskParityOptions(risk_measure="cvar")
    found = HierarchicalRiskParity().solve(problem, estimates, asked)
    assert found.status is Status.NOT_APPLICABLE
    assert "cvar of DEPOSIT is -0.001" in found.message


# --- limits and options -------------------------------------------------------------------------------------------


def test_limits_are_met_by_the_nearest_portfolio_and_its_distance_is_told() -> None:
    limits = (Budget(), LongOnly(), MaximumWeight(0.15), SectorLimit(0.4, "x"))
    problem = posed(COVARIANCE, limits=limits, sectors=["x", "y"] * 5)
    found = proposed(problem)
    raw = weights_of(proposed(posed(COVARIANCE)))
    expected, over = raw.copy(), raw[::2].sum() - 0.4  # the sector gives up equal parts of what it has too much
    expected[::2] -= over / 5
    expected[3], spare = 0.15, raw[3] - 0.15 + over  # and the four other names share that and what D may not have
    expected[[1, 5, 7, 9]] += spare / 4
    np.testing.assert_allclose(weights_of(found), expected, atol=1e-12)
    assert list(found.findings["raw_weights"].values()) == raw.tolist()  # type: ignore[attr-defined]
    assert found.findings["projection_distance"] == pytest.approx(np.linalg.norm(expected - raw), rel=1e-10)


def test_without_limits_that_bind_the_raw_weights_are_the_answer() -> None:
    found = proposed(posed(COVARIANCE, limits=(Budget(), LongOnly(), MaximumWeight(0.2))))
    assert found.findings["projection_distance"] == 0.0
    assert list(found.findings["raw_weights"].values()) == weights_of(found).tolist()  # type: ignore[attr-defined]


def test_what_no_portfolio_satisfies_is_infeasible() -> None:
    assert proposed(posed(COVARIANCE, limits=(Budget(), LongOnly(), MaximumWeight(0.05)))).status is Status.INFEASIBLE
    crossing = (Budget(), LongOnly(), MinimumWeight(0.5, "A"), MaximumWeight(0.4, "A"))
    assert proposed(posed(COVARIANCE, limits=crossing)).status is Status.INFEASIBLE


def test_risk_parity_is_the_same_allocation() -> None:
    first, second = (weights_of(proposed(posed(COVARIANCE, objective=aim))) for aim in (None, RiskParity()))
    np.testing.assert_array_equal(first, second)


def test_ranks_need_returns() -> None:
    with pytest.raises(InvalidInput, match="'spearman' needs the returns of every name"):
        proposed(posed(COVARIANCE), codependence="spearman")


def test_an_unknown_risk_measure_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'hope' is not a known risk measure"):
        HierarchicalRiskParityOptions(risk_measure="hope")
