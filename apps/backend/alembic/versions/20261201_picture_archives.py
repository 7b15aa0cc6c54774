"""pictures by name, in an archive beside a workbook"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261201_picture_archives"
down_revision: str | None = "20261130_turns"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "picture_archives",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("pictures", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("left_out_count", sa.Integer(), nullable=False),
        sa.Column(
            "team_id",
            sa.Uuid(),
            sa.ForeignKey("teams.id", name="fk_picture_archives_team_id"),
            nullable=False,
        ),
        sa.Column("keep_hours", sa.Integer(), nullable=True),
    )
    for column in ("created_at", "expires_at", "sha256", "team_id"):
        op.create_index(f"ix_picture_archives_{column}", "picture_archives", [column])
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(
            sa.Column(
                "pictures_id",
                sa.Uuid(),
                sa.ForeignKey("picture_archives.id", name="fk_jobs_pictures_id"),
                nullable=True,
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_constraint("fk_jobs_pictures_id", type_="foreignkey")
        jobs.drop_column("pictures_id")
    op.drop_table("picture_archives")
