"""What the guide of gRPC shows is run, and says what it says it says; its table of codes is the one that is used."""

import re
from pathlib import Path

from tangency.adapters.document.problem import INTERNAL, KINDS
from tangency.adapters.grpc.server import SERVICE
from tangency.adapters.grpc.statuses import code_of, reason_of
from tests.architecture.source_tree import REPOSITORY
from tests.docs.blocks import blocks_of, missing_lines
from tests.docs.test_runnable_blocks import shell
from tests.support.command import Command

GUIDE = REPOSITORY / "docs" / "grpc.md"
SAMPLE = REPOSITORY / "src" / "tangency" / "sample"


def test_the_guide_runs_from_top_to_bottom(tmp_path: Path) -> None:
    command = Command(tmp_path)
    for folder in ("src", "examples"):
        (tmp_path / folder).symlink_to(REPOSITORY / folder)
    for what, file in (("prices", "prices.parquet"), ("holdings", "holdings.csv")):
        assert command("import", what, SAMPLE / file, "--portfolio-id", "mine").code == 0
    with command.serving("--grpc", "127.0.0.1:0") as served:
        address = served.grpc_address
        for block in (block for block in blocks_of(GUIDE) if "runnable" in block.tags):
            done = shell(command, block.text.replace("127.0.0.1:50051", address))
            assert done.returncode == 0, f"{block.text}\n{done.stdout}{done.stderr}"
            assert missing_lines(block.output or "", done.stdout) == [], done.stdout


def test_every_call_is_in_the_table() -> None:
    told = re.findall(r"^\| `(\w+)` \|", GUIDE.read_text().partition("## A client")[0], flags=re.MULTILINE)
    assert sorted(told) == sorted(method.name for method in SERVICE.methods)


def test_every_kind_of_problem_is_in_the_table_with_its_code() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*) \|$", GUIDE.read_text(), flags=re.MULTILINE)
    told = {reason: code for code, reasons in rows for reason in re.findall(r"`([A-Z_]+)`", reasons)}
    kinds = {reason_of(kind): code_of(kind).name for kind in (*KINDS.values(), INTERNAL)}
    assert told == kinds
