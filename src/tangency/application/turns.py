"""Who waits for whom, among calls of this process that come with one key."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from tangency.domain.idempotency import Key


class Turns:
    """Calls of this process with one key go one after another, so that the second finds what the first made."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, int], asyncio.Lock] = WeakValueDictionary()

    def of(self, key: Key) -> asyncio.Lock:
        """The lock of a key; it is there for as long as somebody holds it or waits for it."""
        return self._locks.setdefault((key.text, key.part), asyncio.Lock())
