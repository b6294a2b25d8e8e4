"""What the guide to the database shows is run from top to bottom on a real PostgreSQL, backup and restore included."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tests.architecture.source_tree import REPOSITORY
from tests.docs.blocks import Block, blocks_of, missing_lines
from tests.support.command import Command
from tests.support.postgres import Cluster, program
from tests.support.requests import REQUEST

OWNER = "of_the_guide"
GUIDE = REPOSITORY / "docs" / "operations" / "database.md"

pytestmark = pytest.mark.service("postgresql")


@pytest.fixture
def databases(cluster: Cluster, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """One made as the guide says, whose owner is nobody special, and one to restore it to."""
    (block,) = [each for each in blocks_of(GUIDE) if "createuser" in each.text]
    *made, stated = block.text.replace("tangency", OWNER).splitlines()
    name, _, address = stated.removeprefix("export ").partition("=")
    assert name == "TANGENCY_DATABASE_URL"
    with cluster.database(migrated=False) as other:
        administrator = {"PGHOST": str(cluster.folder), "PGPORT": str(cluster.port), "PGUSER": "tangency"}
        ran(replace(block, text="\n".join(made)), tmp_path, **administrator, PGDATABASE="postgres")
        yield make_url(address).set(port=cluster.port).render_as_string(), other
        cluster.execute(f"DROP DATABASE {OWNER} WITH (FORCE)")
        cluster.execute(f"DROP ROLE {OWNER}")


def ran(block: Block, folder: Path, **settings: str) -> str:
    folders = [str(Path(sys.executable).parent), str(Path(program("pg_dump")).parent), os.environ["PATH"]]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("TANGENCY_")}
    environment = {**bare, **settings, "PATH": os.pathsep.join(folders)}
    script = ["/bin/sh", "-euc", block.text]
    done = subprocess.run(script, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == block.exit_code, f"{block.text}\n{said}"
    assert missing_lines(block.output or "", said) == [], said
    return said


def test_the_guide_runs_and_what_is_restored_is_what_was_there(databases: tuple[str, str], tmp_path: Path) -> None:
    url, restored = databases
    plain = {"DATABASE": url.replace("+psycopg", ""), "RESTORED": restored.replace("+psycopg", "")}
    upgrade, *others = [block for block in blocks_of(GUIDE) if "runnable" in block.tags]
    ran(upgrade, tmp_path, TANGENCY_DATABASE_URL=url)
    command = Command(tmp_path, settings={"TANGENCY_DATABASE_URL": url})
    assert command("optimize", command.write("request.json", REQUEST), "--json").code == 0
    said = {}
    for block in others:
        address = restored if "restored" in block.tags else url
        said[block.text] = ran(block, tmp_path, TANGENCY_DATABASE_URL=address, **plain)
    assert "portfolio_optimizations: 1 rows" in said["tangency db check\n"]
    assert len(others) == 3
