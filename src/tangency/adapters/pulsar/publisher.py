"""Events to topics: one topic per type, the portfolio as the key, in the order that they come in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import msgspec

from tangency.adapters.pulsar.broker import Broker, told
from tangency.domain.event import Dispatch, Event

if TYPE_CHECKING:
    import pulsar

SCHEMA_VERSION = "1"
"""Of the schemas in docs/events; raised by a change that breaks who reads them."""

REFUSED = {
    "MessageTooBig": "it is larger than the broker takes",
    "InvalidMessage": "the broker cannot read it",
    "IncompatibleSchema": "its topic has another schema",
    "TopicTerminated": "its topic was ended for good",
}
"""What no repetition changes. A broker that is silent, or does not let us in, refuses nothing: it is waited for."""

BROKEN = {"AlreadyClosed", "ProducerFenced", "ProducerNotInitialized", "TopicNotFound"}
"""After these a producer is made anew. From others the client recovers by itself, and resends in order."""

SLACK_S = 5.0
"""Beyond the time that the client takes to give up a message."""

_Outcome = tuple[int, str]


class PulsarPublisher:
    """Publishes through a broker's connection."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def check(self) -> None:
        """Nothing, where the broker could be used the last time.

        Raises:
            BrokerUnavailable: it could not.
        """
        await self._broker.check()

    async def publish(self, events: Sequence[Event]) -> Dispatch:
        """Send all of them without waiting in between, then wait for the answer to each."""
        return await self._broker.run(lambda: self._publish(events))

    def _publish(self, events: Sequence[Event]) -> Dispatch:
        outcomes: SimpleQueue[_Outcome] = SimpleQueue()
        sent = 0
        for place, event in enumerate(events):
            failure = self._send(event, partial(_note, outcomes, place))
            sent += 1
            if failure:
                outcomes.put((place, failure))
                break
        patience = self._broker.settings.pulsar_send_timeout_s + SLACK_S
        found = dict(_answers(outcomes, sent, patience))
        return self._told(events, [found.get(place, "no answer") for place in range(sent)])

    def _send(self, event: Event, answered: Any) -> str:  # noqa: ANN401 - a callback of the client's
        """Why it could not even be sent; empty where the answer comes later."""
        import pulsar

        try:
            self._broker.producer(event.type).send_async(
                msgspec.json.encode(event.payload),
                answered,
                properties=properties_of(event),
                partition_key=event.portfolio_id or None,
                event_timestamp=round(event.at.timestamp() * 1000),
            )
        except pulsar.PulsarException as error:
            return type(error).__name__ if type(error).__name__ != "TopicNotFound" else told(error)
        return ""

    def _told(self, events: Sequence[Event], outcomes: Sequence[str]) -> Dispatch:
        refused: dict[str, str] = {}
        for place, outcome in enumerate(outcomes):
            if outcome in REFUSED:
                refused[events[place].event_id] = f"{outcome}: {REFUSED[outcome]}."
            elif outcome != "Ok":
                if outcome.split(";")[0] in BROKEN:
                    self._broker.forget(events[place].type)
                self._broker.noted(outcome)
                return Dispatch(place, refused, outcome)
        self._broker.noted("")
        return Dispatch(len(outcomes), refused)


def properties_of(event: Event) -> dict[str, str]:
    """What goes with a message beside its document, for those who look no further."""
    return {"event_id": event.event_id, "schema_version": SCHEMA_VERSION, "sequence": str(event.sequence)}


def _note(outcomes: SimpleQueue[_Outcome], place: int, result: pulsar.Result, _message_id: object) -> None:
    outcomes.put((place, result.name))  # in a thread of the client's, which an error here would end the process in


def _answers(outcomes: SimpleQueue[_Outcome], count: int, patience_s: float) -> Iterator[_Outcome]:
    with suppress(Empty):
        for _ in range(count):
            yield outcomes.get(timeout=patience_s)
