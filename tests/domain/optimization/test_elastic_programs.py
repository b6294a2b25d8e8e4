"""Limits that are told: on the feasible side, and no further than a program's slack can be trusted."""

import pytest

from tangency.domain.optimization.constraint import Constraint, MaximumWeight, MinimumWeight
from tangency.domain.optimization.elastic_programs import outward


@pytest.mark.parametrize("noise", [0.0, 3.3e-12, -2.9e-11, 4e-11])
@pytest.mark.parametrize(("limit", "needed"), [(MaximumWeight(0.2499), 0.25), (MinimumWeight(0.3), 0.2)])
def test_what_a_program_leaves_of_a_slack_is_not_told(limit: Constraint, needed: float, noise: float) -> None:
    assert outward(limit, abs(needed - limit.limit) + noise) == needed


@pytest.mark.parametrize(("limit", "needed"), [(MaximumWeight(0.2499), 0.250000001), (MinimumWeight(0.3), 0.199999999)])
def test_what_it_means_is_told_on_the_feasible_side(limit: Constraint, needed: float) -> None:
    assert outward(limit, abs(needed - limit.limit) - 8e-10) == needed
