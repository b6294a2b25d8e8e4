"""Orders and events know which distributed trace they belong to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

oldest_reader = "0012"
"""What is new may be absent, and whoever does not know it needs none of it."""

TABLES = ("optimization_requests", "outbox")
COLUMNS = {"traceparent": 55, "tracestate": 512}


def upgrade() -> None:
    """To this revision."""
    for table in TABLES:
        for name, length in COLUMNS.items():
            op.add_column(table, sa.Column(name, sa.String(length), nullable=True))


def downgrade() -> None:
    """Back to the one before."""
    for table in TABLES:
        for name in COLUMNS:
            op.drop_column(table, name)
