"""The real command on a data folder of its own.

Most commands run in the test's process, through the function that the installed script calls: importing everything and
starting the server that solvers are forked from takes a second, and is done once for all of them. Servers, and commands
that need a process of their own, are forked from one that has imported everything, unless they are to start cold.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import BytesIO, TextIOWrapper
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TextIO
from unittest.mock import patch

from tangency.adapters.cli.main import main
from tests.support.nursery import Born, born

EXECUTABLE = Path(sys.executable).with_name("tangency")
PATIENCE_S = 60.0
HANGS = 30.0
"""Seconds after which a command is not slow but stuck, on a thread that nobody ends."""
ADDRESS = re.compile(r"http://\S+?:\d+")


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def problem(self) -> str:
        """The last part of the type of a problem document."""
        return str(self.json["type"]).removeprefix("/problems/")


@dataclass(frozen=True)
class Command:
    """Runs ``tangency`` in a folder; its data lie in ``data`` below, which nobody made before.

    Attributes:
        plugins: folders with distributions that a process finds beside the installed ones; here they are on the path.
        cold: whether even those that are apart are processes from the very start, which import everything themselves.
        errors: where services write theirs; with ours where nobody says.
    """

    folder: Path
    plugins: tuple[Path, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    cold: bool = False
    errors: TextIO | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def __call__(self, *arguments: object, stdin: str | None = None, **settings: str) -> Ran:
        """Run it, and look at what it printed."""
        out, err = _text(), _text()
        with (
            patch.dict(os.environ, self.environment(settings), clear=True),
            patch.object(sys, "stdin", _text(stdin or "")),
            chdir(self.folder),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = main([str(argument) for argument in arguments])
        return _checked(Ran(code, _written(out), _written(err)))

    def apart(self, *arguments: object, **settings: str) -> Ran:
        """Run it in a process of its own."""
        with TemporaryFile("w+") as told:
            process = self._started([str(argument) for argument in arguments], self.environment(settings), told)
            assert process.stdout is not None
            with process.stdout:
                out = process.stdout.read()
            code = process.wait(PATIENCE_S)
            told.seek(0)
            return _checked(Ran(code, out, told.read()))

    def write(self, name: str, document: object) -> Path:
        """A file in the folder: text as it is, anything else as JSON."""
        path = self.folder / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    @contextmanager
    def serving(self, *arguments: str, verb: str = "serve", **settings: str) -> Iterator["Served"]:
        """``tangency serve``, or another verb, on a free port until the block ends."""
        process = self._started([verb, "--port", "0", *arguments], self.environment(settings), self.errors)
        assert process.stdout is not None
        try:
            address = ADDRESS.search(process.stdout.readline())
            assert address, "the server ended before it listened"
            yield Served(process, address.group())
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
            process.stdout.close()

    def _started(
        self, arguments: list[str], environment: dict[str, str], stderr: TextIO | None = None
    ) -> subprocess.Popen[str] | Born:
        if not self.cold:
            return born(arguments, self.folder, environment, stderr)
        command, out = [str(EXECUTABLE), *arguments], subprocess.PIPE
        return subprocess.Popen(command, cwd=self.folder, env=environment, stdout=out, stderr=stderr, text=True)

    def environment(self, settings: dict[str, str]) -> dict[str, str]:
        """Ours without any setting of the product, so that a test depends on nobody's; one solver starts soonest."""
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("TANGENCY_", "COLUMNS"))}
        path = [*map(str, self.plugins), *filter(None, [bare.get("PYTHONPATH")])]
        plugins = {"PYTHONPATH": os.pathsep.join(path)} if path else {}
        return {**bare, **plugins, **self._own, **self.settings, **settings}

    @property
    def _own(self) -> dict[str, str]:
        return {"TANGENCY_DATA_DIR": str(self.data), "TANGENCY_SOLVER_WORKERS": "1"}


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    process: subprocess.Popen[str] | Born
    address: str

    @property
    def grpc_address(self) -> str:
        """Where gRPC is answered, as the second line says; read it once."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rsplit(maxsplit=1)[-1].rstrip(".")

    def ended_by(self, which: signal.Signals) -> tuple[int, float]:
        """Send a signal; the exit code, and how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(which)
        return self.process.wait(PATIENCE_S), time.monotonic() - began


def _text(content: str = "") -> TextIOWrapper:
    return TextIOWrapper(BytesIO(content.encode()), encoding="utf-8", write_through=True)


def _written(stream: TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def _checked(ran: Ran) -> Ran:
    assert "Traceback" not in ran.out + ran.err, ran.err
    return ran
