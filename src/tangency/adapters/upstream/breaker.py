"""A circuit breaker: who fails several times in a row is left alone for a while, then asked once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum


class Circuit(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """One call goes through; its end decides."""


class CircuitOpen(Exception):
    """The call was not made."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__(f"for another {wait_s:.1f} s")


class CallFailed(Exception):
    """The call was made and nobody answered it; the only end that counts against a circuit."""


class CircuitBreaker:
    """Counts failures in a row.

    Args:
        failures: so many open the circuit.
        pause_s: so long it stays open.
        monotonic: a stopwatch.
    """

    def __init__(self, failures: int, pause_s: float, monotonic: Callable[[], float]) -> None:
        self._most, self._pause_s, self._monotonic = failures, pause_s, monotonic
        self._failures = 0
        self._opened_at: float | None = None
        self._trying = False

    @property
    def state(self) -> Circuit:
        """Whether calls go through now."""
        if self._opened_at is None:
            return Circuit.CLOSED
        return Circuit.OPEN if self._wait_s() > 0 else Circuit.HALF_OPEN

    @contextmanager
    def call(self) -> Iterator[None]:
        """One call. Any end but :class:`CallFailed` and a cancellation shows that there is somebody.

        Raises:
            CircuitOpen: it must not be made now.
        """
        if self.state is Circuit.OPEN or self._trying:
            raise CircuitOpen(max(self._wait_s(), 1.0))
        trial = self._trying = self._opened_at is not None
        try:
            yield
        except CallFailed:
            self._fail()
            raise
        except Exception:
            self._close()
            raise
        else:
            self._close()
        finally:
            if trial:
                self._trying = False

    def _wait_s(self) -> float:
        return 0.0 if self._opened_at is None else self._opened_at + self._pause_s - self._monotonic()

    def _fail(self) -> None:
        self._failures += 1
        if self._failures >= self._most or self._opened_at is not None:
            self._opened_at = self._monotonic()

    def _close(self) -> None:
        self._failures, self._opened_at = 0, None
