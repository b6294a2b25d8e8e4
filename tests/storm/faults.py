"""What goes wrong, and when: over and over, until everything that was accepted has ended."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.storm.holders import LOOK_S, Holders
from tests.storm.processes import Fleet
from tests.support.postgres import Cluster
from tests.support.pulsar import Broker

KILL_S, STOP_S, STOPPED_S, MOST_STOPPED_S, SAID_S = 3.0, 8.0, 5.0, 30.0, 1.0
CUTS_S, BROKER_S, AWAY_S = (5.0, 20.0), 10.0, 5.0
RELAY_S = {7.0: "tickets", 15.0: "endings", 23.0: "tickets"}
"""When it dies, and over what."""
SERVICE = "application_name = 'tangency'"
FENCED = "is fenced"
"""What a worker says that finds out."""
LEAST = {
    "worker killed": 3,
    "worker stopped": 1,
    "connections cut": 2,
    "relay killed over endings": 1,
    "relay killed over tickets": 1,
    "broker killed": 1,
}
"""A run in which less was brought about was no storm."""


@dataclass
class Faults:
    """Brings faults about.

    Attributes:
        death: the file that tells the relay over what to die.
        done: how often each was brought about.
    """

    fleet: Fleet
    cluster: Cluster
    url: str
    broker: Broker
    death: Path
    done: Counter[str] = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._holders = Holders(self.fleet, self.url, self._over)

    def begin(self) -> None:
        """From now on."""
        for work in (self._kill, self._stop, self._cut, self._end_relays, self._end_broker):
            thread = threading.Thread(target=self._guarded, args=(work,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """No more; what was stopped goes on, and the broker is back."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - a fault that fails must fail the run, which counts faults
            print(f"  a fault could not be brought about: {error!r}", flush=True)
            self.done["failed"] += 1

    def _kill(self) -> None:
        """One after the other: on a slow machine the next is not due before this one is back, or nobody would work."""
        due = time.monotonic() + KILL_S
        while not self._over.wait(max(0.0, due - time.monotonic())):
            hold = self._holders.catch()
            if hold:
                due = time.monotonic() + KILL_S
                self.fleet.kill(hold.worker)
                self._holders.release(hold)
                self.done["worker killed"] += 1
                self.fleet.address(hold.worker)

    def _stop(self) -> None:
        """Until one was fenced, every time: who was stopped while it wrote an end has ended its order, and is not."""
        while not self._over.wait(STOP_S):
            before = self.fleet.said(FENCED)
            while not self._over.is_set() and self.fleet.said(FENCED) == before:
                self._stand_still()
                self._over.wait(SAID_S)

    def _stand_still(self) -> None:
        """For as long as is said, and on a slow machine until the order was taken from who holds it."""
        hold = self._holders.catch()
        if hold is None:
            return
        until = time.monotonic() + MOST_STOPPED_S
        over = self._over.wait(STOPPED_S)
        while not over and not self._holders.lost(hold) and time.monotonic() < until:
            over = self._over.wait(LOOK_S)
        self.fleet.go_on(hold.worker)
        self._holders.release(hold)
        self.done["worker stopped"] += 1

    def _cut(self) -> None:
        for pause in _pauses(CUTS_S):
            if not self._over.wait(pause) and self.cluster.cut(self.url, SERVICE):
                self.done["connections cut"] += 1

    def _end_relays(self) -> None:
        for pause, over in zip(_pauses(tuple(RELAY_S)), RELAY_S.values(), strict=True):
            if self._over.wait(pause):
                return
            self.death.write_text(over)
            while self.death.exists() and not self._over.wait(0.1):
                continue
            if not self.death.exists():
                self.fleet.again("relay")
                self.fleet.address("relay")
                self.done[f"relay killed over {over}"] += 1

    def _end_broker(self) -> None:
        if not self._over.wait(BROKER_S):
            self.broker.kill()
            self.done["broker killed"] += 1
            time.sleep(AWAY_S)
            self.broker.start()


def _pauses(moments: tuple[float, ...]) -> list[float]:
    return [after - before for before, after in zip((0.0, *moments), moments, strict=False)]
