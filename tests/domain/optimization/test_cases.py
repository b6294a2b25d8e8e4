"""Cases prove only what they cover, and only by what is computed here."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.domain.market.covariance import DenseCovariance
from tangency.domain.numbers import Vector
from tangency.domain.optimization.cases import (
    case_gap,
    covers,
    emptiness_by_cases,
    gap_by_cases,
    miscounted,
    proven_spread,
)
from tangency.domain.optimization.constraint import Budget, LongOnly, MaximumWeight, MinimumWeight
from tangency.domain.optimization.minimum_position import MinimumPosition
from tangency.domain.optimization.proposal import Case, Witness
from tangency.domain.optimization.region import Region, Side, Sides
from tests.support.posed import estimated, posed

ANY, NONE, LONG, SHORT = Side.ANY, Side.NONE, Side.LONG, Side.SHORT
DIAGONAL = np.diag([0.04, 0.05, 0.09])
HALF = (Budget(), LongOnly(), MinimumPosition(0.4))
"""At most two names are held; the least volatility holds the first two."""


def sides(*each: Side) -> Sides:
    return np.array(each, dtype=np.int8)


def region(*limits: object) -> Region:
    problem = posed(DIAGONAL, limits=limits)  # type: ignore[arg-type]
    return problem.region(estimated(problem))


def price_of_budget(covariance: Vector, held: list[int]) -> tuple[Vector, float]:
    """The least variance of some names with a diagonal covariance, and the multiplier of the budget."""
    variances = np.diag(covariance)
    weights = np.zeros(len(variances))
    weights[held] = 1.0 / variances[held]
    scale = weights.sum()
    return weights / scale, -1.0 / scale


@pytest.mark.parametrize(
    ("parts", "covered"),
    [
        ([sides(ANY, ANY, ANY)], True),
        ([sides(NONE, ANY, ANY), sides(LONG, ANY, ANY)], True),
        ([sides(NONE, ANY, ANY), sides(LONG, NONE, ANY), sides(LONG, LONG, ANY)], True),
        ([sides(LONG, ANY, ANY)], False),
        ([sides(NONE, ANY, ANY), sides(LONG, NONE, ANY)], False),
        ([sides(NONE, ANY, ANY), sides(ANY, LONG, ANY)], False),
        ([sides(ANY, ANY)], False),
        ([], False),
    ],
)
def test_parts_cover_where_every_side_of_a_name_is_covered(parts: list[Sides], covered: bool) -> None:
    assert covers(parts, region(*HALF).sides) is covered


def test_a_name_that_may_be_short_has_a_third_side() -> None:
    limits = region(Budget(), MinimumWeight(-0.5), MinimumPosition(0.2))
    two = [sides(NONE, ANY, ANY), sides(LONG, ANY, ANY)]
    assert not covers(two, limits.sides)
    assert covers([*two, sides(SHORT, ANY, ANY)], limits.sides)


@given(st.lists(st.lists(st.sampled_from([ANY, NONE, LONG]), min_size=3, max_size=3), min_size=1, max_size=9))
def test_parts_that_are_said_to_cover_hold_every_choice_of_names(parts: list[list[Side]]) -> None:
    listed = [sides(*part) for part in parts]
    if covers(listed, region(*HALF).sides):
        for choice in np.ndindex(2, 2, 2):
            settled = np.where(np.array(choice) == 1, LONG, NONE)
            assert any(((part == ANY) | (part == settled)).all() for part in listed)


def test_cases_prove_the_best_of_a_union_and_a_missing_one_proves_nothing() -> None:
    problem = posed(DIAGONAL, limits=HALF)
    estimates = estimated(problem)
    limits = problem.region(estimates)
    best, price = price_of_budget(DIAGONAL, [0, 1])
    without = Case(sides(ANY, ANY, NONE), best, Witness({"budget": price}))
    third = np.append(0.6 * best[:2], 0.4)
    held = Case(sides(ANY, ANY, LONG), third, Witness({"budget": 0.6 * price}))
    proof = Witness(cases=(without, held))
    assert gap_by_cases(problem.objective, estimates, limits, best, proof) <= 1e-15
    assert gap_by_cases(problem.objective, estimates, limits, best, replace(proof, cases=(without,))) == np.inf
    worse = np.array([0.6, 0.0, 0.4])
    loss = problem.objective.loss
    apart = loss(worse, estimates) - loss(best, estimates)
    assert gap_by_cases(problem.objective, estimates, limits, worse, proof) == pytest.approx(apart)


def test_a_point_or_a_proof_of_emptiness_that_is_none_proves_nothing() -> None:
    problem = posed(DIAGONAL, limits=HALF)
    estimates = estimated(problem)
    limits, anything = problem.region(estimates), sides(ANY, ANY, ANY)
    best, _ = price_of_budget(DIAGONAL, [0, 1])
    for case in (
        Case(anything, None, Witness()),
        Case(anything, np.full(3, np.nan), Witness()),
        Case(anything, np.ones(2), Witness()),
    ):
        assert case_gap(problem.objective, estimates, limits, best, case) == np.inf


def test_positions_of_which_no_number_fits_are_proven_to_be_impossible() -> None:
    limits = region(Budget(), LongOnly(), MaximumWeight(0.45), MinimumPosition(0.4))
    nothing = Case(sides(ANY, ANY, ANY), None, Witness())
    assert miscounted(limits, nothing.sides) == pytest.approx(0.1)  # two weigh 0.9 at most, three 1.2 at least
    assert emptiness_by_cases(limits, [nothing]) == pytest.approx(0.1)
    assert miscounted(region(*HALF), nothing.sides) == 0.0
    assert miscounted(region(*HALF), sides(NONE, NONE, ANY)) == 0.0
    assert miscounted(region(*HALF), sides(LONG, LONG, LONG)) == pytest.approx(0.2)
    assert emptiness_by_cases(region(*HALF), [Case(sides(LONG, LONG, LONG), None, Witness())]) == 0.0


def test_variances_that_the_covariance_does_not_exceed_are_refused() -> None:
    covariance = DenseCovariance.of(np.array([[0.04, 0.01], [0.01, 0.04]]))
    assert proven_spread(covariance, np.array([0.029, 0.029])) is not None
    for spread in (np.array([0.031, 0.031]), np.array([-0.01, 0.0]), np.array([0.01]), np.array([np.nan, 0.0])):
        assert proven_spread(covariance, spread) is None


def test_variances_of_their_own_raise_the_bound_over_names_that_may_be_left_out() -> None:
    """With a diagonal covariance of n equal names and room for two, the spread makes the root's bound exact."""
    n, covariance = 6, 0.04 * np.eye(6)
    problem = posed(covariance, limits=(Budget(), LongOnly(), MinimumPosition(0.5)))
    estimates = estimated(problem)
    limits = problem.region(estimates)
    best = np.array([0.5, 0.5, 0.0, 0.0, 0.0, 0.0])
    relaxed = np.full(n, 1.0 / n)
    spread = np.full(n, 0.04 * (1 - 1e-9))
    weak = Case(np.full(n, ANY, np.int8), relaxed, Witness({"budget": -0.04 / n}))
    strong = Case(weak.sides, relaxed, Witness({"budget": -0.01}))
    assert case_gap(problem.objective, estimates, limits, best, weak) == pytest.approx(0.01 - 0.02 / n)
    proven = proven_spread(estimates.covariance, spread)
    assert case_gap(problem.objective, estimates, limits, best, strong, proven) == pytest.approx(0.0, abs=1e-10)
