"""conversions that run by themselves"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261203_schedules"
down_revision: str | None = "20261202_inserted_documents"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column(
            "team_id",
            sa.Uuid(),
            sa.ForeignKey("teams.id", name="fk_schedules_team_id"),
            nullable=False,
        ),
        sa.Column(
            "key_id",
            sa.Uuid(),
            sa.ForeignKey("api_keys.id", name="fk_schedules_key_id"),
            nullable=True,
        ),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("cron", sa.String(100), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("workbook_name", sa.String(255), nullable=False),
        sa.Column("pictures_name", sa.String(255), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "template_id",
            sa.Uuid(),
            sa.ForeignKey("templates.id", name="fk_schedules_template_id"),
            nullable=True,
        ),
        sa.Column("template_version", sa.Integer(), nullable=True),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("webhook", sa.String(2000), nullable=True),
        sa.Column("mail", sa.JSON(), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
    )
    op.create_index("ix_schedules_due", "schedules", ["status", "next_at"])
    op.create_index("ix_schedules_team_id", "schedules", ["team_id"])
    op.create_table(
        "schedule_runs",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "schedule_id",
            sa.Uuid(),
            sa.ForeignKey("schedules.id", name="fk_schedule_runs_schedule_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column(
            "job_id",
            sa.Uuid(),
            sa.ForeignKey("jobs.id", name="fk_schedule_runs_job_id", ondelete="SET NULL"),
            nullable=True,
        ),
        sa.Column(
            "mailing_id",
            sa.Uuid(),
            sa.ForeignKey("mailings.id", name="fk_schedule_runs_mailing_id", ondelete="SET NULL"),
            nullable=True,
        ),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
    )
    op.create_index("uq_schedule_runs_due", "schedule_runs", ["schedule_id", "due_at"], unique=True)
    for column in ("created_at", "status", "job_id", "mailing_id"):
        op.create_index(f"ix_schedule_runs_{column}", "schedule_runs", [column])


def downgrade() -> None:
    op.drop_table("schedule_runs")
    op.drop_table("schedules")
