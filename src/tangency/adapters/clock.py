"""The system's clock, and random identities."""

from __future__ import annotations

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
    """Identities from the system's randomness."""

    def new(self) -> uuid.UUID:
        """A random UUID."""
        return uuid.uuid4()
