"""What the number that a command ends with means: one table, for the help, the manual and the code alike."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExitCode:
    """One way for a command to end.

    Attributes:
        errors: the names of the classes of errors that end a command so; the nearest class counts.
        outcomes: the words for why an optimization that was ordered has no answer, where it is followed to its end.
    """

    code: int
    meaning: str
    errors: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()


OK = ExitCode(0, "done")
UNEXPECTED = ExitCode(1, "an unexpected error in Tangency")
USAGE = ExitCode(2, "the command line, a setting or the address to listen on cannot be used", ("InvalidSettings",))
INVALID = ExitCode(
    3,
    "the request is invalid, or asks for something that does not exist or has already ended",
    ("InvalidInput", "UnreadableDocument", "NotFound", "AlreadyFinal"),
    ("refused",),
)
INFEASIBLE = ExitCode(4, "no portfolio satisfies every limit", ("ProblemInfeasible",), ("infeasible",))
NO_ANSWER = ExitCode(
    5,
    "the objective has no meaning or no best value for this problem, or no answer passed its certificate",
    ("NoAnswer",),
    ("not_applicable", "unbounded", "numerical_error"),
)
RAN_OUT = ExitCode(
    6,
    "time, memory or workers ran out, or every solver is busy",
    ("TimeLimitReached", "ResourcesExhausted", "NoFreeSolver", "OutboxFull"),
    ("time_limit", "resource_exhausted", "worker_lost"),
)
PLUGIN = ExitCode(
    7,
    "a plugin cannot be loaded, fails, or breaks a law",
    ("PluginError", "MethodCrashed"),
    ("method_crashed", "plugin_unusable"),
)
STORAGE = ExitCode(
    8,
    "the database or a file cannot be read or written",
    (
        "StoreUnavailable",
        "DatabaseNotMigrated",
        "DatabaseIsNewer",
        "DatabaseOfAnotherVersion",
        "TablesDiffer",
        "ReadTablesDiffer",
        "OSError",
    ),
)
NEIGHBOUR = ExitCode(
    9,
    "a connected service or the broker cannot be reached, or gave an unusable answer",
    ("NeighbourUnavailable", "NeighbourUnusable", "BrokerUnavailable"),
)
INTERRUPTED = ExitCode(130, "interrupted")

EXIT_CODES = (OK, UNEXPECTED, USAGE, INVALID, INFEASIBLE, NO_ANSWER, RAN_OUT, PLUGIN, STORAGE, NEIGHBOUR, INTERRUPTED)


def exit_code_of(error: BaseException) -> ExitCode:
    """How a command ends that raised this."""
    return exit_code_of_class(type(error))


def exit_code_of_class(kind: type[BaseException]) -> ExitCode:
    """How a command ends that raised one of these."""
    return next((_BY_NAME[each.__name__] for each in kind.__mro__ if each.__name__ in _BY_NAME), UNEXPECTED)


def exit_code_of_outcome(outcome: str) -> ExitCode:
    """How a command ends that waited for an optimization which has no answer, by the word for why."""
    return next((each for each in EXIT_CODES if outcome in each.outcomes), NO_ANSWER)


_BY_NAME = {name: each for each in EXIT_CODES for name in each.errors}


def told() -> str:
    """The table as text for the help."""
    return "\n".join(f"  {each.code:>3}  {each.meaning}" for each in EXIT_CODES)
