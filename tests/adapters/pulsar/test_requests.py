"""Requests that come as messages: what REST takes, once however often it comes, and an answer to what is wrong."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pulsar
import pytest
from sqlalchemy.engine import make_url

from tangency.adapters.pulsar.client import REQUESTS, topic_of
from tangency.adapters.pulsar.requests import MOST_DELIVERIES, Requests
from tangency.adapters.pulsar.subscription import Received, Verdict
from tangency.adapters.settings import Settings
from tangency.application.orders import ListOrders, ReadEvents
from tangency.application.readiness import CheckReadiness
from tangency.domain.errors import StoreUnavailable
from tangency.domain.optimization.order import Filter
from tests.adapters.pulsar.conftest import client_of, documents, of_ones_own, read
from tests.domain.test_trace import PARENT, STATE
from tests.support import plain_http
from tests.support.held import hold_in
from tests.support.postgres import Cluster
from tests.support.pulsar import Broker, wait_until
from tests.support.service import Door, running_service, serving
from tests.support.tcp_proxy import proxy

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "events" / "optimization_failed.json").read_text())
WISH = {"portfolio_id": "port-1", "optimization_type": "mean_variance", "objective": "maximize_sharpe"}

Send = Callable[..., None]


@pytest.fixture
def settings(broker: Broker, database: Settings) -> Settings:
    settings = of_ones_own(broker, database)
    hold_in(settings, "port-1")
    return settings


@pytest.fixture
def send(settings: Settings) -> Iterator[Send]:
    with client_of(settings) as client:
        producer = client.create_producer(topic_of(settings, REQUESTS))

        def send(document: Any, **properties: str) -> None:
            data = document if isinstance(document, bytes) else json.dumps(document).encode()
            producer.send(data, properties=properties)

        yield send


@pytest.mark.service("pulsar")
def test_a_request_becomes_an_order_once_however_often_it_comes_and_is_answered(settings: Settings, send: Send) -> None:
    send(WISH, idempotency_key="one", traceparent=PARENT, tracestate=STATE)
    send(WISH, idempotency_key="one")
    send({**WISH, "event_id": "two"})
    send({**WISH, "event_id": "two"}, idempotency_key="")
    send(WISH)
    with serving(settings) as door:
        completed = documents(settings, "optimization_completed", 3)
        send({**WISH, "objective": "minimize_risk"}, idempotency_key="one", traceparent=f"{PARENT}0")
        (failed,) = documents(settings, "optimization_failed", 1)
        traced = [each.properties() for each in read(settings, "optimization_completed", 3)]
        orders = door.handle(ListOrders(Filter()))
    assert len({each["optimization_id"] for each in completed}) == len(orders) == 3
    assert {each["portfolio_id"] for each in completed} == {"port-1"}
    assert sorted(each.get("traceparent", "") for each in traced) == ["", "", PARENT]
    assert sorted(each.get("tracestate", "") for each in traced) == ["", "", STATE]
    assert (failed["idempotency_key"], failed["problem"]["type"]) == ("one", "/problems/key-reused")


BAD = {
    "no JSON": (b"{", "/problems/unreadable", 400),
    "no UTF-8": (b'{"portfolio_id": "\xff"}', "/problems/unreadable", 400),
    "a list": ([], "/problems/invalid", 422),
    "nothing": (b"", "/problems/unreadable", 400),
    "an unknown member": ({**WISH, "colour": 1}, "/problems/invalid", 422),
    "an unknown portfolio": ({**WISH, "portfolio_id": "port-2"}, "/problems/invalid", 422),
    "a number that is none": (b'{"portfolio_id": NaN}', "/problems/unreadable", 400),
    "a key that cannot be printed": ({**WISH, "event_id": "\0"}, "/problems/invalid", 422),
    "a key that is too long": ({**WISH, "event_id": "k" * 256}, "/problems/invalid", 422),
}


@pytest.mark.service("pulsar")
def test_every_bad_message_is_answered_with_the_problem_of_rest_and_the_good_ones_pass(
    settings: Settings, send: Send
) -> None:
    for document, _, _ in BAD.values():
        send(document)
    send(WISH)
    with serving(settings):
        messages = read(settings, "optimization_failed", len(BAD))
        assert len(documents(settings, "optimization_completed", 1)) == 1
    answers = [json.loads(message.data()) for message in messages]
    for (name, (_, kind, status)), answer in zip(BAD.items(), answers, strict=True):
        jsonschema.validate(answer, SCHEMA)
        problem = answer["optimization_failed"]["problem"]
        assert (problem["type"], problem["status"]) == (kind, status), name
    assert messages[5].partition_key() == "port-2"
    assert answers[4]["optimization_failed"]["problem"]["errors"][0]["pointer"] == "/colour"


@pytest.mark.service("pulsar")
def test_what_was_dealt_with_does_not_come_again(settings: Settings, send: Send) -> None:
    send(WISH)
    send(b"{")
    with serving(settings):
        documents(settings, "optimization_completed", 1)
        documents(settings, "optimization_failed", 1)
    with client_of(settings) as client:
        consumer = client.subscribe(topic_of(settings, REQUESTS), "tangency", pulsar.ConsumerType.Shared)
        with pytest.raises(pulsar.Timeout):
            consumer.receive(2000)


class Away:
    """A database that keeps no order, and answers to the question whether it is there, or not."""

    def __init__(self, units: Any, answers: bool) -> None:
        self.keep, self.answers = units.keep, answers

    def prepare(self, _problem: object) -> None:
        raise StoreUnavailable("gone")

    async def check(self) -> None:
        if not self.answers:
            raise StoreUnavailable("gone")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("requests")
    hold_in(Settings(data_dir=str(folder)), "port-1")
    with running_service(folder) as door:
        yield door


def verdict(door: Door, deliveries: int) -> Verdict:
    message = Received(json.dumps(WISH).encode(), {}, f"m{deliveries}", deliveries)
    return door.run(lambda: Requests(door.service).take(message))


def without_database(door: Door, answers: bool) -> Door:
    away = Away(door.service.context.units, answers)
    return door.with_ports(units=away, store=away)


def test_while_the_database_is_away_a_message_comes_again_for_as_long_as_that_lasts(door: Door) -> None:
    away = without_database(door, answers=False)
    assert [verdict(away, count) for count in (0, MOST_DELIVERIES, 1000)] == [Verdict.LATER] * 3
    assert verdict(door, 1001) is Verdict.DONE


def test_a_message_that_a_database_keeps_failing_over_although_it_answers_is_answered(door: Door) -> None:
    there = without_database(door, answers=True)
    assert [verdict(there, count) for count in (0, MOST_DELIVERIES - 1)] == [Verdict.LATER] * 2
    assert [verdict(there, MOST_DELIVERIES) for _ in range(2)] == [Verdict.DONE] * 2
    (answer,) = [event for event in door.handle(ReadEvents(0, 1000)) if event.type == "optimization_failed"]
    assert answer.payload["optimization_failed"]["problem"]["type"] == "/problems/store-unavailable"


@pytest.mark.service("pulsar")
@pytest.mark.service("postgresql")
def test_requests_wait_out_an_outage_of_the_database(broker: Broker, cluster: Cluster, postgresql: str) -> None:
    hold_in(Settings(database_url=postgresql), "port-1")
    with proxy(cluster.port) as wire:
        far = make_url(postgresql).set(port=wire.port).render_as_string()
        settings = of_ones_own(broker, Settings(database_url=far))
        with client_of(settings) as client, serving(settings) as door:
            producer = client.create_producer(topic_of(settings, REQUESTS))
            wire.refuse()
            producer.send(json.dumps(WISH).encode())
            wait_until(lambda: unacknowledged(settings) > 0)
            with pytest.raises(StoreUnavailable):
                door.handle(CheckReadiness())
            wire.heal()
            assert len(documents(settings, "optimization_completed", 1)) == 1
            wait_until(lambda: unacknowledged(settings) == 0)


def unacknowledged(settings: Settings) -> int:
    """Requests that the service was given and has not dealt with."""
    place = f"{settings.pulsar_tenant}/{settings.pulsar_namespace}/{REQUESTS}"
    stats = plain_http.get(f"{settings.pulsar_web_url}/admin/v2/persistent/{place}/stats", timeout=60).json()
    count: int = stats["subscriptions"]["tangency"]["unackedMessages"]
    return count
