"""What a problem costs grows with each part of its shape, and what is too much is refused with the numbers."""

from dataclasses import replace

import pytest

from tangency.domain.optimization.constraint import Budget, LongOnly, TurnoverLimit
from tangency.domain.optimization.cost import Ceilings, Cost, Shape, TooExpensive, TooHeavy
from tangency.domain.optimization.minimum_position import MinimumPosition
from tangency.domain.optimization.queue import Queue
from tests.contracts.test_store import problem

SHAPE = Shape(names=100, constraints=4, scenarios=500)
CHOICES = (Budget(), LongOnly(), MinimumPosition(0.05))


@pytest.mark.parametrize(
    "more",
    [
        replace(SHAPE, names=200),
        replace(SHAPE, constraints=40),
        replace(SHAPE, scenarios=1000),
        replace(SHAPE, choices=100),
        replace(SHAPE, measure="cvar"),
    ],
)
def test_each_part_of_the_shape_costs(more: Shape) -> None:
    assert more.solve_s > SHAPE.solve_s
    assert more.trace_s(10) > SHAPE.trace_s(10)


def test_taxes_cost_a_solve_more_and_its_frontier_nothing() -> None:
    taxed = replace(SHAPE, taxed=100)
    assert taxed.solve_s > SHAPE.solve_s
    assert taxed.trace_s(10) == SHAPE.trace_s(10)


@pytest.mark.parametrize("measure", ["volatility", "cvar", "cdar", "evar", "gini_mean_difference"])
def test_whatever_the_measure_more_periods_cost_more(measure: str) -> None:
    few, many = (replace(SHAPE, measure=measure, scenarios=periods) for periods in (250, 2500))
    assert many.solve_s > few.solve_s


def test_a_frontier_that_cannot_be_followed_is_solved_for_point_by_point() -> None:
    followed, solved = SHAPE, replace(SHAPE, straight=False)
    assert followed.trace_s(20) < 20 * followed.solve_s < solved.trace_s(20)


def test_a_problem_has_a_shape() -> None:
    plain = problem()
    assert Shape.of(plain) == Shape(3, len(plain.constraints), 0, 0)
    assert Shape.of(replace(plain, constraints=CHOICES)).choices == 3
    assert Shape.of(replace(plain, options={"tax": {"lots": []}})).taxed == 3
    assert not Shape.of(replace(plain, constraints=(TurnoverLimit(0.2, (0.5, 0.3, 0.2)),))).straight
    assert Shape.of(replace(plain, method="mean_risk")).measure == "cvar"
    assert Shape.of(replace(plain, options={"risk_measure": "EVaR"})).measure == "evar"


def test_an_order_costs_its_frontier_too_as_far_as_that_is_waited_for() -> None:
    answer, order = Cost.of_answer(problem()), Cost.of_order(problem(), 10, most_s=30.0)
    assert order.seconds > answer.seconds
    assert Cost.of_order(replace(problem(), constraints=CHOICES), 10**6, most_s=30.0).seconds < 31.0


def test_plans_of_chosen_trades_and_analyses_of_many_names_cost_more() -> None:
    assert Cost.of_plan(problem(), True, 1).seconds > Cost.of_plan(problem(), False, 1).seconds
    assert Cost.of_plan(problem(), False, 4).seconds > Cost.of_plan(problem(), False, 1).seconds
    few, many, statistical = (Cost.of_analysis(*asked) for asked in ((10, 250, 3), (1000, 250, 3), (1000, 250, 0)))
    assert few.seconds < many.seconds < statistical.seconds


def test_what_is_above_the_light_ceiling_is_heavy_and_what_is_above_the_other_is_refused_with_the_numbers() -> None:
    ceilings = Ceilings(light_s=1.0, most_s=10.0)
    light, heavy, most = Cost(1.0, "the problem"), Cost(5.0, "the problem"), Cost(11.0, "the problem (3 names)")

    assert [ceilings.queue(each) for each in (light, heavy)] == [Queue.LIGHT, Queue.HEAVY]
    ceilings.refuse(heavy)
    with pytest.raises(TooExpensive, match=r"the problem \(3 names\) is estimated at 11 seconds"):
        ceilings.refuse(most)


def test_what_is_waited_for_is_light_or_refused_with_the_numbers_and_the_remedy() -> None:
    ceilings = Ceilings(light_s=1.0, most_s=10.0)
    ceilings.refuse_to_wait(Cost(1.0, "the plan"), "order it.")
    with pytest.raises(TooHeavy, match=r"the plan is estimated at 5.0 seconds.*may take 1; order it"):
        ceilings.refuse_to_wait(Cost(5.0, "the plan"), "order it.")
    with pytest.raises(TooExpensive):
        ceilings.refuse_to_wait(Cost(11.0, "the plan"), "order it.")
