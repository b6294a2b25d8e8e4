"""Entries of the library as rows."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.schema import LibraryEntry
from tangency.domain.library.entry import LAST_VERSION, Address, Entry, Shelf


class SqlLibrary:
    """The repository of entries, within one transaction."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session, self._tenant = session, tenant

    async def newest(self, address: Address) -> Entry | None:
        """The newest version."""
        return await read_entry(self._session, self._tenant, Address(address.shelf, address.id))

    async def add(self, entry: Entry) -> None:
        """Keep a version."""
        address = entry.address
        self._session.add(
            LibraryEntry(
                tenant=self._tenant,
                shelf=address.shelf.value,
                id=address.id,
                version=address.version,
                content=entry.content,
                written_at=entry.written_at,
            )
        )
        await self._session.flush()


async def read_entry(session: AsyncSession, tenant: str, address: Address) -> Entry | None:
    """The version that is asked for, or the newest; None where there is none."""
    query = select(LibraryEntry).where(
        LibraryEntry.tenant == tenant, LibraryEntry.shelf == address.shelf.value, LibraryEntry.id == address.id
    )
    if address.version is not None and address.version > LAST_VERSION:
        return None
    if address.version is not None:
        query = query.where(LibraryEntry.version == address.version)
    row = await session.scalar(query.order_by(LibraryEntry.version.desc()).limit(1))
    if row is None:
        return None
    return Entry(Address(Shelf(row.shelf), row.id, row.version), row.content, row.written_at)
