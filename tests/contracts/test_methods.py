"""Every installed method obeys every law: ours by the same suite as a stranger's."""

from dataclasses import fields
from importlib.metadata import entry_points

import pytest

from tangency.contracts import LAWS, Subject, check

ELSEWHERE = {"riskfolio"}
"""Tried in plugins/peers, where its library is loaded anyway: that takes as long as the laws of five methods."""
METHODS = [point.name for point in entry_points(group="tangency.methods") if point.name not in ELSEWHERE]
FEW = {"points": 2}
"""Of a front of several aims: the twenty of the default are as lawful as two, and take ten times as long."""
FEWER = {
    "multi_objective": 6,
    "nested_clusters_optimization": 15,
    "pypfopt": 15,
    "robust_optimization": 15,
    "schur_complementary": 15,
    "stacking": 15,
    "subset_resampling": 15,
}
"""Problems per law for methods that solve a set of programs for each, or one that cvxpy compiles. Those of robust
optimization and of clusters are held to the laws with other options too, by the tests of their own."""


def test_the_built_in_methods_are_among_those_tested() -> None:
    assert {"mean_variance", "equal_weight", "inverse_volatility"} <= set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_obeys_every_law(name: str) -> None:
    subject = Subject.named(name)
    known = {each.name for each in fields(subject.method.options)}
    report = check(subject.method, FEW if FEW.keys() <= known else {}, FEWER.get(name, 30))
    assert report.passed, report.text


def test_no_method_is_spared_for_being_slow() -> None:
    assert set(FEWER) <= set(METHODS)
    assert min(FEWER.values()) > 0


def test_a_report_says_of_every_law_whether_it_holds() -> None:
    report = check("EQUAL_WEIGHT", examples=3)
    assert report.passed
    assert [law.law for law in report.laws] == list(LAWS)
    assert "exempt  duplication: a copy of a name does not improve the answer" in report.text
    assert "it is a rule, which optimizes nothing" in report.text
    assert report.text.endswith("equal_weight obeys every law.")


def test_a_method_that_nobody_installed_is_a_lookup_error() -> None:
    with pytest.raises(LookupError, match="no installed distribution has an entry point 'nobody'"):
        check("nobody")
