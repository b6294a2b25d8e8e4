"""What methods find beside weights, and the risk taken apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON_VALUE = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """To this revision."""
    with op.batch_alter_table("optimization_results") as table:
        table.add_column(sa.Column("risk_decomposition", JSON_VALUE, nullable=True))
        table.add_column(sa.Column("findings", JSON_VALUE, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("optimization_results") as table:
        table.drop_column("findings")
        table.drop_column("risk_decomposition")
