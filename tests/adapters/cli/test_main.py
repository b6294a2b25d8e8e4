"""The command as a whole: plain about how it ends, never with a traceback."""

import signal
import subprocess
import sys

import pytest

from tangency.adapters.cli import failures
from tangency.adapters.cli.exit_codes import EXIT_CODES, UNEXPECTED, exit_code_of, exit_code_of_outcome
from tangency.domain import errors
from tangency.domain.errors import NoAnswer
from tangency.domain.optimization.outcomes import OUTCOMES
from tests.support.command import Command

HEAVY = ("numpy", "polars", "sqlalchemy", "litestar", "rich", "plotly", "msgspec", "uvicorn")
LOADED = "import sys, tangency.adapters.cli.main; print([name for name in sys.argv[1:] if name in sys.modules])"

NOT_ENDINGS = {"TangencyError", "TryAgainLater"}
"""The root of the tree and a branch of it, which nobody raises."""


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, *HEAVY], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_tells_every_exit_code(command: Command) -> None:
    told = command("-h").out
    for each in EXIT_CODES:
        assert f"{each.code}  {each.meaning}" in told


def test_every_error_of_the_tree_has_an_exit_code() -> None:
    tree = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    without = {name for name, kind in tree.items() if exit_code_of(kind.__new__(kind)) is UNEXPECTED}
    assert without == NOT_ENDINGS


def test_every_name_in_the_table_is_an_error() -> None:
    from tangency.adapters.document.reading import UnreadableDocument
    from tangency.adapters.settings import InvalidSettings
    from tangency.adapters.sql.revisions import DatabaseIsNewer, DatabaseNotMigrated, DatabaseOfAnotherVersion
    from tangency.adapters.sql.upkeep import ReadTablesDiffer, TablesDiffer
    from tangency.domain.optimization.order import AlreadyFinal

    versions = (DatabaseNotMigrated, DatabaseIsNewer, DatabaseOfAnotherVersion)
    kinds = (UnreadableDocument, InvalidSettings, *versions, TablesDiffer, ReadTablesDiffer, AlreadyFinal, OSError)
    others = {kind.__name__ for kind in kinds}
    named = {name for each in EXIT_CODES for name in each.errors}
    assert named <= others | set(vars(errors))


def test_an_order_without_an_answer_ends_a_command_as_the_error_would_have() -> None:
    assert sorted(OUTCOMES) == sorted(word for each in EXIT_CODES for word in each.outcomes)
    raised = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, NoAnswer)]
    for kind in (kind for kind in raised if kind is not NoAnswer):
        assert exit_code_of_outcome(kind.outcome) == exit_code_of(kind("no answer"))


def test_the_version_is_that_of_the_distribution(command: Command) -> None:
    from importlib.metadata import version

    assert command("--version").out.split() == ["tangency", version("tangency")]


@pytest.mark.parametrize("arguments", [["nothing"], ["demo", "--nothing"], ["optimize", "missing.json"]])
def test_a_wrong_command_line_ends_with_2_and_one_document(arguments: list[str], command: Command) -> None:
    plain, as_json = command(*arguments), command(*arguments, "--json")
    assert (plain.code, as_json.code) == (2, 2)
    assert plain.err
    assert not plain.out
    assert as_json.problem == "usage"


def test_a_setting_that_cannot_be_used_ends_with_2(command: Command) -> None:
    ran = command("db", "current", "--json", TANGENCY_PORT="eighty")
    assert ran.code == 2
    assert ran.problem == "settings"
    assert "TANGENCY_PORT is 'eighty'" in ran.json["detail"]


def test_a_broker_that_is_away_ends_with_9(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    ran = command("pulsar", "setup", TANGENCY_PULSAR_WEB_URL="http://127.0.0.1:1")
    assert ran.code == 9
    assert ran.err.startswith("Error: the web port of the broker does not answer")
    failures.report(errors.BrokerUnavailable("away"), as_json=True)
    assert '"type": "/problems/broker"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"TANGENCY_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none"}, "what TANGENCY_DATABASE_URL names"),
        ({"TANGENCY_DATA_DIR": "/dev/null"}, "TANGENCY_DATA_DIR names another folder"),
    ],
)
def test_a_database_that_cannot_be_had_is_told_with_the_setting_that_names_it(
    settings: dict[str, str], told: str, command: Command
) -> None:
    ran = command("status", **settings)
    assert ran.code == 8
    assert told in ran.err


def test_a_mistake_of_ours_is_told_without_a_traceback_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    error = ZeroDivisionError("one over nothing")
    assert failures.report(error, as_json=False).code == 1
    told = capsys.readouterr()
    assert told.err.startswith("Error: ZeroDivisionError: one over nothing. This is an error in Tangency")
    assert "Traceback" not in told.err
    failures.report(error, as_json=False, with_traceback=True)
    assert "ZeroDivisionError: one over nothing" in capsys.readouterr().err.splitlines()


BEGIN = "import sys; from tangency.adapters.cli import begin; sys.exit(begin())"
AGAIN = "import atexit, os, signal; atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT)); "


@pytest.mark.parametrize(
    ("program", "code"),
    [(BEGIN, 130), (AGAIN + BEGIN, -signal.SIGINT)],
    ids=["while it is loaded", "again while it ends"],
)
def test_ctrl_c_leaves_no_traceback(program: str, code: int, command: Command) -> None:
    command.write("click.py", "import os, signal; os.kill(os.getpid(), signal.SIGINT)")  # found ahead of the library
    line = [sys.executable, "-c", program, "settings"]
    ended = subprocess.run(line, capture_output=True, text=True, cwd=command.folder, check=False)
    assert (ended.returncode, ended.stderr) == (code, "Interrupted.\n")


def test_a_reader_who_leaves_early_is_no_error_with_words(command: Command) -> None:
    line = f"{sys.executable.replace('python', 'tangency')} methods --json | head -c 1"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True, cwd=command.folder)
    assert done.stdout == "["
    assert done.stderr == ""
