"""A relay that is killed once between publishing and writing that down, where a file says so: ``dying_relay FILE``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tangency.adapters.cli.main import main
from tangency.adapters.sql.outbox import SqlTurn
from tangency.domain.event import Event
from tests.storm.verdict import ENDINGS


class _Turn(SqlTurn):
    async def settle(self, events: Sequence[Event], refused: Mapping[str, str]) -> None:
        if DEATH.exists() and any(event.type in ENDINGS for event in events):
            DEATH.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        await settled(self, events, refused)


DEATH, settled = Path(sys.argv[1]), SqlTurn.settle

if __name__ == "__main__":
    SqlTurn.settle = _Turn.settle  # type: ignore[method-assign, assignment]
    sys.exit(main(["serve", "--role", "relay", "--port", "0"]))
