"""Where entries are kept."""

from __future__ import annotations

from typing import Protocol

from tangency.domain.library.entry import Address, Entry


class Library(Protocol):
    """Entries as they are read."""

    async def entry(self, address: Address) -> Entry | None:
        """The version that is asked for, or the newest; None where there is none."""


class LibraryRepository(Protocol):
    """Entries, within a transaction."""

    async def newest(self, address: Address) -> Entry | None:
        """The newest version, whatever version the address names."""

    async def add(self, entry: Entry) -> None:
        """Keep a version."""
