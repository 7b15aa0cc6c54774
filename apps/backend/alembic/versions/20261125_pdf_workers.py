"""which jobs want a PDF, and which workers make them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261125_pdf"
down_revision: str | None = "20261124_jobs"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """What is there already wants none and makes none."""
    for table in ("jobs", "workers"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(
                sa.Column("pdf", sa.Boolean(), nullable=False, server_default=sa.false())
            )


def downgrade() -> None:
    """A worker of before would make a .docx of a job that wants a PDF: such jobs end here."""
    op.execute(
        sa.text(
            "UPDATE jobs SET status = 'cancelled' WHERE pdf AND status IN ('queued', 'running')"
        )
    )
    for table in ("jobs", "workers"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("pdf")
