"""What users install works: the wheel in an empty environment, alone and beside a third party's plugin."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.architecture.source_tree import REPOSITORY
from tests.support.memory import DISK

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),  # with nothing in the package cache, some hundred megabytes are downloaded
    pytest.mark.xdist_group("wheel"),
]

EXAMPLE_PLUGIN = REPOSITORY / "tests" / "example_plugin"
GROUPS = ("tangency.methods", "tangency.estimators")

LOAD_ENTRY_POINTS = """
import json, sys
from importlib.metadata import entry_points
loaded = {group: {point.name: point.load().__name__ for point in entry_points(group=group)} for group in sys.argv[1:]}
print(json.dumps(loaded))
"""

LOCATE = """
import json, tangency, tangency.sample
paths = [tangency.sample.prices_path(), tangency.sample.holdings_path()]
print(json.dumps([tangency.__path__[0], *(str(path) for path in paths if path.is_file())]))
"""

# Three names whose inverse volatilities, equal weights and minimum volatility all differ.
REQUEST = {
    "portfolio_id": "wheel",
    "strategies": [
        {"name": "A", "expected_return": 0.05},
        {"name": "B", "expected_return": 0.07},
        {"name": "C", "expected_return": 0.09},
    ],
    "objective": "MIN_VOLATILITY",
    "risk_parameters": {
        "covariance": {"names": ["A", "B", "C"], "values": [[0.01, 0.0, 0.0], [0.0, 0.04, 0.01], [0.0, 0.01, 0.09]]}
    },
}


@dataclass(frozen=True)
class Environment:
    """A virtual environment that holds what was installed into it and nothing else."""

    folder: Path

    def install(self, *arguments: str | Path) -> None:
        uv = REPOSITORY / "tools" / "uv"
        checked([uv, "pip", "install", "--quiet", "--python", self.folder, *arguments])

    def python(self, program: str, *arguments: str) -> Any:
        """Run a program that prints JSON."""
        return json.loads(self.run("python", "-c", program, *arguments))

    def run(self, command: str, *arguments: str | Path) -> str:
        return checked([self.folder / "bin" / command, *arguments], data=self.folder / "data")


def checked(command: list[str | Path], data: Path | None = None) -> str:
    """The output of a command that must succeed, run where no source of ours can be imported by accident."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TANGENCY_", "COV"))}
    where = {} if data is None else {"XDG_DATA_HOME": str(data)}
    result = subprocess.run(command, cwd="/", env={**bare, **where}, check=False, capture_output=True, text=True)
    assert result.returncode == 0, f"{command} said {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def build(project: Path, target: Path) -> Path:
    """Build a wheel with the builder of this environment, which the lock pins."""
    checked([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, project])
    (wheel,) = target.glob("*.whl")
    return wheel


def declared(project: Path, group: str) -> dict[str, str]:
    """Entry points that a pyproject.toml declares, by name, as the class that each one leads to."""
    points = tomllib.loads((project / "pyproject.toml").read_text())["project"]["entry-points"].get(group, {})
    return {name: target.partition(":")[2] for name, target in points.items()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(REPOSITORY, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Iterator[Environment]:
    """The wheel with the locked dependencies, which are linked from uv's cache where they are on a disk together."""
    with TemporaryDirectory(dir=DISK, prefix="tangency-wheel-") as folder:
        checked([REPOSITORY / "tools" / "uv", "venv", "--quiet", "--python", sys.executable, f"{folder}/venv"])
        environment = Environment(Path(folder, "venv"))
        environment.install("--require-hashes", "-r", REPOSITORY / "requirements" / "runtime.txt")
        environment.install("--no-deps", wheel)
        yield environment


@pytest.fixture(scope="module")
def with_plugin(installed: Environment, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The same, with a stranger's plugin beside it."""
    installed.install("--no-deps", build(EXAMPLE_PLUGIN, tmp_path_factory.mktemp("plugin")))
    return installed


@pytest.fixture(scope="module")
def listed(with_plugin: Environment) -> dict[str, dict[str, Any]]:
    """The methods that the command lists there, by name."""
    return {method["name"]: method for method in json.loads(with_plugin.run("tangency", "methods", "--json"))}


def test_the_wheel_owns_one_name_and_brings_its_data_and_licences(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    metadata = f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"tangency", metadata}
    expected = {
        "tangency/py.typed",
        "tangency/sample/prices.parquet",
        "tangency/sample/holdings.csv",
        "tangency/sample/README.md",
        "tangency/sample/LICENSE.skfolio",
        f"{metadata}/licenses/LICENSE",
        f"{metadata}/licenses/src/tangency/sample/LICENSE.skfolio",
    }
    assert expected <= set(names)


def test_the_lock_satisfies_the_wheel(installed: Environment) -> None:
    checked([REPOSITORY / "tools" / "uv", "pip", "check", "--quiet", "--python", installed.folder])


def test_the_package_and_its_sample_data_come_from_the_wheel(installed: Environment) -> None:
    paths = installed.python(LOCATE)
    assert len(paths) == 3
    assert all(Path(path).is_relative_to(installed.folder) for path in paths)


def test_every_entry_point_that_we_declare_loads(installed: Environment) -> None:
    loaded = installed.python(LOAD_ENTRY_POINTS, *GROUPS)
    for group in GROUPS:
        assert declared(REPOSITORY, group)
        assert loaded[group].items() >= declared(REPOSITORY, group).items()


def test_the_command_lists_its_own_methods(listed: dict[str, dict[str, Any]]) -> None:
    methods = {name: method["distribution"] for name, method in listed.items()}
    assert methods.items() >= dict.fromkeys(declared(REPOSITORY, "tangency.methods"), "tangency").items()


def test_a_strangers_method_is_listed_with_its_distribution(listed: dict[str, dict[str, Any]]) -> None:
    distribution = tomllib.loads((EXAMPLE_PLUGIN / "pyproject.toml").read_text())["project"]["name"]
    strange = declared(EXAMPLE_PLUGIN, "tangency.methods")
    assert strange
    for name in strange:
        assert listed[name]["distribution"] == distribution
        assert {"citation", "capabilities"} <= set(listed[name])


def test_a_strangers_method_optimizes_by_name(with_plugin: Environment, tmp_path: Path) -> None:
    for name in declared(EXAMPLE_PLUGIN, "tangency.methods"):
        document = tmp_path / f"{name}.json"
        document.write_text(json.dumps({**REQUEST, "method": name}))
        answer = json.loads(with_plugin.run("tangency", "optimize", document, "--json"))
        weights = answer["optimal_weights"]
        assert sorted(weights) == ["A", "B", "C"]
        assert sum(weights.values()) == pytest.approx(1.0, abs=1e-8)
        assert answer["optimization_metadata"]["constraints_satisfied"] is True
