"""Events to topics: one topic per type, the portfolio as the key, in the order that they come in."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tangency.adapters.pulsar.broker import Broker
from tangency.adapters.pulsar.sending import Outgoing, send_all
from tangency.domain.event import Dispatch, Event

SCHEMA_VERSION = "1"
"""Of the schemas in docs/events; raised by a change that breaks who reads them."""

REFUSED = {
    "MessageTooBig": "it is larger than the broker takes",
    "InvalidMessage": "the broker cannot read it",
    "IncompatibleSchema": "its topic has another schema",
    "TopicTerminated": "its topic was ended for good",
}
"""What no repetition changes. A broker that is silent, or does not let us in, refuses nothing: it is waited for."""


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
        messages = [_outgoing(event) for event in events]
        outcomes = await self._broker.run(lambda: send_all(self._broker, messages))
        refused: dict[str, str] = {}
        for place, outcome in enumerate(outcomes):
            if outcome in REFUSED:
                refused[events[place].event_id] = f"{outcome}: {REFUSED[outcome]}."
            elif outcome != "Ok":
                self._broker.noted(outcome)
                return Dispatch(place, refused, outcome)
        self._broker.noted("")
        return Dispatch(len(outcomes), refused)


def _outgoing(event: Event) -> Outgoing:
    """The document, and beside it what is of use to those who look no further."""
    properties = {"event_id": event.event_id, "schema_version": SCHEMA_VERSION, "sequence": str(event.sequence)}
    properties |= {} if event.trace is None else event.trace.properties
    at_ms = round(event.at.timestamp() * 1000)
    return Outgoing(event.type, msgspec.json.encode(event.payload), event.portfolio_id, properties, at_ms)
