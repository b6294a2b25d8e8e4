"""Orders wait in queues, tickets wait to be published, and workers say that they live."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

oldest_reader = "0012"
"""What is new has defaults, and whoever does not know it needs none of it."""

JSON_VALUE = sa.JSON().with_variant(JSONB(), "postgresql")
QUEUE = "optimization_requests_queue_idx"


def upgrade() -> None:
    """To this revision."""
    moment = sa.DateTime(timezone=True)
    op.add_column("optimization_requests", sa.Column("queue", sa.String(20), nullable=False, server_default="light"))
    op.add_column("optimization_requests", sa.Column("worker", sa.Uuid, nullable=True))
    op.create_index(QUEUE, "optimization_requests", ["tenant", "queue", "status", "sequence"])
    op.create_table(
        "workers",
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("host", sa.String(100), nullable=False),
        sa.Column("process", sa.Integer, nullable=False),
        sa.Column("version", sa.String(100), nullable=False),
        sa.Column("queues", JSON_VALUE, nullable=False),
        sa.Column("slots", sa.Integer, nullable=False),
        sa.Column("busy", sa.Integer, nullable=False),
        sa.Column("draining", sa.Boolean, nullable=False),
        sa.Column("pace", sa.Float(53), nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("seen_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_workers"),
    )
    op.create_table(
        "tickets",
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("queue", sa.String(20), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", name="pk_tickets"),
    )


def downgrade() -> None:
    """Back to the one before."""
    op.drop_table("tickets")
    op.drop_table("workers")
    op.drop_index(QUEUE, "optimization_requests")
    op.drop_column("optimization_requests", "worker")
    op.drop_column("optimization_requests", "queue")
