"""What plugins say of a problem before it is solved: looked up apart from the doors, in time or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

from tangency.application.context import Context
from tangency.domain.errors import TimeLimitReached
from tangency.domain.optimization.acceptance import accept, lacks_moments, with_stated_moments
from tangency.domain.optimization.method import needs
from tangency.domain.optimization.plugins import Plugins
from tangency.domain.optimization.problem import Problem

Result = TypeVar("Result")


async def whole(problem: Problem, context: Context) -> Problem:
    """The problem, with what its method's options state of the market where nothing else says it.

    Raises:
        InvalidInput: the options are wrong.
        PluginError: the method cannot be loaded.
        MethodCrashed: it raised something else.
        TimeLimitReached: it did not end.
    """
    if not lacks_moments(problem):
        return problem
    return await _in_time(lambda: with_stated_moments(problem, context.plugins), problem, context)


async def refuse_unacceptable(problem: Problem, context: Context) -> None:
    """Refuse what shows before solving, in the figures and returns too, which whoever solves looks at anyway.

    Raises:
        InvalidInput: what the method cannot do.
        PluginError: the method or an estimator cannot be loaded.
        MethodCrashed: it raised something else.
        TimeLimitReached: it did not end.
    """
    await _in_time(lambda: _accept(problem, context.plugins), problem, context)


def _accept(problem: Problem, plugins: Plugins) -> None:
    method, _ = accept(problem, plugins)
    problem.market.check(needs(problem, method))


async def _in_time(look: Callable[[], Result], problem: Problem, context: Context) -> Result:
    """A plugin may take long to load, or never end: others are answered meanwhile, and so is who asked for it."""
    try:
        async with asyncio.timeout(context.deadline_s):
            return await asyncio.wrap_future(_begun(look))
    except TimeoutError:
        whose = f"method {problem.method!r}, or an estimator beside it,"
        detail = f"{whose} was not loaded and checked within {context.deadline_s:g} s. Its author should hear of it."
        raise TimeLimitReached(detail) from None


def _begun(look: Callable[[], Result]) -> Future[Result]:
    """In a thread of its own: one that never ends takes no place from others, and the end of the process waits not."""
    future: Future[Result] = Future()
    future.set_running_or_notify_cancel()  # nobody calls it off any more: what it comes to has a place to go

    def work() -> None:
        try:
            future.set_result(look())
        except BaseException as error:  # noqa: BLE001 - whoever waits is told
            future.set_exception(error)

    Thread(target=copy_context().run, args=(work,), daemon=True).start()
    return future
