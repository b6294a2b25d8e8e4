"""Alembic's way in. The connection that it is handed has a transaction open, which holds the whole upgrade."""

from __future__ import annotations

from alembic import context

from tangency.adapters.sql.schema import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
