"""The processes of the service, each with a log of its own, killed and started again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
PATIENCE_S = 120.0
TANGENCY = (sys.executable, "-c", "import sys; from tangency.adapters.cli.main import main; sys.exit(main())")


@dataclass
class Fleet:
    """Named processes in a folder."""

    folder: Path
    environment: Mapping[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    commands: dict[str, tuple[str, ...]] = field(default_factory=dict)
    said_before: dict[str, int] = field(default_factory=dict)
    """Where in its log the present process of a name begins."""

    def start(self, name: str, *command: str) -> None:
        """Start one, or one that was started before again."""
        self.commands[name] = command or self.commands[name]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.said_before[name] = log.tell()
            environment = {**os.environ, "PYTHONUNBUFFERED": "1", **self.environment}
            self.running[name] = subprocess.Popen(
                self.commands[name], env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self, name: str) -> None:
        """As if its machine had failed, and another had taken its place."""
        process = self.running[name]
        process.kill()
        process.wait()
        self.start(name)

    def stop(self, name: str) -> None:
        """As if its machine stood still, until it goes on."""
        self.running[name].send_signal(signal.SIGSTOP)

    def go_on(self, name: str) -> None:
        """Where it was stopped."""
        self.running[name].send_signal(signal.SIGCONT)

    def again(self, name: str) -> None:
        """Start one again that is about to end by itself."""
        self.running[name].wait()
        self.start(name)

    def named(self, process: int) -> str | None:
        """Whose process that is."""
        return next((name for name, each in self.running.items() if each.pid == process), None)

    def address(self, name: str) -> str:
        """Where it answers, once it does. One that ended because it found no database is started again."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            found = ADDRESS.findall(self._log(name))
            if found:
                return str(found[-1])
            if self.running[name].poll() is not None:
                self.start(name)
            time.sleep(0.1)
        raise TimeoutError(f"{name} did not start: {self._log(name)[-2000:]}")

    def _log(self, name: str) -> str:
        """What its present process has said."""
        return (self.folder / f"{name}.log").read_bytes()[self.said_before[name] :].decode(errors="replace")

    def said(self, words: str) -> int:
        """How often the logs say so."""
        return sum(log.read_text(errors="replace").count(words) for log in self.folder.glob("*.log"))


@contextmanager
def fleet(folder: Path, environment: Mapping[str, str]) -> Iterator[Fleet]:
    """Until the end of the block; then they are told to end, and killed where they do not."""
    made = Fleet(folder, environment)
    try:
        yield made
    finally:
        for process in made.running.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in made.running.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
