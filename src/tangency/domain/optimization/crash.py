"""What a plugin does that it must not: as an error of ours that names it, and in words."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tangency.domain.errors import MethodCrashed, ResourcesExhausted, TangencyError


@contextmanager
def named(plugin: str) -> Iterator[None]:
    """While a plugin is at work: whatever it raises beside our own errors becomes one of them.

    Args:
        plugin: what is at work, as it begins a sentence.

    Raises:
        MethodCrashed: it raised, or wanted to leave the process.
        ResourcesExhausted: it ran out of memory.
    """
    try:
        yield
    except TangencyError:
        raise
    except MemoryError as error:
        detail = f"{plugin} ran out of memory. Ask for fewer names, or have the operator raise the limit."
        raise ResourcesExhausted(detail) from error
    except (Exception, SystemExit) as error:
        raise MethodCrashed(f"{plugin} raised {told(error)}. Its author should hear of it.") from error


def told(error: BaseException) -> str:
    """The kind of an error and what it says, without the full stop of a sentence that goes on."""
    return ": ".join(filter(None, [type(error).__name__, str(error).rstrip(". ")]))


def ending(exit_code: int) -> str:
    """How a process ended: its exit code, or the signal that killed it, which the system may have no name for."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"
