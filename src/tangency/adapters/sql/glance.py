"""Looking on the event loop whether the embedded database has a row: a session for it takes thirty times as long."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects import sqlite

from tangency.adapters.sql.statements import compiled

DIALECT = sqlite.dialect()


class Glance:
    """A connection of its own, which waits for nobody. Open one with :meth:`opened`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def opened(cls, file: Path | None) -> Iterator[Glance | None]:
        """Connect to the file of a database; None where no file is given."""
        if file is None:
            yield None
            return
        with closing(sqlite3.connect(file, timeout=0.0, isolation_level=None)) as connection:
            yield cls(connection)

    def finds(self, statement: Select[Any], values: Mapping[str, str]) -> bool:
        """Whether there is a row that a statement looks up by an index.

        Raises:
            sqlite3.Error: somebody is writing, or the database cannot be read.
        """
        words, bound = compiled(statement, frozenset(values), DIALECT)
        return self._connection.execute(words, bound(values)).fetchone() is not None
