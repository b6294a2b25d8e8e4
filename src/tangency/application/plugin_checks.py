"""What plugins are asked about a problem before it is solved, in a thread and within the deadline.

A plugin is foreign code: it may take long to import or never return, and the event loop must not wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
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


async def completed(problem: Problem, context: Context) -> Problem:
    """The problem, completed by the means and covariances that its method's options state, where it has none.

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
    """Refuse a problem that is visibly wrong: for its method, or in its figures and returns.

    Raises:
        InvalidInput: the method cannot do what is asked, or the figures cannot be used.
        PluginError: the method or an estimator cannot be loaded.
        MethodCrashed: it raised something else.
        TimeLimitReached: it did not end.
    """
    await _in_time(lambda: _accept(problem, context.plugins), problem, context)


def _accept(problem: Problem, plugins: Plugins) -> None:
    method, _ = accept(problem, plugins)
    problem.market.check(needs(problem, method))


async def _in_time(look: Callable[[], Result], problem: Problem, context: Context) -> Result:
    slot = context.check_slots.of(problem)
    try:
        async with asyncio.timeout(context.deadline_s):
            await slot.acquire()
            return await asyncio.wrap_future(_begun(look, slot))
    except TimeoutError:
        whose = f"method {problem.method!r}, or an estimator beside it,"
        detail = f"{whose} was not loaded and checked within {context.deadline_s:g} s. Its author should hear of it."
        raise TimeLimitReached(detail) from None


def _begun(look: Callable[[], Result], slot: asyncio.Semaphore) -> Future[Result]:
    """Started in a daemon thread of its own: one that never ends blocks neither a pool nor the end of the process.

    The slot is given back when the thread ends, however long ago whoever waited for it has left.
    """
    loop = asyncio.get_running_loop()
    future: Future[Result] = Future()
    future.set_running_or_notify_cancel()  # it can no longer be cancelled, so setting its result cannot fail

    def work() -> None:
        try:
            future.set_result(look())
        except BaseException as error:  # noqa: BLE001 - whoever waits is told
            future.set_exception(error)
        with suppress(RuntimeError):  # the loop is closed: nobody waits for the slot
            loop.call_soon_threadsafe(slot.release)

    Thread(target=copy_context().run, args=(work,), daemon=True).start()
    return future
