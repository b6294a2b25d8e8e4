"""The engine: its drivers, its transactions, and what SQLite needs to keep its promises."""

from __future__ import annotations

import logging
import select
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from tangency.adapters.settings import InvalidSettings, Settings
from tangency.adapters.sql.column_types import to_json
from tangency.adapters.sql.sqlite import connect
from tangency.adapters.sql.writes import send_together
from tangency.domain.errors import StoreUnavailable

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
FORMS = "sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME"
ELSEWHERE = "TANGENCY_DATA_DIR names another folder, TANGENCY_DATABASE_URL another database"
CONNECT_TIMEOUT_S = 2
SILENCE_S = 15
"""After so many seconds without a sign of life, the server of a connection is taken for gone."""
logging.getLogger("aiosqlite").setLevel(logging.INFO)  # below, it writes every value that is kept into the log
READING = {"reading": True}
"""Execution option of connections that write nothing: they need no lock against other writers."""


def engine_of(settings: Settings) -> AsyncEngine:
    """An engine that nothing has connected with yet. Whoever makes one disposes of it.

    Raises:
        InvalidSettings: the address of the database cannot be read, its driver is not there, or it is in memory.
        StoreUnavailable: it is a file that cannot be opened.
    """
    url = url_of(settings)
    if url.get_backend_name() == "sqlite" and _is_in_memory(url):
        raise InvalidSettings(
            f"TANGENCY_DATABASE_URL names a database in memory, which would end with a connection. Give {FORMS}."
        )
    try:
        engine = create_async_engine(url, json_serializer=to_json, hide_parameters=True, **_options(url, settings))
    except (ImportError, ArgumentError) as error:
        raise InvalidSettings(
            f"TANGENCY_DATABASE_URL names {url.drivername!r}, which cannot be used: {error}. Give {FORMS}."
        ) from None
    event.listen(engine.sync_engine, "do_execute", send_together)
    if url.get_backend_name() == "sqlite":
        _open_once(file_of(url))
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    else:
        event.listen(engine.sync_engine, "checkout", _take_if_silent)
    return engine


def readers_of(engine: AsyncEngine) -> AsyncEngine:
    """Connections that write nothing: to a server one statement is one round trip, without a transaction around it."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="AUTOCOMMIT")
    return engine.execution_options(**READING)


def url_of(settings: Settings) -> URL:
    """The address of the database, with its driver; the folder of the embedded one is made where it is missing."""
    if not settings.database_url:
        _make(settings.data_path)
    try:
        url = make_url(settings.sqlalchemy_url)
    except ArgumentError:
        raise InvalidSettings(f"TANGENCY_DATABASE_URL cannot be read. Give {FORMS}.") from None
    return url.set(drivername=DRIVERS.get(url.drivername, url.drivername))


def file_of(url: URL) -> Path | None:
    """The file of a database; None where that has a URI, or is on a server."""
    path = url.database or ""
    return None if path.startswith("file:") or url.get_backend_name() != "sqlite" else Path(path)


def _is_in_memory(url: URL) -> bool:
    return ":memory:" in (url.database or ":memory:") or url.query.get("mode") == "memory"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}. {ELSEWHERE}", str(folder)) from None


def _options(url: URL, settings: Settings) -> dict[str, Any]:
    pool = {"pool_size": settings.database_connections, "max_overflow": 0, "pool_timeout": settings.database_wait_s}
    if url.drivername == DRIVERS["sqlite"]:
        return pool | {"connect_args": {"async_creator_fn": connect}}
    if url.drivername != DRIVERS["postgresql"]:
        return pool
    arguments = {name: value for name, value in _server_arguments(settings).items() if name not in url.query}
    return pool | {"connect_args": arguments, "pool_use_lifo": True}  # the one used last knows the statements best


def _server_arguments(settings: Settings) -> dict[str, object]:
    """What libpq is told, unless the address of the database says otherwise: no server keeps us waiting for minutes."""
    timeout_ms = round(settings.statement_timeout_s * 1000)
    return {
        "application_name": "tangency",
        "connect_timeout": CONNECT_TIMEOUT_S,
        "keepalives_idle": SILENCE_S,
        "tcp_user_timeout": SILENCE_S * 1000,
        "options": f"-c statement_timeout={timeout_ms} -c idle_in_transaction_session_timeout={2 * timeout_ms}",
    }


def _open_once(path: Path | None) -> None:
    """Open a database file before the driver does: where it cannot, its thread outlives the event loop and complains.

    Raises:
        StoreUnavailable: the file cannot be opened for writing.
    """
    if path is None:
        return
    try:
        with path.open("ab"):
            pass
    except OSError as error:
        raise StoreUnavailable(f"the database {path} cannot be opened: {error.strerror}. {ELSEWHERE}.") from None


def _take_if_silent(_connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
    """A server that ends a connection which lies in the pool says so: then another one is made, and nobody notices."""
    watch = select.poll()
    driver: Any = record.driver_connection
    watch.register(driver.fileno(), select.POLLIN)
    if watch.poll(0):
        raise DisconnectionError("the server has spoken to a connection that nobody used")


def _begin_sqlite(connection: Connection) -> None:
    driver: Any = connection.connection.dbapi_connection
    reads = connection.get_execution_options().get("reading", False)
    driver.run_async(lambda sqlite: sqlite.begin(reads=reads))
