"""The revision of the database, and of one that nobody made yet."""

import sqlite3
from contextlib import closing

import pytest

from tangency.adapters.sql.revisions import NEWEST
from tests.support.command import Command
from tests.support.requests import REQUEST


def test_a_fresh_folder_is_empty_until_it_is_upgraded(command: Command) -> None:
    assert command("db", "current", "--json").json == {"revision": None}
    upgraded = command.apart("db", "upgrade")
    assert upgraded.code == 0
    assert command("db", "current").out == upgraded.out
    assert command("db", "upgrade", "--json").json == {"revision": upgraded.out.strip()}


def test_a_database_file_of_ones_own_migrates_itself_too(command: Command) -> None:
    url = f"sqlite:///{command.folder}/own.db"
    answered = command("optimize", command.write("request.json", REQUEST), "--json", TANGENCY_DATABASE_URL=url)
    assert answered.code == 0
    assert command("db", "current", TANGENCY_DATABASE_URL=url).out.strip() == NEWEST


@pytest.mark.parametrize("arguments", [["db", "upgrade"], ["serve", "--port", "0"]], ids=lambda given: given[0])
def test_a_database_of_a_later_release_is_left_alone(arguments: list[str], command: Command) -> None:
    command.data.mkdir()
    with sqlite3.connect(command.data / "tangency.db") as database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    ran = command(*arguments)
    assert ran.code == 8
    assert "revision 9999" in ran.err


EARLIER = {
    "unknown revision": ("0004a", "CREATE TABLE precious (weight REAL)", "0004a"),
    "other tables": ("0004", "CREATE TABLE precious (weight REAL)", "no such table"),
    "tables too many": ("0001", "CREATE TABLE optimization_requests (id TEXT)", "already exists"),
    "the same revision": (NEWEST, "CREATE TABLE precious (weight REAL)", "no such column"),
}


@pytest.mark.parametrize("state", EARLIER)
def test_a_database_of_an_earlier_unreleased_state_is_told_and_left_as_it_is(state: str, command: Command) -> None:
    revision, table, difference = EARLIER[state]
    command.data.mkdir()
    with closing(sqlite3.connect(command.data / "tangency.db")) as database, database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
        database.execute(table)
        before = list(database.execute("SELECT * FROM sqlite_master"))
    ran = command("optimize", command.write("request.json", REQUEST))
    assert ran.code == 8
    assert len(ran.err.splitlines()) == 1
    for words in (f"{command.data / 'tangency.db'} belongs to another version", difference, "move it away"):
        assert words in ran.err
    with closing(sqlite3.connect(command.data / "tangency.db")) as database:
        assert list(database.execute("SELECT * FROM sqlite_master")) == before


def test_a_database_file_that_cannot_be_opened_is_told_in_one_line(command: Command) -> None:
    ran = command("db", "current", TANGENCY_DATABASE_URL=f"sqlite:///{command.folder}/missing/own.db")
    assert ran.code == 8
    assert len(ran.err.splitlines()) == 1
    assert "missing/own.db cannot be opened: No such file or directory" in ran.err


def test_a_database_that_cannot_be_named_is_a_wrong_setting(command: Command) -> None:
    ran = command("db", "current", "--json", TANGENCY_DATABASE_URL="nonsense")
    assert (ran.code, ran.problem) == (2, "settings")


def test_what_is_read_is_checked_and_rebuilt(command: Command) -> None:
    assert command("optimize", command.write("request.json", REQUEST), "--json").code == 0
    assert command("db", "check", "--json").json == command("db", "rebuild", "--json").json
    with closing(sqlite3.connect(command.data / "tangency.db")) as database, database:
        database.execute("UPDATE portfolio_optimizations SET message = 'something else'")
    found = command("db", "check")
    assert found.code == 8
    assert "1 rows of portfolio_optimizations; run `tangency db rebuild`" in found.err
    assert "portfolio_optimizations: 1 rows" in command("db", "rebuild").out
    assert command("db", "check").code == 0
