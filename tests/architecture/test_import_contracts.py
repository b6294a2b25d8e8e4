"""The import rules of ADR 2 hold, and each of them would notice the import that it forbids."""

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.source_tree import REPOSITORY, SOURCE

CONTRACTS = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}


@dataclass(frozen=True)
class Import:
    """A line that somebody might write, in a module that may not exist yet."""

    importer: str
    imported: str

    def write_into(self, package: Path) -> None:
        module = package.parent.joinpath(*self.importer.split(".")).with_suffix(".py")
        write_module(module, package, f"import {self.imported}\n")
        if self.imported.startswith("tangency."):
            imported = package.parent.joinpath(*self.imported.split("."))
            if not imported.is_dir() and not imported.with_suffix(".py").exists():
                write_module(imported.with_suffix(".py"), package, "")

    def told_in(self, output: str) -> bool:
        """Whether it is among what import-linter tells, which knows of a stranger's package and not of its modules."""
        imported = self.imported if self.imported.startswith("tangency.") else self.imported.partition(".")[0]
        return f"{self.importer} -> {imported} " in output


FORBIDDEN = [
    ("layers", Import("tangency.domain.provoked", "tangency.application")),
    ("layers", Import("tangency.domain.provoked", "tangency.plugins")),
    ("layers", Import("tangency.application.provoked", "tangency.adapters.settings")),
    ("layers", Import("tangency.plugins.provoked", "tangency.application")),
    ("layers", Import("tangency.plugins.provoked", "tangency.contracts")),
    ("layers", Import("tangency.plugins.provoked", "tangency.adapters.container")),
    ("layers", Import("tangency.contracts.provoked", "tangency.application")),
    ("no-private-door", Import("tangency.adapters.entry_points.provoked", "tangency.plugins.provoking")),
    ("no-private-door", Import("tangency.adapters.container", "tangency.plugins.provoking")),
    ("no-private-door", Import("tangency.application.provoked", "tangency.plugins.provoking")),
    ("adapters-apart", Import("tangency.adapters.rest.provoked", "tangency.adapters.sql.provoking")),
    ("adapters-apart", Import("tangency.adapters.cli.provoked", "tangency.adapters.report.provoking")),
    ("adapters-apart", Import("tangency.adapters.cli.provoked", "tangency.adapters.container.serving")),
    ("adapters-apart", Import("tangency.adapters.settings", "tangency.adapters.sql.provoking")),
    ("adapters-apart", Import("tangency.adapters.of_tomorrow.provoked", "tangency.adapters.files.provoking")),
    ("no-technology-inside", Import("tangency.application.provoked", "sqlalchemy.orm")),
    ("no-technology-inside", Import("tangency.domain.provoked", "scipy.linalg")),
]

ALLOWED = [
    Import("tangency.adapters.container", "tangency.adapters.rest.provoking"),
    Import("tangency.adapters.container.provoked", "tangency.adapters.rest.provoking"),
    Import("tangency.adapters.cli.provoked", "tangency.adapters.container"),
    Import("tangency.adapters.rest.provoked", "tangency.adapters.settings"),
    Import("tangency.adapters.sql.provoked", "tangency.application"),
    Import("tangency.application.provoked", "tangency.domain"),
    Import("tangency.plugins.provoked", "tangency.domain"),
    Import("tangency.plugins.provoked", "scipy.optimize"),
    Import("tangency.contracts.provoked", "tangency.domain"),
]


def write_module(module: Path, package: Path, line: str) -> None:
    """Add a line at the end of a module, making it and the packages above it where they are missing."""
    module.parent.mkdir(parents=True, exist_ok=True)
    for folder in module.parents:
        if folder == package:
            break
        (folder / "__init__.py").touch()
    with module.open("a") as text:
        text.write(line)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package whose modules may be spoilt."""
    copy = tmp_path / "src" / "tangency"
    shutil.copytree(SOURCE, copy, ignore=lambda _, names: [name for name in names if name == "__pycache__"])
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return copy


def lint(source: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the package in the folder, whatever is installed."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache", *options],
        cwd=source.parent,
        env={**os.environ, "PYTHONPATH": str(source), "COLUMNS": "200"},
        check=False,
        capture_output=True,
        text=True,
    )


def test_every_import_of_the_package_points_inward() -> None:
    result = lint(SOURCE.parent)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("contract", CONTRACTS)
def test_each_forbidden_import_breaks_its_contract(contract: str, package: Path) -> None:
    lines = [line for broken, line in FORBIDDEN if broken == contract]
    for line in lines:
        line.write_into(package)
    result = lint(package.parent, "--contract", contract)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{CONTRACTS[contract]} BROKEN" in result.stdout
    assert [line for line in lines if not line.told_in(result.stdout)] == [], result.stdout


def test_what_is_allowed_breaks_nothing(package: Path) -> None:
    for line in ALLOWED:
        line.write_into(package)
    result = lint(package.parent)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_contract_has_been_seen_to_break() -> None:
    assert {contract for contract, _ in FORBIDDEN} == set(CONTRACTS)
