"""Whatever vector a witness brings, what a term makes of it lies nowhere above the term."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.numbers import Vector
from tangency.domain.optimization.composite_ratio import WorstRatio
from tangency.domain.optimization.composite_terms import Constant, Sum, WorstOf, leaves, packed, unpacked
from tangency.domain.optimization.robust_terms import (
    Concentration,
    Deviation,
    LargestWeight,
    Norm,
    SquaredNorm,
    WorstCovariance,
    root_of,
    rows_of,
)
from tangency.domain.optimization.term import Linear, Term
from tests.support.posed import estimated, posed

CENTER = np.array([[0.04, 0.01, 0.0], [0.01, 0.09, -0.02], [0.0, -0.02, 0.01]])
WIDE = np.array([[0.01, 0.05, 0.02], [0.05, 0.0, 0.02], [0.02, 0.02, 0.002]])
ESTIMATES = estimated(posed(CENTER, [0.05, 0.06, 0.02]))
FACTOR = rows_of(root_of(CENTER))
NORM, SQUARE = Norm(1.5, FACTOR), SquaredNorm(2.0, FACTOR)
KINKS = Deviation((0.1, 0.0, 0.3), (0.2, 0.5, 0.3))
BOX = WorstCovariance(1.0, rows_of(CENTER), rows_of(WIDE))
TERMS: list[Term] = [
    NORM,
    SQUARE,
    KINKS,
    BOX,
    WorstCovariance(0.7, rows_of(CENTER), rows_of(WIDE), root=True),
    Concentration(2.0),
    LargestWeight(0.4),
    Constant(-0.3),
    Sum((NORM, KINKS, Linear((0.1, -0.2, 0.0))), (2.0, 1.0, 0.0)),
    WorstOf((SQUARE, Sum((KINKS, Constant(-0.1)), (1.0, 1.0)), Linear((0.0, 0.1, 0.1)))),
]
FIGURES = st.floats(-3.0, 3.0, allow_subnormal=False)
PORTFOLIOS = st.lists(FIGURES, min_size=3, max_size=3).map(np.array)
DUALS = st.lists(st.one_of(FIGURES, st.sampled_from([0.0, 1.0, 2.0, 3.0])), max_size=24).map(np.array)


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.kind)
@given(w=PORTFOLIOS, x=PORTFOLIOS, dual=st.none() | DUALS)
def test_no_dual_vector_makes_a_bound_that_is_not_one(term: Term, w: Vector, x: Vector, dual: Vector | None) -> None:
    below = term.minorant(w, ESTIMATES, dual)
    value = term.value(x, ESTIMATES)
    assert below.constant + below.slope @ x <= value + 1e-9 * (1 + abs(value))


@pytest.mark.parametrize(
    "term", [term for term in TERMS if term.kind != "worst_covariance"], ids=lambda term: term.kind
)
@given(w=PORTFOLIOS)
def test_without_one_the_bound_touches_where_it_is_taken(term: Term, w: Vector) -> None:
    below = term.minorant(w, ESTIMATES)
    assert below.constant + below.slope @ w == pytest.approx(term.value(w, ESTIMATES), rel=1e-9, abs=1e-12)


@given(w=PORTFOLIOS, dual=DUALS)
def test_a_member_of_a_box_of_covariances_is_a_covariance_within_it(w: Vector, dual: Vector) -> None:
    member = BOX.member(dual, w)
    assert np.linalg.eigvalsh(member)[0] >= -1e-12
    assert (np.abs(member - CENTER) <= WIDE + 1e-15).all()
    assert w @ member @ w <= BOX.variance(w) + 1e-12


@given(parts=st.lists(st.none() | st.lists(FIGURES, min_size=1, max_size=4), min_size=1, max_size=4))
def test_what_is_packed_comes_out_as_it_went_in(parts: list[list[float] | None]) -> None:
    given_parts = [None if part is None else np.array(part) for part in parts]
    assert [None if part is None else part.tolist() for part in unpacked(packed(given_parts))] == parts


def test_leaves_are_what_is_not_made_of_others() -> None:
    assert list(leaves(TERMS[-2:])) == [
        NORM,
        KINKS,
        Linear((0.1, -0.2, 0.0)),
        SQUARE,
        KINKS,
        Constant(-0.1),
        Linear((0.0, 0.1, 0.1)),
    ]


@given(w=PORTFOLIOS, x=PORTFOLIOS, dual=DUALS)
def test_a_portfolio_below_the_bound_of_a_ratio_does_not_reach_it(w: Vector, x: Vector, dual: Vector) -> None:
    gains = (Linear((-0.05, -0.06, -0.02)), Linear((-0.02, -0.03, -0.04)))
    ratio = WorstRatio(gains, (NORM, NORM))
    theta = ratio.value(w, ESTIMATES)
    below = ratio.minorant(w, ESTIMATES, {"objective.ratio": dual})
    if 0 < theta < np.inf and below.constant + below.slope @ x > 1e-9:
        assert ratio.value(x, ESTIMATES) < theta
