"""Tangency's suite, one test per law, and what only this method promises."""

from typing import ClassVar

import numpy as np
import pytest
from projected_gradient import Options, ProjectedGradient
from projected_gradient.descent import project

from tangency.contracts import MethodContract


class TestProjectedGradient(MethodContract):
    method = ProjectedGradient()
    options: ClassVar = {"iterations": 1_000}  # where nothing is at risk it takes them all
    examples = 20


def test_a_projection_is_within_the_bounds_and_meets_the_budget() -> None:
    lower, upper = np.array([0.0, 0.1, 0.0]), np.array([0.5, 0.6, 0.2])
    nearest = project(np.array([2.0, -1.0, 0.3]), lower, upper, 1.0)
    assert nearest.sum() == pytest.approx(1.0, abs=1e-12)
    assert nearest == pytest.approx([0.5, 0.3, 0.2])


def test_no_iterations_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Options(iterations=0)
