"""The ports for time and new ids, so that the domain reads no clock and draws no random numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    """The time of day, and a stopwatch."""

    def now(self) -> datetime:
        """The time in UTC, with its zone."""

    def monotonic(self) -> float:
        """Seconds since some moment; only differences mean anything, and they never go back."""


class IdGenerator(Protocol):
    """New identities."""

    def new(self) -> UUID:
        """An identity that nobody else was given."""
