"""Alembic's way in. The connection that it is handed has a transaction open, which holds the whole upgrade."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import text

from tangency.adapters.sql.schema import Table


def tell_readers(
    ctx: MigrationContext,
    step: MigrationInfo,
    heads: Collection[Any],  # noqa: ARG001 - Alembic gives it by name
    run_args: Mapping[str, Any],  # noqa: ARG001 - the same
) -> None:
    """Write down which revision a process must know to work with the tables as they are from now on."""
    (newest,) = step.destination_revision_ids or (None,)
    if newest is None:
        return
    module = context.script.get_revision(newest).module
    oldest = getattr(module, "oldest_reader", newest)
    connection = ctx.connection
    if connection is None:
        return
    connection.execute(text("DELETE FROM oldest_reader"))
    connection.execute(text("INSERT INTO oldest_reader (revision) VALUES (:oldest)"), {"oldest": oldest})


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    compare_type=True,
    on_version_apply=tell_readers,
)
context.run_migrations()
