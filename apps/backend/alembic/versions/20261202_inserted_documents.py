"""documents that a template inserts, as a job found them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261202_inserted_documents"
down_revision: str | None = "20261201_picture_archives"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("inserted", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "inserted")
