"""The curve around an answer is efficient, and the answer lies where it should."""

import numpy as np
import pytest

from tangency.adapters.report.frontier import POINTS, Point
from tangency.application.question import Limits
from tests.adapters.report.conftest import Reported, Reporter
from tests.support.questions import question


def curve(points: tuple[Point, ...]) -> tuple[list[float], list[float]]:
    return [point.volatility for point in points], [point.expected_return for point in points]


def test_more_return_takes_more_risk_and_ever_more_of_it(sample: Reported) -> None:
    assert sample.frontier is not None
    for points in (sample.frontier.within_limits, sample.frontier.unlimited):
        risks, returns = curve(points)
        assert len(points) == POINTS
        assert returns == sorted(returns)
        assert risks == sorted(risks)
        slopes = np.diff(risks) / np.diff(returns)
        assert (np.diff(slopes) > -1e-6).all()


def test_limits_only_cost(sample: Reported) -> None:
    assert sample.frontier is not None
    risks, returns = curve(sample.frontier.unlimited)
    for point in sample.frontier.within_limits:
        assert np.interp(point.expected_return, returns, risks) <= point.volatility + 1e-4


def test_the_highest_ratio_touches_the_curve_from_below(sample: Reported) -> None:
    assert sample.frontier is not None
    best = sample.findings.solution.sharpe_ratio
    assert best is not None
    ratios = [(p.expected_return - 0.02) / p.volatility for p in sample.frontier.within_limits]
    assert max(ratios) <= best + 1e-9
    assert max(ratios) == pytest.approx(best, rel=1e-3)


def test_a_limit_of_no_consequence_leaves_the_curve_where_it_was(reporter: Reporter) -> None:
    frontier = reporter.report(question(limits=Limits(max_weight=0.999999))).frontier
    assert frontier is not None
    inner, outer = curve(frontier.within_limits), curve(frontier.unlimited)
    np.testing.assert_allclose(inner[0], outer[0], atol=1e-4)


def test_without_a_highest_return_there_is_no_curve_without_limits(reporter: Reporter) -> None:
    frontier = reporter.report(question(limits=Limits(min_weight=-0.5, max_weight=1.0))).frontier
    assert frontier is not None
    assert len(frontier.within_limits) == POINTS
    assert frontier.unlimited == ()
