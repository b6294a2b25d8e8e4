"""Events on a real broker: where they are, what goes with them, and what is never sent."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from tangency.adapters.pulsar.broker import Broker
from tangency.adapters.pulsar.client import EVENTS, topic_of
from tangency.adapters.pulsar.publisher import PulsarPublisher
from tangency.adapters.settings import Settings
from tangency.domain.event import Dispatch, Event
from tangency.domain.trace import TraceContext
from tests.adapters.pulsar.conftest import read
from tests.architecture.source_tree import REPOSITORY
from tests.contracts.test_outbox import told
from tests.contracts.test_store import AT
from tests.domain.test_trace import PARENT, STATE
from tests.support.command import Command

pytestmark = pytest.mark.service("pulsar")

TOO_LARGE = 6 * 2**20


def event(number: int, portfolio: str = "p", kind: str = "portfolio_optimized", **more: Any) -> Event:
    made = told(portfolio, number)
    payload = {**made.payload, kind: {**made.payload["type"], **more}}
    return Event(kind, portfolio, AT, {name: value for name, value in payload.items() if name != "type"}, 0, number)


def publish(settings: Settings, *batches: Sequence[Event]) -> list[Dispatch]:
    async def whole() -> list[Dispatch]:
        broker = Broker(settings)
        async with broker.looked_after():
            publisher = PulsarPublisher(broker)
            return [await publisher.publish(batch) for batch in batches]

    return asyncio.run(whole())


def test_an_event_is_on_the_topic_of_its_type_with_its_portfolio_as_the_key(settings: Settings) -> None:
    sent = event(7, "port-1")
    assert publish(settings, [sent]) == [Dispatch(1)]
    (message,) = read(settings, "portfolio_optimized", 1)
    assert message.topic_name() == topic_of(settings, "portfolio_optimized")
    assert message.partition_key() == "port-1"
    assert msgspec.json.decode(message.data()) == sent.payload
    assert message.properties() == {"event_id": sent.event_id, "schema_version": "1", "sequence": "7"}
    assert message.event_timestamp() == round(AT.timestamp() * 1000)


def test_the_trace_of_an_event_stands_beside_its_schema_version(settings: Settings) -> None:
    assert publish(settings, [replace(event(1), trace=TraceContext(PARENT, STATE))]) == [Dispatch(1)]
    (message,) = read(settings, "portfolio_optimized", 1)
    assert message.properties().items() >= {"schema_version": "1", "traceparent": PARENT, "tracestate": STATE}.items()


def test_batches_keep_their_order_on_every_topic(settings: Settings) -> None:
    kinds = ("portfolio_optimized", "optimization_completed")
    events = [event(number, f"p{number % 3}", kinds[number % 2]) for number in range(300)]
    assert publish(settings, events[:200], events[200:]) == [Dispatch(200), Dispatch(100)]
    for kind in kinds:
        expected = [each.event_id for each in events if each.type == kind]
        assert [message.properties()["event_id"] for message in read(settings, kind, 150)] == expected


def test_what_is_larger_than_the_broker_takes_is_refused_and_the_others_pass(settings: Settings) -> None:
    large = event(2, text="x" * TOO_LARGE)
    (dispatch,) = publish(settings, [event(1), large, event(3)])
    assert (dispatch.done, dispatch.delay) == (3, "")
    assert list(dispatch.refused) == [large.event_id]
    assert "larger than the broker takes" in dispatch.refused[large.event_id]
    assert [message.properties()["sequence"] for message in read(settings, "portfolio_optimized", 2)] == ["1", "3"]


def test_an_event_without_a_portfolio_has_no_key(settings: Settings) -> None:
    publish(settings, [event(1, "")])
    (message,) = read(settings, "portfolio_optimized", 1)
    assert message.partition_key() == ""


def test_without_a_namespace_events_wait_and_the_reason_says_what_to_run(settings: Settings) -> None:
    elsewhere = msgspec.structs.replace(settings, pulsar_namespace="nowhere")
    (dispatch,) = publish(elsewhere, [event(1)])
    assert (dispatch.done, dispatch.refused) == (0, {})
    assert "tangency pulsar setup" in dispatch.delay


def test_the_command_that_the_guides_name_makes_what_is_missing_and_leaves_what_is_there(
    settings: Settings, tmp_path: Path
) -> None:
    for guide in ("events", "outages", "install"):
        assert "tangency pulsar setup" in (REPOSITORY / f"docs/operations/{guide}.md").read_text()
    place = {"URL": settings.pulsar_url, "WEB_URL": settings.pulsar_web_url, "NAMESPACE": f"n{uuid4().hex}"}
    command = Command(tmp_path, settings={f"TANGENCY_PULSAR_{name}": value for name, value in place.items()})
    first, second = command("pulsar", "setup"), command("pulsar", "setup", "--retention-days", "2")
    assert (first.code, second.code) == (0, 0), first.err + second.err
    own = msgspec.structs.replace(settings, pulsar_namespace=place["NAMESPACE"])
    assert [dispatch.done for dispatch in publish(own, [event(1)])] == [1]


def test_a_broker_that_is_away_refuses_nothing() -> None:
    nobody = Settings(pulsar_url="pulsar://127.0.0.1:1", pulsar_send_timeout_s=1)
    (dispatch,) = publish(nobody, [event(1), event(2)])
    assert (dispatch.done, dispatch.refused) == (0, {})
    assert dispatch.delay


def test_the_topics_that_are_set_up_are_those_of_the_documents() -> None:
    from tests.adapters.rest.test_orders import SCHEMAS

    assert sorted(EVENTS) == sorted(path.stem for path in SCHEMAS.glob("*.json"))
