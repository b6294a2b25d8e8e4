"""The working set finds what the whole program finds, wherever it begins; its guesses are feasible guesses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tangency.domain.numbers import Vector
from tangency.domain.optimization.region import Distance
from tangency.plugins.kernels import working_set
from tangency.plugins.kernels.interior_point import Polyhedron, interior_point
from tangency.plugins.kernels.working_set import (
    FIRST_MOVERS,
    SMALLEST_SIZE,
    SMALLEST_SPLIT_SIZE,
    _budget,
    _largest_eigenvalue,
    _onto,
    _projected,
    _resting,
)
from tests.support.polyhedra import Program, misfit_of, random_program

LARGE = SMALLEST_SIZE + 30


def same(program: Program, parked: Vector | None) -> None:
    """As good as the whole program, and optimal by itself."""
    whole = interior_point(program.S, program.linear, program.region, 1e-10)
    point = working_set.solve(program.S, program.linear, program.region, 1e-10, parked)
    assert point.solved
    assert program.value(point.x) == pytest.approx(program.value(whole.x), abs=1e-9)
    assert misfit_of(program, point) < 1e-5


class TestSameAsTheWhole:
    @pytest.mark.parametrize("seed", range(4))
    def test_with_bounds_and_rows(self, seed: int) -> None:
        same(random_program(seed, LARGE, distances=0), None)

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("distances", [1, 2])
    def test_with_distances(self, seed: int, distances: int) -> None:
        same(random_program(seed, SMALLEST_SPLIT_SIZE + 20, distances=distances), None)

    @pytest.mark.parametrize("seed", range(3))
    def test_without_bounds_on_some_names(self, seed: int) -> None:
        same(random_program(seed, LARGE, distances=0, bounded=False), None)

    @pytest.mark.parametrize("seed", range(12))
    @pytest.mark.parametrize("size", [20, LARGE])
    def test_from_any_guess(self, seed: int, size: int) -> None:
        program = random_program(seed, size, distances=seed % 2)
        rng = np.random.default_rng(seed)
        parked = np.where(rng.random(size) < 0.5, program.region.lower, np.nan)
        parked = np.where(rng.random(size) < 0.1, program.region.upper, parked)
        same(program, parked)

    def test_from_a_guess_that_leaves_no_room(self) -> None:
        program = random_program(5, 40, distances=0)
        same(program, np.where(np.arange(40) < 39, 0.0, np.nan))
        same(program, np.zeros(40))

    def test_small_programs_are_not_guessed_at(self) -> None:
        program = random_program(1, 10, distances=0)
        whole = interior_point(program.S, program.linear, program.region, 1e-10)
        point = working_set.solve(program.S, program.linear, program.region, 1e-10, None)
        assert point.x.tolist() == whole.x.tolist()

    def test_without_any_variance(self) -> None:
        program = random_program(2, LARGE, distances=0)
        flat = Program(np.zeros_like(program.S), program.linear, program.region, program.inside)
        same(flat, None)

    def test_where_nothing_is_feasible_it_does_not_say_solved(self) -> None:
        program = random_program(3, LARGE, distances=0)
        narrow = Polyhedron(
            np.ones((1, LARGE)), np.ones(1), np.array([True]), np.zeros(LARGE), np.full(LARGE, 0.5 / LARGE), ()
        )
        assert not working_set.solve(program.S, program.linear, narrow, 1e-10, None).solved


def box(n: int, upper: float, budget: float = 1.0, scale: float = 1.0) -> Polyhedron:
    rows = np.full((1, n), scale)
    return Polyhedron(rows, np.array([budget * scale]), np.array([True]), np.zeros(n), np.full(n, upper), ())


class TestProjection:
    @settings(max_examples=200, deadline=None)
    @given(
        st.lists(st.floats(-5, 5), min_size=2, max_size=12).map(np.array),
        st.floats(0.0, 1.0),
        st.floats(-20, 20),
    )
    def test_it_is_a_shift_that_meets_the_budget(self, point: Vector, share: float, begin: float) -> None:
        n = len(point)
        region = box(n, 0.7)
        budget = share * 0.7 * n
        nearest, shift = _onto(point, budget, region, begin)
        assert nearest.sum() == pytest.approx(budget, abs=1e-6)
        np.testing.assert_allclose(nearest, np.clip(point + shift, 0.0, 0.7), atol=1e-12)

    def test_where_no_name_is_inside_its_bounds_it_bisects(self) -> None:
        nearest, _ = _onto(np.array([5.0, -5.0]), 1.0, box(2, 1.0), 0.0)
        np.testing.assert_allclose(nearest, [1.0, 0.0], atol=1e-9)


class TestGuesses:
    def test_projected_gradients_park_names_at_their_bounds(self) -> None:
        program = random_program(0, LARGE, distances=0)
        parked = _projected(program.S, program.linear, program.region)
        assert parked is not None
        known = ~np.isnan(parked)
        assert ((parked == program.region.lower) | (parked == program.region.upper))[known].all()
        whole = interior_point(program.S, program.linear, program.region, 1e-10)
        assert (np.abs(whole.x - parked)[known] < 1e-3).mean() > 0.8

    @pytest.mark.parametrize(
        "region",
        [
            box(3, np.inf),
            box(3, 0.3),
            box(3, 1.0, budget=-0.1),
            Polyhedron(np.array([[1.0, 2.0, 1.0]]), np.ones(1), np.array([True]), np.zeros(3), np.ones(3), ()),
            Polyhedron(np.ones((1, 3)), np.ones(1), np.array([False]), np.zeros(3), np.ones(3), ()),
        ],
        ids=["no upper bounds", "too little room", "too much", "another row", "no equality"],
    )
    def test_they_need_bounds_and_a_budget_between_them(self, region: Polyhedron) -> None:
        assert _projected(np.eye(3), np.zeros(3), region) is None

    def test_a_scaled_budget_is_one(self) -> None:
        assert _budget(box(4, 1.0, scale=0.25)) == 1.0
        assert _budget(box(4, 1.0, budget=0.8, scale=4.0)) == pytest.approx(0.8)

    def test_resting_names_stay_where_they_are_but_for_the_best_to_trade(self) -> None:
        rng = np.random.default_rng(0)
        n = 60
        center = rng.dirichlet(np.ones(n))
        region = Polyhedron(
            np.ones((1, n)), np.ones(1), np.array([True]), np.zeros(n), np.ones(n), (Distance("d", center, 0.1),)
        )
        linear = rng.normal(size=n)
        parked = _resting(np.eye(n), linear, region, FIRST_MOVERS)
        assert parked is not None
        free = np.isnan(parked)
        assert free.sum() == 2 * FIRST_MOVERS
        assert (parked[~free] == center[~free]).all()
        ranking = np.argsort(center + linear)
        assert free[ranking[:FIRST_MOVERS]].all()
        assert free[ranking[-FIRST_MOVERS:]].all()

    def test_a_current_weight_out_of_bounds_is_no_place_to_rest(self) -> None:
        n = 60
        center = np.full(n, 1.0 / n)
        upper = np.where(np.arange(n) == 30, 0.5 / n, 1.0)
        region = Polyhedron(
            np.ones((1, n)), np.ones(1), np.array([True]), np.zeros(n), upper, (Distance("d", center, 0.1),)
        )
        parked = _resting(np.eye(n), np.linspace(-1, 1, n), region, FIRST_MOVERS)
        assert parked is not None
        assert np.isnan(parked[30])

    def test_from_nothing_the_even_portfolio_ranks(self) -> None:
        n = 60
        region = Polyhedron(
            np.ones((1, n)), np.ones(1), np.array([True]), -np.ones(n), np.ones(n), (Distance("d", np.zeros(n), 1.3),)
        )
        S = np.diag(np.linspace(1.0, 2.0, n))
        parked = _resting(S, np.zeros(n), region, FIRST_MOVERS)
        assert parked is not None
        assert np.isnan(parked[:FIRST_MOVERS]).all()
        assert np.isnan(parked[-FIRST_MOVERS:]).all()
        assert (parked[FIRST_MOVERS:-FIRST_MOVERS] == 0.0).all()

    def test_among_few_names_all_may_move(self) -> None:
        region = Polyhedron(
            np.ones((1, 4)), np.ones(1), np.array([True]), np.zeros(4), np.ones(4), (Distance("d", np.zeros(4), 1.0),)
        )
        assert _resting(np.eye(4), np.zeros(4), region, 2) is None


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_step_of_the_guess_is_not_absurd(seed: int) -> None:
    program = random_program(seed)
    true = float(np.linalg.eigvalsh(program.S)[-1])
    assert 0.7 * true <= _largest_eigenvalue(program.S) <= 1.06 * true


def test_without_variance_the_step_is_one() -> None:
    assert _largest_eigenvalue(np.zeros((3, 3))) == 1.0
