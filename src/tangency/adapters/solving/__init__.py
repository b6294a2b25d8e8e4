"""Solving a problem: in this process for notebooks and the command line, in isolated child processes for a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tangency.adapters.solving.pool import ProcessSolverPool

__all__ = ["ProcessSolverPool"]


def __getattr__(name: str) -> object:
    """The pool, when it is asked for: solver processes and the library door need none."""
    if name != "ProcessSolverPool":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tangency.adapters.solving.pool import ProcessSolverPool

    return ProcessSolverPool
