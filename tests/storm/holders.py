"""Who holds an order at this moment, caught in the act: a fault that strikes anybody else proves nothing."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import psycopg
from sqlalchemy.engine import make_url

from tests.storm.processes import Fleet

LOOK_S = 0.02
SPARED = 6
"""From this attempt on an order is struck no more: the last one at work would use up its attempts by itself."""
HELD = """
    SELECT w.process, r.id, r.attempt
    FROM optimization_requests r JOIN workers w ON w.id = r.worker AND w.tenant = r.tenant
    WHERE r.status = 'processing' AND r.lease_until > now() AND r.attempt < %s
"""
OPEN = "SELECT 1 FROM optimization_requests WHERE id = %s AND attempt = %s AND status = 'processing'"


@dataclass(frozen=True)
class Hold:
    """A worker that stands still with an order in its hands."""

    worker: str
    order: str
    attempt: int


@dataclass
class Holders:
    """Looks for them, over a connection that no fault touches.

    Attributes:
        still: the workers that stand still, which are nobody else's to strike.
    """

    fleet: Fleet
    url: str
    over: threading.Event
    still: set[str] = field(default_factory=set)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        url = make_url(self.url).set(drivername="postgresql").render_as_string()
        self._connection = psycopg.connect(url, autocommit=True, application_name="storm")

    def catch(self) -> Hold | None:
        """Stop whoever holds an order, or the first one that will; None where all is over before."""
        while not self.over.wait(LOOK_S):
            with self._turn:
                hold = next((each for each in self._now() if self._stopped(each)), None)
            if hold:
                return hold
        return None

    def release(self, hold: Hold) -> None:
        """It may be caught again."""
        self.still.discard(hold.worker)

    def lost(self, hold: Hold) -> bool:
        """Whether its order was taken from it, or ended."""
        return self._connection.execute(OPEN, (hold.order, hold.attempt)).fetchone() is None

    def _stopped(self, hold: Hold) -> bool:
        """Whether it still held its order when it stood still; otherwise it goes on."""
        if hold.worker in self.still:
            return False
        self.fleet.stop(hold.worker)
        if self.lost(hold):
            self.fleet.go_on(hold.worker)
            return False
        self.still.add(hold.worker)
        return True

    def _now(self) -> list[Hold]:
        rows = self._connection.execute(HELD, (SPARED,)).fetchall()
        named = [(self.fleet.named(process), order, attempt) for process, order, attempt in rows]
        return [Hold(name, order, attempt) for name, order, attempt in named if name]
