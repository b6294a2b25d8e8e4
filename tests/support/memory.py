"""Temporary files in memory, where it has room: databases and brokers of tests are made by the hundred and thrown away.

What tests say about the end of processes holds there as on a disk; nothing survives the end of a machine on either.
"""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - it is chosen for being shared memory
ROOM = 4 * 2**30
"""Bytes. A container has 64 MB there unless somebody asks for more."""

DISK = "/var/tmp"  # noqa: S108 - for what links files of a disk
TOLD = "TMPDIR"
"""Whoever says where temporary files go is obeyed."""


def keep_in_memory() -> None:
    """Have this process, and those it starts, put temporary files there."""
    if TOLD not in os.environ and _roomy():
        os.environ[TOLD] = tempfile.tempdir = str(MEMORY)


def _roomy() -> bool:
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK) or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(MEMORY).free > ROOM
