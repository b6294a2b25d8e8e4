"""Whether the promises were kept, and whether every fault was seen at work."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import pulsar

from tangency.adapters.pulsar.client import TICKETS, topic_of
from tangency.adapters.settings import Settings
from tests.storm.processes import Fleet
from tests.support.postgres import Cluster

ENDINGS = ("optimization_completed", "optimization_failed")
QUIET = pulsar.FileLogger(pulsar.LoggerLevel.Error, os.devnull)
STILL_MS = 3_000
"""A topic that gives nothing for so long has given everything."""


@dataclass
class Verdict:
    """What was found.

    Attributes:
        seen: how often each fault was seen at work.
        faults: what must not be.
    """

    seen: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def must(self, true: bool, otherwise: str) -> None:
        """Keep what is not as it must be."""
        if not true:
            self.faults.append(otherwise)


def judged(settings: Settings, cluster: Cluster, fleet: Fleet, accepted: Sequence[str]) -> Verdict:
    """Look at everything, once nothing moves any more."""
    verdict, database = Verdict(), settings.database_url.rpartition("/")[2]
    rows = cluster.execute("SELECT id, status, attempt, losses FROM optimization_requests WHERE ordered", database)
    state = {str(row[0]): row for row in rows}
    missing = [each for each in accepted if each not in state]
    verdict.must(not missing, f"{len(missing)} accepted orders are nowhere: {missing[:3]}")
    open_ones = [row[0] for row in rows if row[1] not in ("completed", "failed", "infeasible", "cancelled")]
    verdict.must(not open_ones, f"{len(open_ones)} orders never ended: {open_ones[:3]}")
    failed = [row[0] for row in rows if row[1] == "failed"]
    verdict.must(not failed, f"{len(failed)} orders failed: {failed[:3]}")
    results = cluster.execute("SELECT optimization_id FROM optimization_results", database)
    verdict.must(len(results) == len(rows) - len(failed), f"{len(results)} results of {len(rows)} orders")
    told = _published(settings, ENDINGS)
    ends = Counter(optimization for _, optimization in set(told))
    verdict.must(set(ends) == set(state), f"{len(set(state) - set(ends))} ends were never published")
    verdict.must(set(ends.values()) <= {1}, "an order has two final events")
    tickets = Counter(_tickets(settings))
    waiting = cluster.execute("SELECT 1 FROM outbox WHERE position IS NULL LIMIT 1", database)
    verdict.must(not waiting, "events still wait in the outbox")
    verdict.seen = {
        "a lease that ended": sum(len(_losses(row[3])) for row in rows),
        "a write that was fenced": fleet.said("is fenced"),
        "a ticket that came twice": sum(count - 1 for count in tickets.values()),
        "an event that was published again": len(told) - len(set(told)),
    }
    for what, count in verdict.seen.items():
        verdict.must(count > 0, f"{what} was not seen: the run proves nothing about it")
    return verdict


def _losses(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _published(settings: Settings, kinds: Sequence[str]) -> list[tuple[str, str]]:
    """The event ids and what they are about, as often as they were published."""
    found = []
    for kind in kinds:
        for message in _messages(settings, kind):
            document = msgspec.json.decode(message)
            found.append((document["event_id"], document[kind]["optimization_id"]))
    return found


def _tickets(settings: Settings) -> list[str]:
    return [message.decode() for message in _messages(settings, TICKETS["light"])]


def _messages(settings: Settings, topic: str) -> list[bytes]:
    client, found = pulsar.Client(settings.pulsar_url, logger=QUIET), []
    try:
        reader = client.create_reader(topic_of(settings, topic), pulsar.MessageId.earliest)
        while True:
            found.append(reader.read_next(STILL_MS).data())
    except pulsar.Timeout:
        return found
    finally:
        client.close()
