"""Idempotency keys of every call that makes something."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.rename_table("idempotency_keys", "idempotency_keys_of_orders")
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("part", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key", "part", name="pk_idempotency_key_parts"),
    )
    op.execute(
        "INSERT INTO idempotency_keys (tenant, key, part, fingerprint, subject, created_at) "
        "SELECT tenant, key, 0, fingerprint, CAST(optimization_id AS VARCHAR(200)), created_at "
        "FROM idempotency_keys_of_orders"
    )
    op.drop_table("idempotency_keys_of_orders")


def downgrade() -> None:
    """Back to the one before; keys of other calls than orders are forgotten, which only makes retries work again."""
    op.drop_table("idempotency_keys")
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("optimization_id", sa.Uuid, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key", name="pk_idempotency_keys"),
    )
