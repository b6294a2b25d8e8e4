"""No image is built here; but every command of the first stage is run, on the files it copies and on nothing else."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tangency.adapters.settings import PREFIX, Settings
from tests.deploy.commands import understood
from tests.deploy.manifests import DEPLOY

ROOT = DEPLOY.parent
KNOWN = {PREFIX + field.name.upper() for field in msgspec.structs.fields(Settings)}
KEPT = {"PATH", "HOME"}
PACKAGES = ("PIP_", "UV_", "SSL_")


@dataclass(frozen=True)
class Instruction:
    """A line of the Containerfile, continued lines joined."""

    word: str
    rest: str


def stages() -> list[list[Instruction]]:
    """The instructions of each stage."""
    text = "\n".join(line for line in (DEPLOY / "Containerfile").read_text().splitlines() if not line.startswith("#"))
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    found: list[list[Instruction]] = []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append(Instruction(word, rest))
    return found


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first stage leaves below $PREFIX, its sources gone. Bytecode is left out: it takes longest."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("opt") / "tangency"
    for instruction in stages()[0]:
        if instruction.word == "COPY":
            *names, folder = instruction.rest.split()
            copy([ROOT / name for name in names], source / folder)
        elif instruction.word == "RUN":
            run(instruction.rest.replace("--compile-bytecode ", ""), source, target)
    shutil.rmtree(source)
    return target


def copy(origins: list[Path], folder: Path) -> None:
    """As COPY does: the content of a folder, and files, into a folder."""
    for origin in origins:
        if origin.is_dir():
            shutil.copytree(origin, folder, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy(origin, folder)


def run(command: str, folder: Path, target: Path) -> None:
    """As RUN does, with no variable of ours but those that say where packages come from."""
    environment = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(PACKAGES)}
    done = subprocess.run(
        ["/bin/sh", "-ec", command.replace("python3.11", sys.executable)],
        cwd=folder,
        env={**environment, "PREFIX": str(target)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"


def installed(prefix: Path, *arguments: str, folder: Path) -> str:
    """What the installed command prints, with nothing of the project in reach."""
    done = subprocess.run(
        [str(prefix / "service/bin/tangency"), *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "TANGENCY_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.image
@pytest.mark.timeout(300)
def test_what_the_first_stage_installs_answers(prefix: Path, tmp_path: Path) -> None:
    answer = json.loads(installed(prefix, "demo", "--json", folder=tmp_path))
    methods = json.loads(installed(prefix, "methods", "--json", folder=tmp_path))

    assert answer["optimization_metadata"]["convergence_status"] == "optimal"
    assert "mean_variance" in {each["name"] for each in methods}
    assert not list(prefix.glob("service/lib/*/site-packages/riskfolio"))


def test_the_last_stage_takes_over_what_the_first_wrote_and_is_not_root() -> None:
    first, last = stages()
    words = {each.word: each.rest for each in last}
    default = next(each.rest.removeprefix("PREFIX=") for each in first if each.word == "ARG")

    assert words["COPY"] == f"--from=build {default}/service {default}/service"
    assert words["USER"] == "10001:10001"
    assert f"PATH={default}/service/bin:$PATH" in words["ENV"]


def test_variables_of_the_image_are_settings() -> None:
    (environment,) = [each.rest for each in stages()[1] if each.word == "ENV"]
    stated = dict(each.split("=", 1) for each in environment.split())

    assert {name for name in stated if name.startswith(PREFIX)} <= KNOWN
    Settings.load({name: value for name, value in stated.items() if name in KNOWN})


def test_only_what_is_copied_is_sent_to_the_builder() -> None:
    sent = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    needed = {name.split("/")[0] for each in stages()[0] if each.word == "COPY" for name in each.rest.split()[:-1]}

    assert needed == sent


def test_compose_runs_every_role_on_known_settings_and_commands() -> None:
    services: dict[str, dict[str, Any]] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    ours = {name: each for name, each in services.items() if each["image"].startswith("tangency:")}

    assert set(ours) == {"api", "worker-light", "worker-heavy", "relay", "prepare"}
    for name, service in ours.items():
        assert set(service["environment"]) <= KNOWN, name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert set(service["depends_on"]) <= set(services), name
        assert all(understood(command) for command in commands(service)), name


def commands(service: dict[str, Any]) -> list[list[str]]:
    """What a service of the file runs."""
    if "entrypoint" not in service:
        return [service["command"]]
    (line,) = service["command"]
    return [shlex.split(each)[1:] for each in line.split("&&")]
