"""Where orders wait. Nothing heavy is imported here: command lines name queues."""

from __future__ import annotations

from enum import StrEnum


class Queue(StrEnum):
    """Where an order waits: whoever carries out heavy ones must not keep light ones waiting."""

    LIGHT = "light"
    HEAVY = "heavy"


EVERY_QUEUE = tuple(Queue)
