"""The system's clock, and random identities."""

from __future__ import annotations

import secrets
import time
import uuid
from datetime import UTC, datetime


class SystemClock:
    """Time from the operating system."""

    def now(self) -> datetime:
        """The time in UTC, with its zone."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.perf_counter()


class RandomIds:
    """Identities from the clock and the system's randomness: UUIDs of version 7, which as text are ULIDs."""

    def new(self) -> uuid.UUID:
        """48 bits of milliseconds and 74 random ones: those made later sort behind."""
        bits = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
        return uuid.UUID(int=bits & ~(0xF << 76 | 0x3 << 62) | 7 << 76 | 2 << 62)
