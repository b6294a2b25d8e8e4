"""The file of an embedded database, and whether more can be kept in it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tangency.domain.errors import StoreUnavailable

LEAST_FREE_MB = 32
"""As much as the largest body may bring, unless an operator says otherwise."""


@dataclass(frozen=True, slots=True)
class DatabaseFile:
    """A file that is open.

    Attributes:
        path: where it was when it was opened.
        identity: its device and its number there, which no other file gets while this one is open.
    """

    path: Path
    identity: tuple[int, int]

    @classmethod
    def opened(cls, path: Path | None) -> Self | None:
        """The file that has just been opened; None where no path is given."""
        return None if path is None else cls(path, _identity(path))

    def check(self) -> None:
        """Look whether what is kept now stays, before it is lost or writes fail.

        Raises:
            StoreUnavailable: the file is gone, another one is in its place, or its disk is full.
        """
        try:
            identity, free_mb = _identity(self.path), shutil.disk_usage(self.path).free / 2**20
        except OSError as error:
            raise StoreUnavailable(f"the file of the database cannot be found: {error.strerror}.") from None
        if identity != self.identity:
            raise StoreUnavailable(
                "the file of the database was replaced by another one while it was open. Its operator starts the "
                "service again."
            )
        if free_mb < LEAST_FREE_MB:
            left = f"the disk of the database has {free_mb:.1f} MB left, and answers may take {LEAST_FREE_MB}"
            raise StoreUnavailable(f"{left}. Its operator makes room.")


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
