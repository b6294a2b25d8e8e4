"""No step is a coroutine: pytest-bdd would never await it, and it would pass without running."""

import ast
from pathlib import Path

HERE = Path(__file__).parent


def coroutines(source: str) -> list[str]:
    return [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.AsyncFunctionDef)]


def test_no_step_and_no_helper_of_a_step_is_a_coroutine() -> None:
    files = sorted(HERE.glob("*.py"))
    assert len(files) > 3
    assert {file.name: coroutines(file.read_text()) for file in files} == {file.name: [] for file in files}


def test_a_coroutine_would_be_noticed() -> None:
    assert coroutines("@then('it is good')\nasync def _(desk): assert False") == ["_"]
