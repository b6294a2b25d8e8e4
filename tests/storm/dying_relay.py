"""A relay that is killed once between publishing and writing that down: ``dying_relay FILE``, which says over what."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tangency.adapters.cli.main import main
from tangency.adapters.pulsar.client import TICKETS
from tangency.adapters.sql.outbox import SqlTurn
from tangency.domain.event import Event
from tests.storm.verdict import ENDINGS


class _Turn(SqlTurn):
    async def settle(self, events: Sequence[Event], refused: Mapping[str, str]) -> None:
        if DEATH.exists() and any(event.type in KINDS[DEATH.read_text()] for event in events):
            DEATH.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        await settled(self, events, refused)


DEATH, settled = Path(sys.argv[1]), SqlTurn.settle
KINDS: Mapping[str, Sequence[str]] = {"": (), "endings": ENDINGS, "tickets": tuple(TICKETS.values())}
"""What is published, by the word in the file; nothing while the word is being written."""

if __name__ == "__main__":
    SqlTurn.settle = _Turn.settle  # type: ignore[method-assign, assignment]
    sys.exit(main(["serve", "--role", "relay", "--port", "0"]))
