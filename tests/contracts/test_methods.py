"""Every installed method obeys every law: ours by the same suite as a stranger's."""

from importlib.metadata import entry_points

import pytest

from tangency.contracts import LAWS, Subject, check

OPTIONS = {"multi_objective": {"points": 2}}
"""Beside the defaults: twenty points of a front are as lawful as two, and take ten times as long."""
METHODS = [point.name for point in entry_points(group="tangency.methods")]
SUBJECTS = {name: Subject.named(name, OPTIONS.get(name)) for name in METHODS}
FEWER = {
    "multi_objective": 6,
    "nested_clusters_optimization": 15,
    "pypfopt": 15,
    "riskfolio": 4,
    "robust_optimization": 15,
    "schur_complementary": 15,
    "stacking": 15,
    "subset_resampling": 15,
}
"""Problems per law for methods that solve a set of programs for each, or one that cvxpy compiles. Those of robust
optimization and of clusters are held to the laws with other options too, by the tests of their own."""
CASES = [(name, law) for name, subject in SUBJECTS.items() for law in LAWS if LAWS[law].spares(subject) is None]


def test_the_built_in_methods_are_among_those_tested() -> None:
    assert {"mean_variance", "equal_weight", "inverse_volatility"} <= set(SUBJECTS)


@pytest.mark.parametrize(("name", "law"), CASES)
def test_a_method_obeys_a_law(name: str, law: str) -> None:
    LAWS[law].check(SUBJECTS[name], FEWER.get(name, 30))


def test_no_method_is_spared_for_being_slow() -> None:
    assert set(FEWER) <= set(SUBJECTS)
    assert min(FEWER.values()) > 0


def test_a_report_says_of_every_law_whether_it_holds() -> None:
    report = check("EQUAL_WEIGHT", examples=3)
    assert report.passed
    assert [law.law for law in report.laws] == list(LAWS)
    assert "spared  duplication: a name that is there twice adds nothing" in report.text
    assert "it is a rule, which optimizes nothing" in report.text
    assert report.text.endswith("equal_weight obeys every law.")


def test_a_method_that_nobody_installed_is_a_lookup_error() -> None:
    with pytest.raises(LookupError, match="no installed distribution has an entry point 'nobody'"):
        check("nobody")
