"""The revision of the database, and of one that nobody made yet."""

from tests.support.command import Command


def test_a_fresh_folder_is_empty_until_it_is_upgraded(command: Command) -> None:
    assert command("db", "current", "--json").json == {"revision": None}
    upgraded = command("db", "upgrade")
    assert upgraded.code == 0
    assert command("db", "current").out == upgraded.out
    assert command("db", "upgrade", "--json").json == {"revision": upgraded.out.strip()}
    assert upgraded.seconds < 5


def test_a_database_of_ones_own_is_not_migrated_unasked(command: Command) -> None:
    url = f"sqlite+aiosqlite:///{command.folder}/own.db"
    request = command.write("request.json", {"portfolio_id": "a", "objective": "b", "method": "c", "strategies": []})
    before = command("optimize", request, "--json", TANGENCY_DATABASE_URL=url)
    assert before.code == 8
    assert "run `tangency db upgrade`" in before.json["detail"]
    assert command("db", "upgrade", TANGENCY_DATABASE_URL=url).code == 0
    assert command("optimize", request, "--json", TANGENCY_DATABASE_URL=url).code == 3


def test_a_database_that_cannot_be_named_is_a_wrong_setting(command: Command) -> None:
    ran = command("db", "current", "--json", TANGENCY_DATABASE_URL="nonsense")
    assert (ran.code, ran.problem) == (2, "settings")
