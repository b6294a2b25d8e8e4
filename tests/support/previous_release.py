"""The release before this one, as its sources: that of the last tag, or else the commit before."""

import io
import subprocess
import tarfile
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
WORKER = "src/tangency/adapters/cli/worker.py"


@cache
def revision() -> str | None:
    """Which commit that is; None where this is no clone with a history."""
    here = _git("rev-parse", "--verify", "--quiet", "HEAD")
    tag = _git("describe", "--tags", "--abbrev=0", "HEAD^")
    return here and (tag or _git("rev-parse", "--verify", "--quiet", "HEAD^"))


def missing() -> str | None:
    """Why there is none; None where there is."""
    found = revision()
    if found is None:
        return "this is not a clone with a tag or a commit before this one"
    if not _git("ls-tree", "--name-only", found, WORKER):
        return f"{found} has no command for workers yet"
    return None


def unpacked(folder: Path) -> Path:
    """Its sources, below a folder."""
    archive = subprocess.run(
        ["git", "archive", str(revision()), "src"], cwd=REPOSITORY, capture_output=True, check=True
    )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as packed:
        packed.extractall(folder, filter="data")
    return folder / "src"


def _git(*arguments: str) -> str | None:
    done = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None if done.returncode == 0 else None
