"""The scripts that the Makefile stands on find what a fresh machine offers, or say in one sentence what it lacks."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import REPOSITORY

OLD = '#!/bin/sh\necho "I am too old"; exit 1\n'
SHIM_WITHOUT_ANYTHING_BEHIND_IT = '#!/bin/sh\necho "command not found" >&2; exit 127\n'
GOOD = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
ECHO = '#!/bin/sh\necho "uv on PATH: $*"\n'


def run(tool: str, *arguments: str, commands: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a tool with nothing on PATH but the commands given."""
    for name, text in commands.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return subprocess.run(
        ["/bin/sh", str(REPOSITORY / "tools" / tool), *arguments],
        env={"PATH": str(folder)},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "commands",
    [
        {"python3.11": GOOD},
        {"python3": GOOD},
        {"python3.11": SHIM_WITHOUT_ANYTHING_BEHIND_IT, "python3": OLD, "python3.12": GOOD},
    ],
    ids=["python3.11", "python3", "past a shim and an old one"],
)
def test_any_python_that_starts_and_is_new_enough_will_do(commands: dict[str, str], tmp_path: Path) -> None:
    result = run("find-python", commands=commands, folder=tmp_path)
    assert result.returncode == 0
    assert result.stdout.strip() == sys.executable


@pytest.mark.parametrize("commands", [{}, {"python3": OLD}, {"python3.11": SHIM_WITHOUT_ANYTHING_BEHIND_IT}], ids=str)
def test_without_one_there_is_one_sentence(commands: dict[str, str], tmp_path: Path) -> None:
    result = run("find-python", commands=commands, folder=tmp_path)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Tangency needs Python 3.11 or newer")
    assert len(result.stderr.splitlines()) == 1


def test_uv_on_path_is_used_as_it_is(tmp_path: Path) -> None:
    needed = {"dirname": '#!/bin/sh\nexec /usr/bin/env -i /usr/bin/dirname "$@"\n'}
    result = run("uv", "pip", "list", commands={"uv": ECHO, **needed}, folder=tmp_path)
    assert result.stdout == "uv on PATH: pip list\n"
