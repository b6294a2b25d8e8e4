"""What goes wrong, and when: over and over, until everything that was accepted has ended."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.storm.processes import Fleet
from tests.support.postgres import Cluster
from tests.support.pulsar import Broker

LOOK_S = 0.01
KILL_S, STOP_S, STOPPED_S = 3.0, 8.0, 5.0
CUTS_S, RELAY_S, BROKER_S, AWAY_S = (5.0, 20.0), (7.0, 15.0, 23.0), 10.0, 5.0
HOLDERS = """
    SELECT DISTINCT w.process FROM optimization_requests r JOIN workers w ON w.id = r.worker AND w.tenant = r.tenant
    WHERE r.status = 'processing' AND r.lease_until > now()
"""


@dataclass
class Faults:
    """Brings faults about.

    Attributes:
        death: the file that tells the relay to die.
        done: how often each was brought about.
        stopped: the worker that stands still, which nobody kills meanwhile: it is to find out that it lost its order.
    """

    fleet: Fleet
    cluster: Cluster
    url: str
    broker: Broker
    death: Path
    done: Counter[str] = field(default_factory=Counter)
    stopped: str = ""
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

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

    def _holder(self) -> str | None:
        rows = self.cluster.execute(HOLDERS, self.url.rpartition("/")[2])
        names = [self.fleet.named(int(str(process))) for (process,) in rows]
        return next((name for name in names if name and name != self.stopped), None)

    def _next_holder(self) -> str | None:
        """Whoever holds a job, or the first one that will: on a quiet machine nobody may at this moment."""
        while not self._over.wait(LOOK_S):
            name = self._holder()
            if name:
                return name
        return None

    def _kill(self) -> None:
        while not self._over.wait(KILL_S):
            name = self._next_holder()
            if name:
                self.fleet.kill(name)
                self.done["worker killed"] += 1

    def _stop(self) -> None:
        while not self._over.wait(STOP_S):
            name = self._next_holder()
            if name:
                self.stopped = name
                self.fleet.pause(name, STOPPED_S)
                self.stopped = ""
                self.done["worker stopped"] += 1

    def _cut(self) -> None:
        for pause in _pauses(CUTS_S):
            if not self._over.wait(pause):
                self.cluster.cut(self.url, "pid <> pg_backend_pid()")
                self.done["connections cut"] += 1

    def _end_relays(self) -> None:
        for pause in _pauses(RELAY_S):
            if self._over.wait(pause):
                return
            self.death.touch()
            while self.death.exists() and not self._over.wait(0.1):
                continue
            if not self.death.exists():
                self.fleet.again("relay")
                self.done["relay killed"] += 1

    def _end_broker(self) -> None:
        if not self._over.wait(BROKER_S):
            self.broker.kill()
            self.done["broker killed"] += 1
            time.sleep(AWAY_S)
            self.broker.start()


def _pauses(moments: tuple[float, ...]) -> list[float]:
    return [after - before for before, after in zip((0.0, *moments), moments, strict=False)]
