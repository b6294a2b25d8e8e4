"""Factor analyses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JSON_VALUE = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "factor_exposures",
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("analysis_id", sa.String(40), nullable=False),
        sa.Column("portfolio_id", sa.String(100), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("factors", JSON_VALUE, nullable=False),
        sa.Column("exposures", JSON_VALUE, nullable=False),
        sa.Column("attribution", JSON_VALUE, nullable=False),
        sa.Column("details", JSON_VALUE, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "analysis_id", name="pk_factor_exposures"),
    )
    op.create_index("ix_factor_exposures_portfolio", "factor_exposures", ["tenant", "portfolio_id", "created_at"])
    op.create_index("ix_factor_exposures_as_of", "factor_exposures", ["tenant", "as_of"])


def downgrade() -> None:
    """Back to the one before."""
    op.drop_table("factor_exposures")
