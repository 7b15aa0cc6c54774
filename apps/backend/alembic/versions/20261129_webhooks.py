"""who is told that a job has ended"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261129_webhooks"
down_revision: str | None = "20261128_previews"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column(
            "job_id",
            sa.Uuid(),
            sa.ForeignKey("jobs.id", name="fk_webhooks_job_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(300), nullable=True),
    )
    op.create_index("ix_webhooks_due", "webhooks", ["status", "due_at"])


def downgrade() -> None:
    op.drop_table("webhooks")
