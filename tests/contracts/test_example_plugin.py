"""The example plugin passes its own tests in its own folder, and sees of us what a stranger may see."""

import os
import subprocess
import sys

import pytest

from tests.architecture.source_tree import REPOSITORY, imported_modules

PLUGIN = REPOSITORY / "tests" / "example_plugin"


@pytest.mark.slow
def test_its_own_tests_pass() -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))}
    environment = {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # those of this environment are none of its own
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=PLUGIN,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout
    assert "passed" in result.stdout


def test_it_imports_the_domain_and_numpy_and_itself() -> None:
    for source in (PLUGIN / "src").rglob("*.py"):
        for module in imported_modules(source.read_text()):
            top = module.partition(".")[0]
            known = top in {*sys.stdlib_module_names, "numpy", "projected_gradient"}
            assert known or module.startswith("tangency.domain"), f"{source.name} imports {module}"
