"""One lock per idempotency key, within this process."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from tangency.domain.idempotency import Key


class KeyLocks:
    """Calls with the same key run one after another, so that the second finds what the first made."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, int], asyncio.Lock] = WeakValueDictionary()

    def of(self, key: Key) -> asyncio.Lock:
        """The lock of a key. It is kept only while somebody holds it or waits for it."""
        return self._locks.setdefault((key.text, key.part), asyncio.Lock())
