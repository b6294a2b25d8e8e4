"""The guide to scaling shows a command that can be run, and names settings and options that there are."""

import re
from pathlib import Path

from tangency.adapters.settings import PREFIX, Settings
from tests.architecture.source_tree import REPOSITORY
from tests.docs.blocks import blocks_of
from tests.support.command import Command

GUIDES = REPOSITORY / "docs" / "operations"


def test_the_state_of_the_fleet_is_shown_where_nothing_has_happened_yet(tmp_path: Path) -> None:
    (block,) = [each for each in blocks_of(GUIDES / "scale.md") if "runnable" in each.tags]
    command = Command(tmp_path)
    ran = command(*block.text.split()[1:])
    assert ran.code == 0
    assert "0 events and 0 tickets wait to be published" in ran.out
    found = command(*block.text.split()[1:], "--json").json
    assert [queue["queue"] for queue in found["queues"]] == ["light", "heavy"]
    assert found["workers"] == found["leases"] == []


def test_settings_that_the_guides_name_are_there() -> None:
    known = {PREFIX + name.upper() for name in Settings.__struct_fields__}
    for name in ("install", "scale", "outages", "upgrade"):
        named = set(re.findall(r"TANGENCY_[A-Z_]+[A-Z]", (GUIDES / f"{name}.md").read_text()))
        assert named <= known, name
