"""The answer beside the portfolio of today."""

import pytest

from tangency.application.question import NamedCovariance, RiskParameters
from tests.adapters.report.conftest import Reported, Reporter
from tests.support.questions import COVARIANCE, NAMES, question, strategies


def test_positions_sum_to_the_whole_with_cash(sample: Reported) -> None:
    positions = sample.findings.positions
    assert [position.name for position in positions][-1] == "CASH"
    assert sum(position.current or 0.0 for position in positions) == pytest.approx(1.0)
    assert sum(position.target for position in positions) == pytest.approx(1.0)
    assert sum(position.risk_share or 0.0 for position in positions) == pytest.approx(1.0)
    assert sum(position.change or 0.0 for position in positions) == pytest.approx(0.0, abs=1e-12)


def test_cash_earns_the_risk_free_rate_today(sample: Reported) -> None:
    findings = sample.findings
    current, today = findings.problem.current, findings.today
    assert current is not None
    assert today is not None
    invested = findings.estimates.expected_return(current)
    assert invested is not None
    assert today.expected_return is not None
    assert today.expected_volatility is not None
    assert today.expected_return == pytest.approx(invested + (1.0 - current.sum()) * 0.02)
    assert today.sharpe_ratio == pytest.approx((today.expected_return - 0.02) / today.expected_volatility)


def test_the_largest_target_comes_first(sample: Reported) -> None:
    targets = [position.target for position in sample.findings.largest_first]
    assert targets == sorted(targets, reverse=True)


def test_without_current_weights_nothing_is_said_of_today(reporter: Reporter) -> None:
    unknown = strategies(**{name: {"current_weight": None} for name in NAMES})
    findings = reporter.report(question(strategies=unknown)).findings
    assert findings.today is None
    assert {position.change for position in findings.positions} == {None}
    assert [position.name for position in findings.positions] == list(NAMES)


def test_without_means_there_is_a_risk_and_no_return(reporter: Reporter) -> None:
    without = strategies(**{name: {"expected_return": None} for name in NAMES})
    risk = RiskParameters(covariance=NamedCovariance(NAMES, COVARIANCE))
    reported = reporter.report(question(objective="MIN_VOLATILITY", strategies=without, risk=risk))
    assert reported.frontier is None
    assert reported.findings.target.expected_return is None
    assert reported.findings.today is not None
    assert reported.findings.today.expected_return is None
    assert reported.findings.today.expected_volatility is not None
