"""Column types that mean the same on every database: SQLite turns NaN into NULL and forgets time zones."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime

import msgspec
from sqlalchemy import JSON, DateTime, Dialect, Float
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

JSON_VALUE = JSON().with_variant(JSONB(), "postgresql")
"""A value that may be asked about. JSONB keeps neither the order of an object's members nor the sign of zero."""

MAYBE_JSON_VALUE = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""The same, or nothing."""

DOCUMENT = JSON()
"""A document that comes back to the letter: a problem that is solved again, a request that is echoed."""

MAYBE_DOCUMENT = JSON(none_as_null=True)
"""The same, or nothing."""


class FiniteFloat(TypeDecorator[float]):
    """A double that is a number."""

    impl = Float(53)
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        """Refuse NaN and infinity."""
        if value is not None and not math.isfinite(value):
            raise ValueError(f"{value} is not a finite number")
        return value


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, kept and given back in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back where the database has none."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_STRICT = json.JSONEncoder(allow_nan=False, separators=(",", ":"), ensure_ascii=False)
_NOT_FINITE = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")
"""How a double that is no finite number begins in msgpack. Parts of other numbers may look the same."""


def to_json(value: object) -> str:
    """JSON text; NaN and infinity are refused, doubles come back to the last bit.

    The encoder that refuses them is ten times slower than msgspec, which writes null: so it is only asked where there
    is a null, and what may have been one of them.
    """
    quick = msgspec.json.encode(value)
    if b"null" in quick and _NOT_FINITE.search(msgspec.msgpack.encode(value)):
        return _STRICT.encode(value)
    return quick.decode()
