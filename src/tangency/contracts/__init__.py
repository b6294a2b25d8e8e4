"""The suite that every optimization method must pass; plugin authors run it on theirs.

In a test file of yours, which pytest then collects as one test per law::

    from tangency.contracts import MethodContract

    class TestMine(MethodContract):
        method = "my_method"

From a program, or as ``tangency methods check my_method``::

    report = tangency.contracts.check("my_method")
    print(report.text)

It needs the extra ``tangency[contracts]``: pytest and hypothesis.
"""

from tangency.contracts.laws import LAWS, Law
from tangency.contracts.report import LawReport, MethodReport, check
from tangency.contracts.subject import Subject
from tangency.contracts.suite import MethodContract
from tangency.contracts.trial import LawBroken

__all__ = ["LAWS", "Law", "LawBroken", "LawReport", "MethodContract", "MethodReport", "Subject", "check"]
