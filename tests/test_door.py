"""The library door: quick to open, everything a notebook needs behind it, nothing loaded before it is asked for."""

import ast
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import tangency

HEAVY = (
    "numpy",
    "scipy",
    "msgspec",
    "dependency_injector",
    "importlib.metadata",
    "tangency.domain",
    "tangency.adapters",
)


def loaded_after(program: str) -> set[str]:
    """The modules that a fresh interpreter holds after a program."""
    report = f"{program}\nimport sys\nprint(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", report], check=True, capture_output=True, text=True)
    return set(result.stdout.split())


def test_importing_the_package_loads_nothing_of_weight() -> None:
    before = loaded_after("pass")
    assert {module for module in loaded_after("import tangency") - before if module.startswith(HEAVY)} == set()


def test_asking_for_a_name_loads_the_domain_and_no_service() -> None:
    loaded = loaded_after("import tangency; tangency.Problem")
    assert "tangency.domain.optimization.problem" in loaded
    assert not any(module.startswith(("tangency.adapters", "tangency.application", "scipy")) for module in loaded)


def test_solving_loads_neither_the_container_nor_a_pool() -> None:
    loaded = loaded_after("import tangency; tangency.solve; import tangency.adapters.solving.in_process")
    assert not loaded & {"tangency.adapters.container", "tangency.adapters.solving.pool", "sqlalchemy"}


@pytest.mark.parametrize("name", tangency.__all__)
def test_every_name_of_the_door_is_there(name: str) -> None:
    assert getattr(tangency, name) is not None
    assert name in dir(tangency)


def test_what_a_type_checker_sees_is_what_is_there() -> None:
    tree = ast.parse(Path(tangency.__file__).read_text())
    promised = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tangency.domain")
        for alias in node.names
    }
    assert promised == {name: f"tangency.domain.{home}" for name, home in tangency._HOMES.items()}
    assert {*promised, "solve", "read_factors", "__version__"} == set(tangency.__all__)


def test_the_version_is_that_of_the_distribution() -> None:
    assert tangency.__version__ == version("tangency")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'tangency' has no attribute 'sovle'"):
        _ = tangency.sovle


def test_a_problem_is_solved_in_process() -> None:
    market = tangency.Market(tangency.Universe.of(["A", "B"]), covariance=np.diag([0.04, 0.16]))
    limits = (tangency.Budget(), tangency.LongOnly())
    solution = tangency.solve(tangency.Problem(market, tangency.MinimumVolatility(), limits))
    assert tangency.required_answer(solution) is solution
    assert solution.weights_by_name == pytest.approx({"A": 0.8, "B": 0.2})
    assert solution.provenance is not None
    assert solution.provenance.method.distribution == "tangency"
