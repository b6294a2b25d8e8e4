"""Idempotency keys as rows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tangency.adapters.sql.schema import IdempotencyKey
from tangency.adapters.sql.statements import dialect, insert_unless_there
from tangency.domain.idempotency import Key, KeyReused


class SqlKeys:
    """The repository, within one transaction."""

    def __init__(self, session: AsyncSession, tenant: str) -> None:
        self._session, self._tenant = session, tenant

    async def claim(self, key: Key, subject: str, at: datetime) -> str:
        """Claim a key, and return what it stands for. It is inserted first: a second call waits for the first."""
        row = {"key": key.text, "part": key.part, "fingerprint": key.fingerprint, "subject": subject, "created_at": at}
        statement = insert_unless_there(IdempotencyKey, dialect(self._session))
        await self._session.execute(statement, {**row, "tenant": self._tenant})
        kept = await self._session.get_one(IdempotencyKey, (self._tenant, key.text, key.part))
        if kept.fingerprint != key.fingerprint:
            raise KeyReused(key.text)
        return kept.subject


async def read_key(session: AsyncSession, tenant: str, key: Key) -> str | None:
    """What a key stands for; None if this part of it is unused."""
    query = select(IdempotencyKey).where(IdempotencyKey.tenant == tenant, IdempotencyKey.key == key.text)
    made = {row.part: row for row in await session.scalars(query)}
    if any(row.fingerprint != key.fingerprint for row in made.values()):
        raise KeyReused(key.text)
    return made[key.part].subject if key.part in made else None
