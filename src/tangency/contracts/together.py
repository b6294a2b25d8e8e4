"""Laws on the same problems, tried at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import Phase, assume
from hypothesis.errors import Flaky, UnsatisfiedAssumption

from tangency.contracts.laws import LAWS, Law
from tangency.contracts.subject import Subject
from tangency.contracts.trial import LawBroken, On, Problems, Trial, attempt


class Found(NamedTuple):
    """What came of laws that were tried on the same problems.

    Attributes:
        held: those that hold.
        broken: how one is broken, which ends the trial of all.
    """

    held: frozenset[str]
    broken: Mapping[str, LawBroken]


@dataclass(frozen=True, eq=False)
class Together:
    """Tries all laws on the same problems at once: one answer to each then serves them all, which saves half the time.

    Only where that leaves a question is a law tried by itself: where one is broken, for the smallest problem that shows
    it, and where one passes over most of the problems that another takes, and so was tried on too few.
    """

    subject: Subject
    examples: int
    _found: dict[Problems, Found] = field(default_factory=dict)

    def check(self, name: str, law: Law) -> None:
        """Try a law, and with it all that are tried on the same problems.

        Raises:
            LawBroken: it is.
        """
        found = self._of(law.check.problems) if isinstance(law.check, On) else NOTHING
        if name in found.held:
            return
        law.check(self.subject, self.examples)
        if name in found.broken:
            raise found.broken[name]

    def _of(self, drawn: Problems) -> Found:
        if drawn not in self._found:
            self._found[drawn] = _found(drawn, self.subject, self.examples)
        return self._found[drawn]


NOTHING = Found(frozenset(), {})


def _found(drawn: Problems, subject: Subject, examples: int) -> Found:
    laws, times, broken = dict(_on(drawn, subject)), Counter[str](), dict[str, LawBroken]()

    def each(trial: Trial) -> None:
        tried = [name for name, law in laws.items() if _concerns(name, law, trial, broken)]
        assume(tried)
        times.update(tried)

    try:
        attempt(drawn, each, subject, examples, [Phase.generate])
    except (LawBroken, Flaky):  # broken once and not again is broken
        return Found(frozenset(), broken)
    return Found(frozenset(name for name, often in times.items() if often > max(times.values()) / 2), {})


def _on(drawn: Problems, subject: Subject) -> Iterator[tuple[str, On]]:
    for name, law in LAWS.items():
        if isinstance(law.check, On) and law.check.problems is drawn and law.spares(subject) is None:
            yield name, law.check


def _concerns(name: str, law: On, trial: Trial, broken: dict[str, LawBroken]) -> bool:
    try:
        law.holds(trial)
    except UnsatisfiedAssumption:
        return False
    except LawBroken as error:
        broken[name] = error
        raise
    return True
