"""What a problem costs grows with each part of its shape, and what is too much is refused with the numbers."""

from dataclasses import replace

import pytest

from tangency.domain.optimization.constraint import Budget, LongOnly
from tangency.domain.optimization.cost import Ceilings, Shape, TooExpensive
from tangency.domain.optimization.minimum_position import MinimumPosition
from tangency.domain.optimization.queue import Queue
from tests.contracts.test_store import problem

SHAPE = Shape(names=100, constraints=4, scenarios=500)


@pytest.mark.parametrize("more", [{"names": 200}, {"constraints": 40}, {"scenarios": 1000}, {"choices": 100}])
def test_each_part_of_the_shape_costs(more: dict[str, int]) -> None:
    assert replace(SHAPE, **more).seconds > SHAPE.seconds


def test_a_problem_has_a_shape() -> None:
    plain = problem()
    assert Shape.of(plain) == Shape(3, len(plain.constraints), 0, 0)
    chosen = replace(plain, constraints=(Budget(), LongOnly(), MinimumPosition(0.05)))
    assert Shape.of(chosen).choices == 3


def test_what_is_above_the_light_ceiling_is_heavy_and_what_is_above_the_other_is_refused_with_the_numbers() -> None:
    ceilings = Ceilings(light_s=SHAPE.seconds, most_s=10 * SHAPE.seconds)
    larger, largest = replace(SHAPE, choices=50), replace(SHAPE, choices=5_000)

    assert [ceilings.queue(each) for each in (SHAPE, larger)] == [Queue.LIGHT, Queue.HEAVY]
    ceilings.refuse(larger)
    with pytest.raises(TooExpensive, match="100 names, 4 constraints, 500 periods of returns, 5,000 choices"):
        ceilings.refuse(largest)
