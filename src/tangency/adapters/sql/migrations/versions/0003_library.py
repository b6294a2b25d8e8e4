"""Documents that requests refer to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "library_entries",
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("shelf", sa.String(20), nullable=False),
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "shelf", "id", "version", name="pk_library_entries"),
    )


def downgrade() -> None:
    """Back to the one before."""
    op.drop_table("library_entries")
