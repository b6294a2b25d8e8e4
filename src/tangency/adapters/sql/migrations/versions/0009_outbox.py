"""Events wait in an outbox, and have a position once they are published."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WAITING = sa.text("position IS NULL AND refused IS NULL")

EVENT_ID = {"sqlite": "json_extract(payload, '$.event_id')", "postgresql": "payload ->> 'event_id'"}
PORTFOLIO = {
    "sqlite": "coalesce(json_extract(payload, '$.' || type || '.portfolio_id'), '')",
    "postgresql": "coalesce(payload -> type ->> 'portfolio_id', '')",
}


def upgrade() -> None:
    """To this revision. What was told so far keeps its position: it was published, to all who could listen then."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "outbox",
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("type", sa.String(50), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("portfolio_id", sa.String(100), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=True),
        sa.Column("refused", sa.Text, nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("settled_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "event_id", name="pk_outbox"),
        sa.UniqueConstraint("tenant", "number", name="uq_outbox_tenant_number"),
        sa.UniqueConstraint("tenant", "position", name="uq_outbox_tenant_position"),
        sa.UniqueConstraint("tenant", "portfolio_id", "sequence", name="uq_outbox_tenant_portfolio_id_sequence"),
    )
    op.create_index("ix_outbox_waiting", "outbox", ["tenant", "number"], sqlite_where=WAITING, postgresql_where=WAITING)
    database = op.get_bind().dialect.name
    numbered = database == "sqlite"  # a server numbers by itself, in the order that it is given
    op.execute(
        f"""
        INSERT INTO outbox (tenant, {"number, " if numbered else ""}event_id, type, subject, portfolio_id, sequence,
                            payload, position, created_at, settled_at)
        SELECT tenant, {"position, " if numbered else ""}event_id, type, subject, portfolio_id,
               row_number() OVER (PARTITION BY tenant, portfolio_id ORDER BY position),
               payload, position, created_at, created_at
        FROM (SELECT events.*, {EVENT_ID[database]} AS event_id, {PORTFOLIO[database]} AS portfolio_id FROM events) told
        ORDER BY tenant, position
        """  # noqa: S608 - nothing in it comes from outside
    )
    op.drop_table("events")


def downgrade() -> None:
    """Back to the one before. What waits gets the next positions: nothing that happened is lost."""
    moment = sa.DateTime(timezone=True)
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
    op.execute(
        """
        INSERT INTO events (tenant, position, type, subject, payload, created_at)
        SELECT tenant, row_number() OVER (PARTITION BY tenant ORDER BY position IS NULL, position, number),
               type, subject, payload, created_at
        FROM outbox
        """
    )
    op.drop_table("outbox")
