"""The laws as a class of tests, for a plugin's own repository."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import ClassVar

import pytest

from tangency.contracts.laws import LAWS
from tangency.contracts.report import EXAMPLES, MethodReport, check
from tangency.contracts.subject import Subject
from tangency.domain.optimization.method import OptimizationMethod


class MethodContract:
    """Inherit it in a test file, under a name that begins with Test, and name the method.

    Attributes:
        method: the method, or the name of an installed one.
        options: options by name to try it with; the defaults where left out.
        examples: problems per law.
    """

    method: ClassVar[OptimizationMethod | str]
    options: ClassVar[Mapping[str, object]] = {}
    examples: ClassVar[int] = EXAMPLES

    @classmethod
    def subject(cls) -> Subject:
        """The method with its options."""
        return Subject.of(cls.method, cls.options)

    @classmethod
    @cache
    def report(cls) -> MethodReport:
        """How every law ended: they are tried together, by the first test that asks."""
        return check(cls.method, cls.options, cls.examples)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test per law that concerns the method."""
        subject = self.subject()
        laws = [name for name, law in LAWS.items() if name == "declaration" or law.spares(subject) is None]
        metafunc.parametrize("law", laws)

    def test_it_obeys_the_law(self, law: str) -> None:
        """The law holds for the method."""
        (found,) = [report for report in self.report().laws if report.law == law]
        assert found.outcome == "holds", found.text
