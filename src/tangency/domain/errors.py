"""All errors, as one tree.

    TangencyError
    ├── InvalidInput            the request is invalid; carries one Fault per mistake
    │   └── Unsupported         the method, objective or constraint does not exist, or not for this method
    ├── NotFound                nothing is stored under that id
    ├── NoAnswer                the problem is valid, but has no portfolio for an answer
    │   ├── ProblemInfeasible   the constraints contradict each other; carries the conflict and the relaxation
    │   ├── NotApplicable       the objective has no meaning for it (no portfolio beats the risk-free rate)
    │   ├── ProblemUnbounded    the objective improves without end
    │   ├── TimeLimitReached    the deadline passed first
    │   ├── NumericalFailure    the result does not pass its certificate
    │   ├── ResourcesExhausted  the solve exceeded its memory or processor limit
    │   └── MethodCrashed       the method raised an exception, or crashed its process
    ├── TryAgainLater           it cannot be done now; carries the seconds to wait; nothing was stored
    │   ├── NoFreeSolver        every solver is busy and the queue is full
    │   ├── NeighbourUnavailable  a connected service cannot be reached
    │   └── OutboxFull          too many events wait for the broker
    ├── StoreUnavailable        the database cannot be used; nothing was stored
    ├── BrokerUnavailable       events cannot be published now; they wait
    ├── NeighbourUnusable       a connected service gave an unusable answer; nothing was stored
    └── PluginError             a plugin cannot be loaded; names its distribution

Every error says what happened, what it means and what to do, and carries the values that broke it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

Path = tuple[str | int, ...]

MOST_NAMES = 12
"""More names would make a message too long to read."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a request.

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
    """Root of the tree: catch it to catch every error that Tangency raises on purpose."""

    @property
    def detail(self) -> str:
        """The message without the parts that a problem document has in fields of their own."""
        return str(self)


class InvalidInput(TangencyError):
    """The request is invalid."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)))

    @classmethod
    def at(cls, path: Path, detail: str, code: str = "invalid") -> InvalidInput:
        """The error for a single mistake."""
        return cls([Fault(path, detail, code)])


class Unsupported(InvalidInput):
    """The method, objective or constraint does not exist, or not for this method."""


class NotFound(TangencyError):
    """Nothing is stored under that id."""


class NoAnswer(TangencyError):
    """The problem is valid, but has no portfolio for an answer.

    Attributes:
        outcome: the word for it in orders and events.
        solution: the ``Solution`` that explains the outcome; None if the solve did not get that far. Typed as an
            object, because this module is imported by those that define solutions.
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
    """The result does not pass its certificate."""

    outcome = "numerical_error"


class ResourcesExhausted(NoAnswer):
    """The solve exceeded its memory or processor limit."""

    outcome = "resource_exhausted"


class MethodCrashed(NoAnswer):
    """The method raised an unexpected exception, or crashed its process."""

    outcome = "method_crashed"


class TryAgainLater(TangencyError):
    """It cannot be done now. Nothing was stored.

    Attributes:
        retry_after_s: seconds after which to try again.
    """

    def __init__(self, message: str, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class NoFreeSolver(TryAgainLater):
    """Every solver is busy and the queue is full."""


class NeighbourUnavailable(TryAgainLater):
    """A connected service cannot be used: it is down, too slow, or refuses the token."""


class OutboxFull(TryAgainLater):
    """Too many events wait for the broker, so commands that would add to them are refused."""


class StoreUnavailable(TangencyError):
    """The database cannot be used: it is unreachable, full or locked."""

    retry_after_s = 1.0


class BrokerUnavailable(TangencyError):
    """The broker does not answer, or refuses the service. Events wait."""


class NeighbourUnusable(TangencyError):
    """A connected service gave an answer that breaks its contract."""


class PluginError(TangencyError):
    """A plugin cannot be loaded."""

    def __init__(self, name: str, distribution: str, reason: str) -> None:
        self.name, self.distribution, self.reason = name, distribution, reason
        super().__init__(f"plugin {name!r} of distribution {distribution!r} cannot be used: {reason}")


def hint(wrong: str, valid: Iterable[str]) -> str:
    """A hint for a misspelt name: the most similar valid names, or all valid names if none is similar."""
    known = list(valid)
    near = similar(wrong, known)
    if near:
        return f"did you mean {' or '.join(near)}?"
    if not known:
        return "there are none."
    return f"valid: {', '.join(known[:MOST_NAMES])}{', ...' if len(known) > MOST_NAMES else '.'}"


def similar(wrong: str, known: Sequence[str], likeness: float = 0.5) -> list[str]:
    """The names that are most similar to a misspelt one, at most three.

    Args:
        wrong: what is misspelt.
        known: what it may be meant for.
        likeness: least part of the letters that two names have in common; above 1/2 more names are passed over quickly.
    """
    return get_close_matches(wrong, known, 3, likeness) or _near_in_another_form(wrong, known, likeness)


def _near_in_another_form(wrong: str, known: Iterable[str], likeness: float) -> list[str]:
    """Valid names that differ in case, or that begin with it."""
    folded = {word.casefold(): word for word in known}
    near = get_close_matches(wrong.casefold(), folded, 3, likeness)
    longer = [word for word in folded if wrong and word.startswith(wrong.casefold())]
    return [folded[word] for word in near or longer[:3]]
