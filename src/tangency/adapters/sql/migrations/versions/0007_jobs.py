"""Asynchronous optimizations, idempotency and events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

JSON_VALUE = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """To this revision."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "optimization_requests",
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("sequence", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("portfolio_id", sa.String(100), nullable=False),
        sa.Column("configuration_id", sa.Uuid, nullable=False),
        sa.Column("wording", sa.JSON, nullable=False),
        sa.Column("problem", sa.JSON, nullable=False),
        sa.Column("valuation", JSON_VALUE, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("lease_until", moment, nullable=True),
        sa.Column("progress", sa.Float(53), nullable=False),
        sa.Column("losses", JSON_VALUE, nullable=False),
        sa.Column("outcome", sa.String(50), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("report", JSON_VALUE, nullable=True),
        sa.Column("expected_at", moment, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("completed_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_optimization_requests"),
        sa.UniqueConstraint("tenant", "sequence", name="uq_optimization_requests_tenant_sequence"),
        sa.ForeignKeyConstraint(
            ["tenant", "configuration_id"],
            ["optimization_configurations.tenant", "optimization_configurations.id"],
            name="fk_optimization_requests_optimization_configurations",
        ),
    )
    op.create_index(
        "ix_optimization_requests_tenant_status_sequence", "optimization_requests", ["tenant", "status", "sequence"]
    )
    op.create_index(
        "ix_optimization_requests_tenant_portfolio_id_sequence",
        "optimization_requests",
        ["tenant", "portfolio_id", "sequence"],
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("optimization_id", sa.Uuid, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key", name="pk_idempotency_keys"),
    )
    op.create_table(
        "events",
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("position", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("type", sa.String(50), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "position", name="pk_events"),
    )


def downgrade() -> None:
    """Back to the one before."""
    for table in ("events", "idempotency_keys", "optimization_requests"):
        op.drop_table(table)
