"""What a library's answer passes through: read by name, moved by rounding only, and never heard."""

import sys
import warnings
from time import perf_counter

import numpy as np
import pytest

from tangency.domain.optimization.constraint import Budget, LongOnly, MaximumWeight
from tangency.domain.optimization.proposal import Proposal, Status
from tangency.plugins.peers.borrowed import Found, settled, unheard
from tests.support.posed import estimated, posed

COVARIANCE = np.diag([0.01, 0.04, 0.09])


def proposed(a: float, b: float, c: float, said: list[str] | None = None) -> Proposal:
    problem = posed(COVARIANCE, limits=(Budget(), LongOnly(), MaximumWeight(0.7)))
    return settled(problem, estimated(problem), Found({"C": c, "A": a, "B": b}, "f"), "s", said or [], perf_counter())


def test_weights_are_read_by_name_and_proven() -> None:
    found = proposed(0.7, 0.9 / 4.333333333333333 * 1.0, 0.3 - 0.9 / 4.333333333333333)
    assert found.status is Status.OPTIMAL
    assert found.findings["projection_distance"] == 0.0


def test_rounding_is_moved_to_the_nearest_limit_and_the_distance_told() -> None:
    found = proposed(0.7 + 1e-8, 0.2, 0.1)
    assert found.weights is not None
    assert found.weights.max() == 0.7
    assert found.findings["projection_distance"] == pytest.approx(1e-8, rel=1e-3)


def test_weights_far_from_the_limits_are_handed_on_as_they_are_for_the_judge_to_refuse() -> None:
    found = proposed(0.8, 0.1, 0.1)
    np.testing.assert_array_equal(found.weights, [0.8, 0.1, 0.1])
    assert found.status is Status.FEASIBLE


def test_a_weight_that_is_no_number_ends_the_matter() -> None:
    found = proposed(0.5, 0.5, np.nan)
    assert found.status is Status.NUMERICAL_ERROR
    assert "divides by zero" in found.message


def test_what_a_library_prints_or_warns_of_is_kept_or_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    with unheard() as said:
        warnings.warn("inaccurate", stacklevel=1)
        sys.stdout.write("no solution")
    assert said == ["inaccurate"]
    assert capsys.readouterr().out == ""


def test_an_inaccurate_answer_counts_by_its_certificate_alone() -> None:
    found = proposed(0.7, 0.9 / 4.333333333333333, 0.3 - 0.9 / 4.333333333333333, ["Solution may be inaccurate."])
    assert found.status is Status.OPTIMAL
    assert found.attempts[0].status == "inaccurate"
