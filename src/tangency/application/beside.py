"""Work beside the doors: a task as long as a context lasts, and chores that are done over and over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager

from tangency.domain.errors import StoreUnavailable


@asynccontextmanager
async def beside(work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """At work until the end of the context."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def over_and_over(
    chore: Callable[[], Awaitable[object]], pause_s: float, log: logging.Logger, trouble: str
) -> None:
    """Do a chore at once and then after every pause; what keeps it from being done is told, and it is tried again.

    Args:
        chore: to be done.
        pause_s: between the end of one time and the beginning of the next.
        log: where trouble is told.
        trouble: what it is then.
    """
    while True:
        try:
            await chore()
        except StoreUnavailable as error:
            log.warning("%s: %s", trouble, error)
        except Exception:
            log.exception(trouble)
        await asyncio.sleep(pause_s)
