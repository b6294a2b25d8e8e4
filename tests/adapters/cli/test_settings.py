"""Every setting is told with its meaning, and no password with it."""

import re

from tests.architecture.source_tree import REPOSITORY
from tests.support.command import Command

PASSWORD = "postgresql://somebody:hunter2@db/tangency"  # noqa: S105 - what must not be shown


def test_the_manual_has_the_table_that_the_command_prints(command: Command) -> None:
    printed = command("settings", "--markdown").out
    assert printed.count("\n") > 50
    assert printed in (REPOSITORY / "docs" / "settings.md").read_text()


def test_what_is_set_here_is_shown_beside_the_default(command: Command) -> None:
    ran = command("settings", TANGENCY_PORT="9123")
    assert ran.code == 0
    assert re.search(r"9123\s.*8000", ran.out)
    assert command("settings", "--json", TANGENCY_PORT="9123").json["TANGENCY_PORT"] == 9123


def test_no_password_is_shown(command: Command) -> None:
    for options in ([], ["--json"]):
        shown = command("settings", *options, TANGENCY_DATABASE_URL=PASSWORD).out
        assert "hunter2" not in shown
    assert command("settings", "--json", TANGENCY_DATABASE_URL=PASSWORD).json["TANGENCY_DATABASE_URL"] == (
        "postgresql://somebody:***@db/tangency"
    )
