"""What README and quick start show is run, in order, as a newcomer would, and says what they say it says."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tangency.adapters.cli.exit_codes import EXIT_CODES, exit_code_of_outcome
from tangency.adapters.entry_points import EntryPointPlugins
from tangency.contracts import check
from tests.architecture.source_tree import REPOSITORY
from tests.docs.blocks import FENCE, Block, blocks_of, missing_lines
from tests.support import plain_http
from tests.support.command import Command, Served
from tests.support.distributions import Distribution

README, QUICKSTART = REPOSITORY / "README.md", REPOSITORY / "docs" / "quickstart.md"
VOLATILE = {"optimization_id", "answered_at", "optimization_time_ms", "time_ms", "versions", "problem_hash"}
"""What is different at every call, on every machine or in every release."""
LINK = re.compile(r"\]\((?!https?:)(?P<target>[^)#]+)")


def of(document: Path, language: str, tag: str) -> list[Block]:
    found = [block for block in blocks_of(document) if block.language == language and tag in block.tags]
    assert found, f"{document.name} shows no {language} {tag}"
    return found


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A folder that looks like a clone from inside, with a curl beside it where the machine has none."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "bin").mkdir()
    if shutil.which("curl") is None:
        write_curl(folder / "bin" / "curl")
    (folder / "src").symlink_to(REPOSITORY / "src")
    return Command(folder)


@pytest.fixture(scope="module")
def served(command: Command) -> Iterator[Served]:
    with command.serving() as served:
        yield served


def write_curl(path: Path) -> None:
    source = (REPOSITORY / "tests" / "support" / "curl.py").read_text()
    path.write_text(source.replace("#!/usr/bin/env python3", f"#!{sys.executable}", 1))
    path.chmod(0o755)


def shell(command: Command, text: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), str(command.folder / "bin"), os.environ["PATH"]])
    bare = {name: value for name, value in os.environ.items() if not name.startswith("TANGENCY_")}
    environment = {**bare, "PATH": path, "TANGENCY_DATA_DIR": str(command.data)}
    script = ["/bin/sh", "-euc", text]
    return subprocess.run(script, cwd=command.folder, env=environment, capture_output=True, text=True, check=False)


def test_the_quick_start_runs_from_top_to_bottom(command: Command, served: Served) -> None:
    for block in of(QUICKSTART, "sh", "runnable"):
        done = shell(command, block.text.replace("http://127.0.0.1:8000", served.address))
        assert done.returncode == block.exit_code, f"{block.text}\n{done.stdout}{done.stderr}"
        assert missing_lines(block.output or "", done.stdout + done.stderr) == [], done.stdout + done.stderr
    assert (command.folder / "mine.html").stat().st_size > 10**6


def test_a_machine_without_curl_gets_as_much_of_it_as_the_guides_use(command: Command, served: Served) -> None:
    write_curl(command.folder / "own-curl")
    address = f"{served.address}/api/v1/optimize/batch"
    done = shell(command, f"./own-curl -s -H 'Content-Type: application/json' {address} -d '[]'")
    assert done.stdout == "[]", done.stderr


def test_the_demo_begins_as_the_readme_shows(command: Command) -> None:
    (shown,) = of(README, "text", "demo")
    said = command("demo", "--no-report").out
    assert missing_lines(shown.text, said) == [], said


def test_the_call_of_the_readme_has_the_answer_of_the_readme(served: Served) -> None:
    (request,), (answer,) = of(README, "json", "request"), of(README, "json", "answer")
    said = plain_http.post(f"{served.address}/api/v1/optimize", json=json.loads(request.text), timeout=60).json()
    shown = json.loads(answer.text)
    assert differences(shown, said) == []
    assert list(shown["provenance"]["versions"]) == list(said["provenance"]["versions"])


def differences(shown: Any, said: Any, path: str = "") -> list[str]:
    """Where two documents differ by more than rounding."""
    if isinstance(shown, dict) and isinstance(said, dict):
        if shown.keys() != said.keys():
            return [f"{path}: {shown.keys() ^ said.keys()}"]
        return [
            each for key in shown if key not in VOLATILE for each in differences(shown[key], said[key], f"{path}/{key}")
        ]
    if isinstance(shown, list) and isinstance(said, list) and len(shown) == len(said):
        return [
            each for i, pair in enumerate(zip(shown, said, strict=True)) for each in differences(*pair, f"{path}/{i}")
        ]
    if isinstance(shown, float) and isinstance(said, float):
        return [] if shown == pytest.approx(said, rel=1e-6, abs=1e-9) else [f"{path}: {shown} {said}"]
    return [] if shown == said else [f"{path}: {shown} {said}"]


def test_differences_are_noticed() -> None:
    assert differences({"a": [1.0, 2.0], "time_ms": 1}, {"a": [1.0, 2.1], "time_ms": 2}) == ["/a/1: 2.0 2.1"]
    assert differences({"a": 1}, {"b": 1}) != []
    assert missing_lines("one\n...\nthree 3...5", "one\ntwo\nthree 3.14 5") == []
    assert missing_lines("two\none", "one\ntwo") == ["one"]


def test_the_library_of_the_readme_prints_what_it_shows() -> None:
    (block,) = of(README, "python", "runnable")
    done = subprocess.run([sys.executable, "-c", block.text], capture_output=True, text=True, check=True)
    assert done.stdout == block.output


def test_the_plugin_of_the_readme_obeys_every_law(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,), (project,) = of(README, "python", "plugin"), of(README, "toml", "plugin")
    name, _, target = next(line for line in project.text.splitlines() if ":UncorrelatedMinimum" in line).partition(
        " = "
    )
    class_name = target.strip('"').partition(":")[2]
    Distribution("uncorrelated-minimum", source.text, {name: class_name}).install(tmp_path, monkeypatch)
    report = check(EntryPointPlugins().find_method(name), examples=10)
    assert report.passed, report.text


def test_the_first_block_of_the_readme_is_two_commands_that_make_knows() -> None:
    first = blocks_of(README)[0]
    assert first.text.split("\n") == ["make demo", "make test", ""]
    targets = re.findall(r"^([a-z]+):.*##", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "test"} <= set(targets)


def test_the_manual_tells_every_exit_code() -> None:
    manual = (REPOSITORY / "docs" / "cli.md").read_text()
    assert [f"| {each.code} | {each.meaning} |" in manual for each in EXIT_CODES] == [True] * len(EXIT_CODES)


def test_every_door_tells_why_an_order_may_have_no_answer() -> None:
    from tangency.domain.optimization.outcomes import OUTCOMES

    rest, grpc = ((REPOSITORY / "docs" / name).read_text() for name in ("rest.md", "grpc.md"))
    rows = re.findall(r"^\| `([a-z_]+)` \| [^|]+ \| (\d+) \|$", rest, re.MULTILINE)
    assert dict(rows) == {word: str(exit_code_of_outcome(word).code) for word in OUTCOMES}
    assert [word for word in OUTCOMES if f"`{word}`" not in grpc] == []
    event = json.loads((REPOSITORY / "docs" / "events" / "optimization_failed.json").read_text())
    of_an_order = event["properties"]["optimization_failed"]["oneOf"][0]["properties"]
    assert sorted(of_an_order["outcome"]["enum"]) == sorted(OUTCOMES)


def test_the_manual_tells_every_command() -> None:
    from tangency.adapters.cli.main import tangency

    manual = (REPOSITORY / "docs" / "cli.md").read_text()
    assert [name for name in tangency.commands if f"tangency {name}" not in manual] == []


DOCUMENTS = sorted([README, REPOSITORY / "CONTRIBUTING.md", *(REPOSITORY / "docs").rglob("*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    targets = [match["target"] for match in LINK.finditer(document.read_text())]
    assert [target for target in targets if not (document.parent / target).exists()] == []


def anchors_of(document: Path) -> set[str]:
    """What links may name in a document: its headings, as pages of Markdown make anchors of them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_to_a_heading_find_it(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*\.md|)#([^)]+)\)", document.read_text())
    lost = [anchor for path, anchor in links if anchor not in anchors_of(document.parent / path if path else document)]
    assert lost == []


def test_the_glossary_is_in_order_and_says_each_term_once() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", (REPOSITORY / "docs" / "glossary.md").read_text(), re.MULTILINE)[2:]
    terms = [row.strip().lower() for row in rows]
    assert len(terms) > 50
    assert terms == sorted(set(terms))
