"""What the database says, in our words."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tangency.domain.errors import InvalidInput, StoreUnavailable, TangencyError

GIVEN_UP: Mapping[str, str] = {
    "23503": "somebody else removed what was referred to",
    "23505": "somebody else kept the same at the same moment",
    "25P03": "whoever was at work did nothing for longer than it may",
    "40001": "somebody else changed the same rows at the same moment",
    "40P01": "two changes waited for each other",
    "55P03": "somebody else holds what is to be changed (lock timeout)",
    "57014": "a statement took longer than it may",
    "57P01": "the server is being stopped",
    "57P02": "the server has crashed",
    "57P03": "the server is starting",
}
"""By the states of the SQL standard and of PostgreSQL: nothing was kept, and the same work may succeed at once."""

LOST = "the connection to the database was lost, and with it whether anything was kept; try again."
OPERATOR = "Its operator sees to it that it runs and is what TANGENCY_DATABASE_URL names."
GRACE_S = 0.5
"""The driver answers a first cancellation by asking the server to stop, and a second one by giving the server up."""

FULL = "53100"
"""State of a server whose disk is."""

UNWRITABLE = ("22021", "22P05")
"""States of a text that PostgreSQL has no place for."""


class Interrupted(StoreUnavailable):
    """The database gave work up, or was lost before it said whether the work was done: it may be done again."""


@asynccontextmanager
async def translated(patience_s: float | None = None) -> AsyncIterator[None]:
    """Turn a database that does not answer, is full or is locked into :class:`StoreUnavailable`.

    Args:
        patience_s: how long it may take to answer; None for as long as it likes.

    Raises:
        InvalidInput: a text has a character that the database has no place for.
        Interrupted: doing work again may help.
        StoreUnavailable: anything else that the driver raised, without the values that were to be kept.
    """
    grace = None if patience_s is None else patience_s + GRACE_S
    try:
        async with asyncio.timeout(grace), asyncio.timeout(patience_s):
            yield
    except TimeoutError:
        raise StoreUnavailable(f"the database did not answer within {patience_s:g} s; try again.") from None
    except PoolTimeout:
        raise StoreUnavailable("every connection to the database is in use; try again.") from None
    except DBAPIError as error:
        raise _told(error) from error
    except sqlite3.Error as error:
        raise _failed(error) from error


@asynccontextmanager
async def listening() -> AsyncIterator[None]:
    """Turn what the driver raises itself into ours: SQLAlchemy does not see a connection that listens.

    Raises:
        Interrupted: the connection was lost.
    """
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise Interrupted(LOST) from error


def _told(error: DBAPIError) -> TangencyError:
    state = str(getattr(error.orig, "sqlstate", ""))
    if isinstance(error, DataError) and (state in UNWRITABLE or "NUL" in str(error.orig)):
        return InvalidInput.at(
            (), "a text has the character NUL (\\u0000), which cannot be kept. Leave it out.", "character"
        )
    if state in GIVEN_UP:
        return Interrupted(f"the database gave up: {GIVEN_UP[state]}. Nothing was kept; try again.")
    if error.connection_invalidated:
        return Interrupted(LOST)
    if error.statement is None:  # there was nobody to state it to
        said = _said(error.orig)
        return StoreUnavailable(f"the database cannot be reached: {said}. Nothing was kept; try again. {OPERATOR}")
    return _failed(error.orig, state == FULL)


def _failed(error: BaseException | None, full: bool = False) -> StoreUnavailable:
    full = full or getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    remedy = "Its operator makes room; then try again." if full else "Try again."
    return StoreUnavailable(f"the database failed: {_said(error)}. Nothing was kept. {remedy}")


def _said(error: BaseException | None) -> str:
    return str(error).partition("\n")[0]
