"""Every law tried on one method, as a value and as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tangency.contracts.laws import LAWS, Law
from tangency.contracts.subject import Subject
from tangency.contracts.together import Together
from tangency.contracts.trial import LawBroken
from tangency.domain.optimization.method import OptimizationMethod

EXAMPLES = 50


@dataclass(frozen=True, slots=True)
class LawReport:
    """How one law ended.

    Attributes:
        detail: how it is broken with the smallest example, or why it was not tried; empty if it holds.
    """

    law: str
    sentence: str
    outcome: Literal["holds", "broken", "exempt", "untried"]
    detail: str = ""

    @property
    def text(self) -> str:
        """A line, and the detail below it."""
        line = f"{self.outcome:7} {self.law}: {self.sentence}"
        return "\n".join([line, *(f"        {part}" for part in self.detail.splitlines())])


@dataclass(frozen=True, slots=True)
class MethodReport:
    """How every law ended for a method."""

    method: str
    laws: tuple[LawReport, ...]

    @property
    def passed(self) -> bool:
        """Whether no law is broken."""
        return all(law.outcome != "broken" for law in self.laws)

    @property
    def text(self) -> str:
        """For a terminal."""
        failed = sum(law.outcome == "broken" for law in self.laws)
        end = (
            f"{self.method} obeys every law." if self.passed else f"{self.method} breaks {failed} of {len(self.laws)}."
        )
        return "\n".join([*(law.text for law in self.laws), end])


def check(
    method: OptimizationMethod | str, options: Mapping[str, object] | None = None, examples: int = EXAMPLES
) -> MethodReport:
    """Try every law on a method.

    Args:
        method: the method, or the name of an installed one.
        options: by name, to try it with; its defaults where left out.
        examples: problems per law. They are the same in every run.

    Raises:
        LookupError: no method of that name is installed.
    """
    subject = Subject.of(method, options or {})
    together = Together(subject, examples)
    reports: dict[str, LawReport] = {}
    for name, law in LAWS.items():
        ground = reports.get(law.stands_on or "")
        if ground is not None and ground.outcome != "holds":
            reports[name] = LawReport(name, law.sentence, "untried", f"until {ground.law} holds")
        else:
            reports[name] = _report(name, law, together)
    return MethodReport(subject.method.name, tuple(reports.values()))


def _report(name: str, law: Law, together: Together) -> LawReport:
    spared = law.spares(together.subject)
    if spared is not None:
        return LawReport(name, law.sentence, "exempt", spared)
    try:
        together.check(name, law)
    except LawBroken as broken:
        return LawReport(name, law.sentence, "broken", "\n".join([str(broken), *_draws(broken)]))
    return LawReport(name, law.sentence, "holds")


def _draws(broken: LawBroken) -> list[str]:
    """What was drawn beside the problem: an order of names, a unit."""
    return [note for note in getattr(broken, "__notes__", []) if note.startswith("Draw ")]
