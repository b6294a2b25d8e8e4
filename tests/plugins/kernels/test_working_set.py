"""The working set finds what the whole program finds, wherever it begins; its guesses are feasible guesses."""

import numpy as np
import pytest

from tangency.domain.numbers import Vector
from tangency.domain.optimization.region import Distance
from tangency.plugins.kernels import working_set
from tangency.plugins.kernels.interior_point import Polyhedron, interior_point
from tangency.plugins.kernels.working_set import (
    FIRST_MOVERS,
    NEAR,
    SMALLEST_SIZE,
    SMALLEST_SPLIT_SIZE,
    _budget,
    _resting,
    ranked,
)
from tests.support.polyhedra import Program, misfit_of, random_program

LARGE = SMALLEST_SIZE + 30


def same(program: Program, parked: Vector | None) -> None:
    """As good as the whole program, and optimal by itself."""
    whole = interior_point(program.S, program.linear, program.region, 1e-10)
    point = working_set.solve(program.S, program.linear, program.region, 1e-10, parked)
    assert point.solved
    assert program.value(point.x) == pytest.approx(program.value(whole.x), abs=1e-9)
    assert misfit_of(program, point) < 1e-3  # it stops short of a limit by as much as the price is small


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


class TestGuesses:
    @pytest.mark.parametrize("upper", [0.019, 0.11, np.inf])
    def test_the_most_wanted_are_filled_until_the_budget_is_spent(self, upper: float) -> None:
        n = 200
        parked = ranked(np.eye(n), np.arange(n, 0.0, -1.0), box(n, upper))  # the last name is wanted most
        turn = int(1.0 / upper)
        assert (parked[n - turn + NEAR :] == upper).all()
        assert np.isnan(parked[n - turn - NEAR : n - turn + NEAR]).all()
        assert (parked[: n - turn - NEAR] == 0.0).all()

    def test_names_parked_at_bounds_are_mostly_right(self) -> None:
        program = random_program(0, LARGE, distances=0)
        parked = ranked(program.S, program.linear, program.region)
        known = ~np.isnan(parked)
        whole = interior_point(program.S, program.linear, program.region, 1e-10)
        assert known.sum() >= LARGE - 2 * NEAR
        assert (np.abs(whole.x - parked)[known] < 1e-3).mean() > 0.8

    @pytest.mark.parametrize(
        "region",
        [
            Polyhedron(np.array([[1.0, 2.0, 1.0]]), np.ones(1), np.array([True]), np.zeros(3), np.ones(3), ()),
            Polyhedron(np.ones((1, 3)), np.ones(1), np.array([False]), np.zeros(3), np.ones(3), ()),
            Polyhedron(np.ones((1, 3)), np.ones(1), np.array([True]), np.array([0, 0, -np.inf]), np.ones(3), ()),
        ],
        ids=["another row", "no equality", "no lower bound"],
    )
    def test_without_a_budget_to_spend_every_name_is_free(self, region: Polyhedron) -> None:
        assert np.isnan(ranked(np.eye(3), np.zeros(3), region)).all()

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
