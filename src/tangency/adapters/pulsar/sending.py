"""Sending: many messages on their way at once, in order, and the broker's answer to each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from tangency.adapters.pulsar.broker import Broker, told

if TYPE_CHECKING:
    import pulsar

BROKEN = ("AlreadyClosed", "ProducerFenced", "ProducerNotInitialized", "TopicNotFound")
"""After these a producer is made anew. From others the client recovers by itself, and resends in order."""

SLACK_S = 5.0
"""Beyond the time that the client takes to give up a message."""

_Answer = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way.

    Attributes:
        key: messages with one key keep their order; empty for none.
        at_ms: when it happened, since 1970; None where that means nothing.
    """

    topic: str
    data: bytes
    key: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    at_ms: int | None = None


def send_all(broker: Broker, messages: Sequence[Outgoing]) -> list[str]:
    """In the thread of a broker's connection: what became of each, ``Ok`` or a word of the client's.

    Nothing is sent behind a message that could not be sent: those have no outcome, and are missing from the end.
    """
    answers: SimpleQueue[_Answer] = SimpleQueue()
    sent = 0
    for place, message in enumerate(messages):
        failure = _send(broker, message, partial(_note, answers, place))
        sent += 1
        if failure:
            answers.put((place, failure))
            break
    found = dict(_answered(answers, sent, broker.settings.pulsar_send_timeout_s + SLACK_S))
    outcomes = [found.get(place, "no answer") for place in range(sent)]
    for message, outcome in zip(messages, outcomes, strict=False):
        if outcome.startswith(BROKEN):
            broker.forget(message.topic)
    return outcomes


def _send(broker: Broker, message: Outgoing, answered: Any) -> str:  # noqa: ANN401 - a callback of the client's
    """Why it could not even be sent; empty where the answer comes later."""
    import pulsar

    try:
        broker.producer(message.topic).send_async(
            message.data,
            answered,
            properties=dict(message.properties),
            partition_key=message.key or None,
            event_timestamp=message.at_ms,
        )
    except pulsar.PulsarException as error:
        return told(error)
    return ""


def _note(answers: SimpleQueue[_Answer], place: int, result: pulsar.Result, _message_id: object) -> None:
    answers.put((place, result.name))  # in a thread of the client's, where an error would end the process


def _answered(answers: SimpleQueue[_Answer], count: int, patience_s: float) -> Iterator[_Answer]:
    with suppress(Empty):
        for _ in range(count):
            yield answers.get(timeout=patience_s)
