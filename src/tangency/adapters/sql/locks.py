"""Advisory locks of PostgreSQL. SQLite needs none: it has one writer at a time."""

from __future__ import annotations

from hashlib import blake2b

from sqlalchemy import BigInteger, TextClause, bindparam, text


def lock_number(*names: str) -> int:
    """The number of the lock on a thing: 64 bits, equal for equal names whatever process asks."""
    digest = blake2b("\0".join(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _asking(function: str) -> TextClause:
    return text(f"SELECT {function}(:lock)").bindparams(bindparam("lock", type_=BigInteger))


UNTIL_COMMIT = _asking("pg_advisory_xact_lock")
"""Wait for a lock, and hold it until the transaction ends."""

UNTIL_COMMIT_OR_NOT = _asking("pg_try_advisory_xact_lock")
"""Try to take a lock, and hold it until the transaction ends; true if it was free."""

UNTIL_COMMIT_OR_IDLE = text(
    "SELECT pg_try_advisory_xact_lock(:lock), set_config('idle_in_transaction_session_timeout', :idle_ms, true)"
).bindparams(bindparam("lock", type_=BigInteger))
"""The same, and the server ends a transaction that is idle for so many milliseconds."""

UNTIL_CLOSED = _asking("pg_try_advisory_lock")
"""Try to take a lock, and hold it until the connection is closed; true if it was free."""
