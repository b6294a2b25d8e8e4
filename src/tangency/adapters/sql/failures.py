"""What the database says, in our words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tangency.domain.errors import StoreUnavailable


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turn a database that does not answer, is full or is locked into :class:`StoreUnavailable`.

    Raises:
        StoreUnavailable: anything that the driver raised, without the values that were to be kept.
    """
    try:
        yield
    except PoolTimeout:
        raise StoreUnavailable("every connection to the database is in use; try again.") from None
    except DBAPIError as error:
        raise StoreUnavailable(f"the database failed: {error.orig}. Nothing was kept; try again.") from error
