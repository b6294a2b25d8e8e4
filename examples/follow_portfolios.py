"""Follow ``portfolio_optimized``: keep the latest weights of every portfolio, whatever is delivered twice.

    python examples/follow_portfolios.py pulsar://localhost:6650 tangency/default weights.db

Events come at least once, each under one id, and those of a portfolio in its order. So what was seen and the weights
are changed in one transaction, and a message is acknowledged after that: an end at any moment loses nothing and counts
nothing twice. It needs nothing of this project but the document, which docs/events describes.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
import threading
from contextlib import closing

import pulsar

SUBSCRIPTION = "follow-portfolios"
"""Ours: the broker keeps our place in the topic under this name."""

TABLES = """
CREATE TABLE IF NOT EXISTS seen (event_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS weights (portfolio_id TEXT PRIMARY KEY, at TEXT, weights TEXT, updates INTEGER);
"""


def keep(database: sqlite3.Connection, event: dict[str, object], told: dict[str, object]) -> bool:
    """Take note of an event, once; False where it was seen before."""
    with database:
        new = database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (event["event_id"],)).rowcount == 1
        if new:
            row = (told["portfolio_id"], event["timestamp"], json.dumps(told["optimal_weights"]))
            database.execute(
                "INSERT INTO weights VALUES (?, ?, ?, 1) ON CONFLICT (portfolio_id) DO UPDATE "
                "SET at = excluded.at, weights = excluded.weights, updates = updates + 1",
                row,
            )
    return new


def follow(url: str, namespace: str, path: str, ended: threading.Event) -> None:
    """Until told to end. The client finds a broker again that went away."""
    with closing(sqlite3.connect(path)) as database, closing(pulsar.Client(url)) as client:
        database.executescript(TABLES)
        consumer = client.subscribe(
            f"persistent://{namespace}/portfolio_optimized",
            SUBSCRIPTION,
            consumer_type=pulsar.ConsumerType.Failover,  # one at a time, so that the order of portfolios stays
            initial_position=pulsar.InitialPosition.Earliest,
        )
        while not ended.is_set():
            try:
                message = consumer.receive(timeout_millis=500)
            except pulsar.Timeout:
                continue
            event = json.loads(message.data())
            told = event["portfolio_optimized"]
            new = keep(database, event, told)
            consumer.acknowledge(message)
            print(f"{told['portfolio_id']}  {event['event_id']}{'' if new else '  seen before'}", flush=True)


if __name__ == "__main__":
    ended = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ended.set())
    url, namespace, path = sys.argv[1:]
    follow(url, namespace, path, ended)
