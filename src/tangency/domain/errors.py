"""Everything that can go wrong, as one tree.

    TangencyError
    ├── InvalidInput            what was asked cannot be read as a problem; carries one Fault per mistake
    │   └── Unsupported         the method, objective or constraint asked for is not there, or not for this method
    ├── NotFound                nothing is stored under that id
    ├── NoAnswer                the problem is sound, and there is no portfolio to give for it
    │   ├── ProblemInfeasible   the constraints contradict each other; carries the conflict and the relaxation
    │   ├── NotApplicable       the objective has no meaning here (no portfolio beats the risk-free rate)
    │   ├── ProblemUnbounded    the objective improves without end
    │   ├── TimeLimitReached    the deadline passed first
    │   ├── NumericalFailure    an answer came back and its certificate does not hold
    │   ├── ResourcesExhausted  the solve outgrew its memory or processor limit
    │   └── MethodCrashed       the method raised, or took its process down
    ├── ComeAgain               it cannot be done now; carries the seconds after which to ask again; nothing was kept
    │   ├── NoFreeSolver        every solver is busy and the queue is full
    │   ├── NeighbourUnavailable  a service that data comes from cannot be asked now
    │   └── OutboxFull          too many events wait for the broker
    ├── StoreUnavailable        what has to be kept or read cannot be; nothing was kept
    ├── BrokerUnavailable       events cannot be published now; they wait
    ├── NeighbourUnusable       a service that data comes from answered what cannot be used; nothing was kept
    └── PluginError             a plugin could not be loaded; names the distribution that brought it

Every error says what happened, what it means and what to do, and carries the values that broke it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

Path = tuple[str | int, ...]

MOST_NAMES = 12
"""So many names fit into a message that is still read."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in what was asked.

    Attributes:
        path: where it stands in the request document, e.g. ``("strategies", 2, "min_weight")``.
        detail: what is wrong, with the value, and what to do about it.
        code: a stable word for programs.
    """

    path: Path
    detail: str
    code: str = "invalid"

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path)) or 'request'}: {self.detail}"


class TangencyError(Exception):
    """Root of the tree: catching this catches everything the product raises on purpose."""

    @property
    def detail(self) -> str:
        """The message, for doors that put it into a document of their own."""
        return str(self)


class InvalidInput(TangencyError):
    """What was asked cannot be read as a problem."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)))

    @classmethod
    def at(cls, path: Path, detail: str, code: str = "invalid") -> InvalidInput:
        """The error for a single mistake."""
        return cls([Fault(path, detail, code)])


class Unsupported(InvalidInput):
    """The method, objective or constraint asked for is not there, or not for this method."""


class NotFound(TangencyError):
    """Nothing is stored under that id."""


class NoAnswer(TangencyError):
    """The problem is sound and has no portfolio to give.

    Attributes:
        outcome: the word for it where an outcome is told, that of a solution's status where there is one.
        solution: the ``Solution`` that says which outcome it had, and why; None where the solve did not get that far.
            Typed loosely, since errors stand below everything that raises them.
    """

    outcome: ClassVar[str] = "no_answer"

    def __init__(self, message: str, solution: object | None = None) -> None:
        self.solution = solution
        super().__init__(message)


class ProblemInfeasible(NoAnswer):
    """The constraints contradict each other."""

    outcome = "infeasible"


class NotApplicable(NoAnswer):
    """The objective has no meaning for this problem."""

    outcome = "not_applicable"


class ProblemUnbounded(NoAnswer):
    """The objective improves without end, or its best value is approached and never reached."""

    outcome = "unbounded"


class TimeLimitReached(NoAnswer):
    """The deadline passed before there was an answer."""

    outcome = "time_limit"


class NumericalFailure(NoAnswer):
    """An answer came back and does not pass its certificate."""

    outcome = "numerical_error"


class ResourcesExhausted(NoAnswer):
    """The solve outgrew its memory or processor limit."""

    outcome = "resource_exhausted"


class MethodCrashed(NoAnswer):
    """The method raised an unexpected error, or took its process down with it."""

    outcome = "method_crashed"


class ComeAgain(TangencyError):
    """It cannot be done now. Nothing was kept."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class NoFreeSolver(ComeAgain):
    """Every solver is busy and the queue is full."""


class NeighbourUnavailable(ComeAgain):
    """A service that data comes from cannot be asked: it is down, too slow, or refuses us."""


class OutboxFull(ComeAgain):
    """So many events wait for the broker that nothing is accepted which would add to them."""


class StoreUnavailable(TangencyError):
    """What has to be kept or read cannot be: the database is gone, full or locked."""

    retry_after_s = 1.0


class BrokerUnavailable(TangencyError):
    """The broker that events go to does not answer, or does not let us in. They wait."""


class NeighbourUnusable(TangencyError):
    """A service that data comes from answered, and what it says is against its contract."""


class PluginError(TangencyError):
    """A plugin could not be loaded."""

    def __init__(self, name: str, distribution: str, reason: str) -> None:
        self.name, self.distribution, self.reason = name, distribution, reason
        super().__init__(f"plugin {name!r} of distribution {distribution!r} cannot be used: {reason}")


def hint(wrong: str, valid: Iterable[str]) -> str:
    """A sentence that helps with a misspelt name: the nearest valid ones, or all of them when none is near."""
    known = list(valid)
    near = get_close_matches(wrong, known, n=3, cutoff=0.5) or _near_in_another_form(wrong, known)
    if near:
        return f"did you mean {' or '.join(near)}?"
    if not known:
        return "there are none."
    return f"valid: {', '.join(known[:MOST_NAMES])}{', ...' if len(known) > MOST_NAMES else '.'}"


def _near_in_another_form(wrong: str, known: Iterable[str]) -> list[str]:
    """In another case, or cut short."""
    folded = {word.casefold(): word for word in known}
    near = get_close_matches(wrong.casefold(), folded, n=3, cutoff=0.5)
    longer = [word for word in folded if wrong and word.startswith(wrong.casefold())]
    return [folded[word] for word in near or longer[:3]]
