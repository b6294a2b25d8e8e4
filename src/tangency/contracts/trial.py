"""A method tried on problems drawn for it: by one law, or by several that share what it answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NoReturn, TypeAlias

from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from threadpoolctl import threadpool_limits

from tangency.contracts.subject import Crashed, Subject, Verdict
from tangency.domain.errors import Unsupported
from tangency.domain.optimization.document import content_hash, to_document
from tangency.domain.optimization.problem import Problem
from tangency.domain.optimization.proposal import Status
from tangency.domain.optimization.ratio import MaximumRatio


class LawBroken(AssertionError):
    """A method does not obey a law; the message says how, and shows the problem."""


@dataclass(eq=False)
class Trial:
    """A problem that a method is tried on, and what it first says of it, which is asked once for all laws."""

    subject: Subject
    problem: Problem
    data: st.DataObject

    @cached_property
    def content(self) -> str:
        """The problem's, as it was drawn."""
        return content_hash(replace(self.problem))

    @cached_property
    def said(self) -> Verdict | None:
        """Its verdict; None where it cannot honour the problem."""
        _ = self.content  # before a method could change it
        return said_by(self.subject, self.problem)

    @property
    def first(self) -> Verdict:
        """Its answer."""
        return an_answer(self.subject, self.problem, self.said)

    def again(self) -> Verdict:
        """Its answer when it is asked anew."""
        return answered(self.subject, self.problem)


Problems: TypeAlias = Callable[[Subject], st.SearchStrategy[Problem]]


@dataclass(frozen=True)
class On:
    """A check that tries a law on problems drawn for the method; the same ones every time, so that runs agree."""

    problems: Problems
    holds: Callable[[Trial], None]

    def __call__(self, subject: Subject, examples: int) -> None:
        """Try it on so many of them."""
        phases = [phase for phase in settings().phases if phase is not Phase.explain]  # it names lines of the judge
        attempt(self.problems, self.holds, subject, examples, phases)


def attempt(
    drawn: Problems, holds: Callable[[Trial], None], subject: Subject, examples: int, phases: Sequence[Phase]
) -> None:
    """Try a law, or several at once, on problems drawn for the method."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        report_multiple_bugs=False,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    @given(problem=drawn(subject), data=st.data())
    def tried(problem: Problem, data: st.DataObject) -> None:
        holds(Trial(subject, problem, data))

    try:
        with threadpool_limits(limits=1):  # as in the service; threads cost tiny problems more than they save
            tried()
    except Unsatisfiable:
        broken("It refuses every problem that its capabilities allow.")


def broken(how: str, problem: Problem | None = None) -> NoReturn:
    """Say how a law is broken, and on what; the problem is a document that can be saved and solved again."""
    shown = "" if problem is None else f"\nSmallest problem found:\n{json.dumps(to_document(problem))}"
    raise LawBroken(how + shown)


def verdict(subject: Subject, problem: Problem) -> Verdict:
    """The method's verdict on a sound problem, on which it may not crash."""
    try:
        return subject.verdict(problem)
    except Crashed as crash:
        broken(f"{crash}. A method never raises on a sound problem: it says what happened in the status.", problem)


def said_by(subject: Subject, problem: Problem) -> Verdict | None:
    """The method's verdict, or None: what it refuses to honour is not asked again."""
    try:
        return verdict(subject, problem)
    except Unsupported:
        return None


def answered(subject: Subject, problem: Problem) -> Verdict:
    """The method's answer to a problem that has one."""
    return an_answer(subject, problem, said_by(subject, problem))


def an_answer(subject: Subject, problem: Problem, found: Verdict | None) -> Verdict:
    """A verdict on a problem that has an answer, which it must be; what is refused is passed over."""
    if found is None:
        reject()
    solution = found.solution
    if solution.status is Status.NOT_APPLICABLE and found.proposal.reading.objective is not None:
        reject()  # a ratio may have a gain as it is asked for, and none in the worst case that the method reads
    measures_scenarios = subject.method.capabilities.uses_scenarios
    if solution.status is Status.UNBOUNDED and measures_scenarios and isinstance(problem.objective, MaximumRatio):
        reject()  # by a measure of losses a gain may come without a risk above 0
    if not solution.status.answered:
        worst = {} if solution.certificate is None else solution.certificate.violations
        outside = ", ".join(f"{key} by {excess:.3g}" for key, excess in worst.items() if excess > 0)
        how = f"it breaks {outside}" if outside else f"the method said {found.proposal.status.value!r}"
        broken(f"A feasible problem ended {solution.status.value!r}: {how}. {solution.message}", problem)
    return found
