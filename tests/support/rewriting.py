"""Tests with their assertions rewritten, once for all the processes of a run and for the runs that follow.

Rewriting takes as long as everything else about reading the tests. pytest keeps what it rewrote, but processes that
begin together find nothing kept and each rewrite everything, and where no bytecode may be written nothing is ever kept.
"""

import os
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path

import pytest
from _pytest.assertion import rewrite

REWRITTEN = ("test_*.py", "conftest.py")


def rewrite_once(config: pytest.Config) -> None:
    """Rewrite what the processes of a run would each rewrite; nothing where one process does everything."""
    shared = getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput")
    if not shared or rewrite.assertstate_key not in config.stash:
        return
    stale = sorted({file for file in _files(config) if rewrite._read_pyc(file, _kept(file)) is None})
    count = os.cpu_count() or 1
    parts = [get_context("fork").Process(target=_rewrite, args=(stale[each::count], config)) for each in range(count)]
    for part in parts if stale else ():
        part.start()
    for part in parts if stale else ():
        part.join()


def _files(config: pytest.Config) -> Iterator[Path]:
    for asked in config.args:
        place = config.invocation_params.dir / asked.partition("::")[0]
        for pattern in REWRITTEN:
            yield from place.rglob(pattern) if place.is_dir() else place.parent.glob(pattern)


def _rewrite(files: Sequence[Path], config: pytest.Config) -> None:
    for file in files:
        if rewrite.try_makedirs(_kept(file).parent):
            source, code = rewrite._rewrite_test(file, config)
            rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, source, _kept(file))


def _kept(file: Path) -> Path:
    return rewrite.get_cache_dir(file) / f"{file.stem}{rewrite.PYC_TAIL}"
