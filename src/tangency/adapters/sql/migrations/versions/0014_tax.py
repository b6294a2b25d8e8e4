"""The configuration of a portfolio says what taxes are counted from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

oldest_reader = "0012"
"""What is new has a default, and whoever does not know it needs none of it."""

JSON_VALUE = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """To this revision."""
    op.add_column("portfolio_configurations", sa.Column("tax", JSON_VALUE, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Back to the one before."""
    op.drop_column("portfolio_configurations", "tax")
