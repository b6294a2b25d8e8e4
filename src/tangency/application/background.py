"""Background tasks: one that runs as long as a context lasts, and chores that are repeated."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager

from tangency.domain.errors import StoreUnavailable


@asynccontextmanager
async def in_background(work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run the coroutine as a task until the context ends, then cancel it."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def repeatedly(chore: Callable[[], Awaitable[object]], pause_s: float, log: logging.Logger, trouble: str) -> None:
    """Do a chore at once and then after every pause, for ever. A failure is logged, and the chore is tried again.

    Args:
        chore: called without arguments.
        pause_s: seconds between the end of one run and the start of the next.
        log: where failures are logged.
        trouble: the message they are logged with.
    """
    while True:
        try:
            await chore()
        except StoreUnavailable as error:
            log.warning("%s: %s", trouble, error)
        except Exception:
            log.exception(trouble)
        await asyncio.sleep(pause_s)
