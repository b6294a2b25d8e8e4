"""What all tables have in common. Every one has a tenant, and every key begins with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, MetaData, String
from sqlalchemy.orm import DeclarativeBase

from tangency.adapters.sql.column_types import JSON_VALUE, FiniteFloat, UtcDateTime

TENANT = String(100)
PORTFOLIO = String(100)
NAME = String(100)
"""Of a method, an objective or a measure: whoever writes a plugin chooses it."""
IDENTITY = String(36)
"""A prefix and a ULID."""
DIGEST = String(64)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(DeclarativeBase):
    """Root of the tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime, float: FiniteFloat, dict[str, Any]: JSON_VALUE, list[Any]: JSON_VALUE}  # noqa: RUF012


def to_portfolio(table: str) -> ForeignKeyConstraint:
    """Nothing is kept about a portfolio that is not among the portfolios."""
    return ForeignKeyConstraint(
        ["tenant", "portfolio_id"], ["portfolios.tenant", "portfolios.id"], name=f"{table}_portfolio_fk"
    )


def to(table: str, columns: Sequence[str], keys: Sequence[str], name: str) -> ForeignKeyConstraint:
    """A reference within the tenant, under a name."""
    return ForeignKeyConstraint(["tenant", *columns], [f"{table}.{key}" for key in ("tenant", *keys)], name=name)
