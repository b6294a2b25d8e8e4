"""The consumer to copy from: killed and started again, with events that come twice, it counts each once."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tangency.adapters.settings import Settings
from tests.adapters.pulsar.conftest import of_ones_own
from tests.adapters.pulsar.test_publisher import event, publish
from tests.architecture.source_tree import REPOSITORY
from tests.support.pulsar import Broker

pytestmark = pytest.mark.service("pulsar")


@contextmanager
def following(settings: Settings, database: Path) -> Iterator["subprocess.Popen[str]"]:
    namespace = f"{settings.pulsar_tenant}/{settings.pulsar_namespace}"
    command = [sys.executable, str(REPOSITORY / "examples" / "follow_portfolios.py"), settings.pulsar_url, namespace]
    with subprocess.Popen([*command, str(database)], stdout=subprocess.PIPE, text=True) as consumer:
        try:
            yield consumer
        finally:
            consumer.kill()


def lines(consumer: "subprocess.Popen[str]", count: int) -> list[str]:
    """Those that tell of events; the client writes others."""
    assert consumer.stdout is not None
    told: list[str] = []
    while len(told) < count:
        line = consumer.stdout.readline()
        assert line, "the consumer ended"
        if line.startswith("port-"):
            told.append(line.rstrip())
    return told


def test_it_keeps_the_latest_weights_once_although_it_is_killed_and_events_come_twice(
    broker: Broker, tmp_path: Path
) -> None:
    settings = of_ones_own(broker, Settings())
    events = [event(n, f"port-{n % 2}", optimal_weights={"A": n / 10}) for n in range(6)]
    database = tmp_path / "weights.db"
    publish(settings, events[:4])
    with following(settings, database) as consumer:
        assert not any("seen before" in line for line in lines(consumer, 4))
    publish(settings, events[2:4], events[4:])
    with following(settings, database) as consumer:
        told = lines(consumer, 4)
        while not any(events[5].event_id in line for line in told):  # what was not acknowledged comes again
            told += lines(consumer, 1)
        consumer.terminate()
        assert consumer.wait(30) == 0
    assert sum("seen before" in line for line in told) >= 2
    with closing(sqlite3.connect(database)) as kept:
        rows = kept.execute("SELECT portfolio_id, weights, updates FROM weights ORDER BY portfolio_id").fetchall()
    assert [(name, json.loads(weights), count) for name, weights, count in rows] == [
        ("port-0", {"A": 0.4}, 3),
        ("port-1", {"A": 0.5}, 3),
    ]
