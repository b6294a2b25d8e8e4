"""Orders know what they are estimated at, so that whoever waits behind them knows for how long."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

oldest_reader = "0012"
"""What is new has a default, and whoever does not know it needs none of it."""


def upgrade() -> None:
    """To this revision."""
    column = sa.Column("estimated_s", sa.Float(53), nullable=False, server_default="0")
    op.add_column("optimization_requests", column)


def downgrade() -> None:
    """Back to the one before."""
    op.drop_column("optimization_requests", "estimated_s")
