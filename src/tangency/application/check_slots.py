"""How many checks of the same plugins run at once, within this process."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from tangency.domain.optimization.problem import Problem

AT_ONCE = 8
"""A check that never returns keeps its thread: a plugin that hangs may keep so many, and no more."""


class CheckSlots:
    """Checks of the same plugins wait for a slot of theirs; those of other plugins have slots of their own."""

    def __init__(self) -> None:
        self._slots: WeakValueDictionary[tuple[str, ...], asyncio.Semaphore] = WeakValueDictionary()

    def of(self, problem: Problem) -> asyncio.Semaphore:
        """The slots of the plugins that a problem names. They are kept only while somebody has one or waits for one."""
        market = problem.market
        chosen = (market.mean_estimator, market.covariance_estimator, market.prior)
        names = (problem.method, *(choice.name for choice in chosen if choice is not None))
        return self._slots.setdefault(names, asyncio.Semaphore(AT_ONCE))
