"""teams take turns at the workers"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261130_turns"
down_revision: str | None = "20261130_mailings"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("teams", sa.Column("served_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("teams", "served_at")
