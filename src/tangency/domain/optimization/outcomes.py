"""Why an optimization has no answer, in one word: the same at every door, in every event and in storage."""

from __future__ import annotations

from tangency.domain.errors import (
    MethodCrashed,
    NoAnswer,
    NotApplicable,
    NumericalFailure,
    ProblemInfeasible,
    ProblemUnbounded,
    ResourcesExhausted,
    TimeLimitReached,
)


class Refused(NoAnswer):
    """The method does not take what was asked, or no moments can be estimated for it."""

    outcome = "refused"


class PluginUnusable(NoAnswer):
    """A plugin that was asked for cannot be loaded by whoever carries the order out."""

    outcome = "plugin_unusable"


LOST = "worker_lost"
"""Of an order over which too many workers were lost."""

OUTCOMES = (
    ProblemInfeasible.outcome,
    NotApplicable.outcome,
    ProblemUnbounded.outcome,
    NumericalFailure.outcome,
    TimeLimitReached.outcome,
    ResourcesExhausted.outcome,
    MethodCrashed.outcome,
    Refused.outcome,
    PluginUnusable.outcome,
    LOST,
)
