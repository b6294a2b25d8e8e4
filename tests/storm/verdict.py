"""Whether the promises were kept, and whether every fault was seen at work."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import pulsar

from tangency.adapters.pulsar.client import TICKETS, topic_of
from tangency.adapters.settings import Settings
from tests.storm.faults import FENCED
from tests.storm.processes import Fleet
from tests.support.postgres import Cluster

ENDINGS = ("optimization_completed", "optimization_failed")
QUIET = pulsar.FileLogger(pulsar.LoggerLevel.Error, os.devnull)
PATIENCE_MS = 30_000


TURNED = """
    SELECT 1 FROM (
        SELECT sequence, lag(sequence) OVER (PARTITION BY tenant, portfolio_id ORDER BY position) AS before FROM outbox
    ) AS published WHERE sequence <= before
"""


@dataclass(frozen=True)
class Told:
    """A final event, as a topic has it."""

    kind: str
    event_id: str
    order: str
    portfolio: str
    sequence: int


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
    rows = cluster.execute("SELECT id, status, losses FROM optimization_requests WHERE ordered", database)
    losses = {str(order): len(_losses(lost)) for order, _, lost in rows}
    _orders(verdict, {str(order): str(status) for order, status, _ in rows}, accepted)
    results = cluster.execute("SELECT optimization_id FROM optimization_results", database)
    verdict.must({str(order) for (order,) in results} == set(losses), f"{len(results)} results of {len(rows)} orders")
    told = [each for kind in ENDINGS for each in _published(settings, kind)]
    _endings(verdict, told, losses)
    _in_order(verdict, told)
    turned = cluster.execute(TURNED, database)
    verdict.must(not turned, f"{len(turned)} events have a position before that of one that came earlier")
    waiting = cluster.execute("SELECT 1 FROM outbox WHERE position IS NULL LIMIT 1", database)
    verdict.must(not waiting, "events still wait in the outbox, or were set aside")
    tickets = Counter(message.data().decode() for message in _messages(settings, TICKETS["light"]))
    verdict.seen = {
        "a lease that ended": sum(losses.values()),
        "a write that was fenced": fleet.said(FENCED),
        "a ticket that came twice": sum(max(0, tickets[order] - 1 - lost) for order, lost in losses.items()),
        "an event that was published again": len(told) - len({each.event_id for each in told}),
    }
    for what, count in verdict.seen.items():
        verdict.must(count > 0, f"{what} was not seen: the run proves nothing about it")
    return verdict


def _orders(verdict: Verdict, state: Mapping[str, str], accepted: Sequence[str]) -> None:
    """Each that was accepted is there once, and has ended well: what is asked for has an answer."""
    missing, more = sorted(set(accepted) - set(state)), sorted(set(state) - set(accepted))
    verdict.must(not missing, f"{len(missing)} accepted orders are nowhere: {missing[:3]}")
    verdict.must(not more, f"{len(more)} orders were accepted and nobody was told: {more[:3]}")
    verdict.must(len(set(accepted)) == len(accepted), "two keys were answered with one order")
    others = sorted(f"{order} is {status}" for order, status in state.items() if status != "completed")
    verdict.must(not others, f"{len(others)} orders did not end as completed: {others[:3]}")


def _endings(verdict: Verdict, told: Sequence[Told], orders: Collection[str]) -> None:
    ends = Counter(order for _, order in {(each.event_id, each.order) for each in told})
    verdict.must(set(ends) == set(orders), f"{len(set(orders) - set(ends))} ends were never published")
    verdict.must(set(ends.values()) <= {1}, "an order has two final events")


def _in_order(verdict: Verdict, told: Sequence[Told]) -> None:
    """Of each portfolio, and each event by its first coming: what comes again comes again in order too."""
    last: dict[tuple[str, str], int] = {}
    for each in dict.fromkeys(told):
        before = last.get((each.kind, each.portfolio), 0)
        verdict.must(each.sequence > before, f"event {each.sequence} of {each.portfolio} came after {before}")
        last[each.kind, each.portfolio] = each.sequence


def _losses(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _published(settings: Settings, kind: str) -> Iterator[Told]:
    """What came, as often as it came."""
    for message in _messages(settings, kind):
        document, sequence = msgspec.json.decode(message.data()), message.properties()["sequence"]
        order = document[kind]["optimization_id"]
        yield Told(kind, document["event_id"], order, message.partition_key(), int(sequence))


def _messages(settings: Settings, topic: str) -> Iterator[pulsar.Message]:
    """Everything that is kept of a topic."""
    client = pulsar.Client(settings.pulsar_url, logger=QUIET)
    try:
        reader = client.create_reader(topic_of(settings, topic), pulsar.MessageId.earliest)
        while reader.has_message_available():
            yield reader.read_next(PATIENCE_MS)
    finally:
        client.close()
