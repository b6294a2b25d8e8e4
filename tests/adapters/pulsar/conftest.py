"""A namespace of one's own on a real broker, set up as operators do it, and the service on it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pulsar
import pytest

from tangency.adapters.pulsar.client import topic_of
from tangency.adapters.pulsar.setup import set_up
from tangency.adapters.settings import Settings
from tests.support.databases import DATABASES, settings_of
from tests.support.pulsar import Broker

PATIENCE_MS = 60_000


def of_ones_own(broker: Broker, settings: Settings) -> Settings:
    """The same on a namespace that nobody else uses."""
    own = msgspec.structs.replace(
        settings,
        pulsar_url=broker.url,
        pulsar_web_url=broker.web_url,
        pulsar_namespace=f"n{uuid4().hex}",
        pulsar_send_timeout_s=5.0,
        solver_workers=1,
    )
    assert list(set_up(own, retention_days=1))
    return own


@contextmanager
def client_of(settings: Settings) -> Iterator[pulsar.Client]:
    """A neighbour's."""
    with closing(pulsar.Client(settings.pulsar_url)) as client:
        yield client


def read(settings: Settings, kind: str, count: int) -> list[pulsar.Message]:
    """The first messages of a topic, as somebody sees them who comes late."""
    with client_of(settings) as client:
        reader = client.create_reader(topic_of(settings, kind), pulsar.MessageId.earliest)
        return [reader.read_next(PATIENCE_MS) for _ in range(count)]


def documents(settings: Settings, kind: str, count: int) -> list[Any]:
    """What the first events of a type tell."""
    return [msgspec.json.decode(message.data())[kind] for message in read(settings, kind, count)]


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A database of one's own."""
    return settings_of(request, tmp_path)


@pytest.fixture
def settings(broker: Broker, tmp_path: Path) -> Settings:
    """A broker that nobody stops meanwhile."""
    return of_ones_own(broker, Settings(data_dir=str(tmp_path)))
