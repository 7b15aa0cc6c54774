"""documents that are sent by e-mail"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261130_mailings"
down_revision: str | None = "20261129_webhooks"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "mailings",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "team_id",
            sa.Uuid(),
            sa.ForeignKey("teams.id", name="fk_mailings_team_id"),
            nullable=False,
        ),
        sa.Column(
            "job_id",
            sa.Uuid(),
            sa.ForeignKey("jobs.id", name="fk_mailings_job_id", ondelete="SET NULL"),
            nullable=True,
        ),
        sa.Column("sender", sa.String(500), nullable=False),
        sa.Column("result_sha256", sa.String(64), nullable=False),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("job_id", name="uq_mailings_job_id"),
    )
    for column in ("expires_at", "team_id", "result_sha256"):
        op.create_index(f"ix_mailings_{column}", "mailings", [column])
    op.create_table(
        "mails",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column(
            "mailing_id",
            sa.Uuid(),
            sa.ForeignKey("mailings.id", name="fk_mails_mailing_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(500), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("subject", sa.String(1000), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("document", sa.String(255), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
    )
    op.create_index("ix_mails_due", "mails", ["status", "due_at"])
    op.create_index("ix_mails_claimed_at", "mails", ["claimed_at"])
    op.create_index("uq_mails_position", "mails", ["mailing_id", "position"], unique=True)


def downgrade() -> None:
    op.drop_table("mails")
    op.drop_table("mailings")
