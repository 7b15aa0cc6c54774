"""whose everything is, how long it is kept, and who did what"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision: str = "20261127_teams"
down_revision: str | None = "20261125_pdf"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_SHARED = "0" * 32
"""The team of all that was there before teams were; every key of then is of it."""
_OWNED = ("workbooks", "templates", "jobs", "api_keys")


def upgrade() -> None:
    """Nothing is taken from a key: what it could open it opens still, because both are `shared`'s.

    A service of before, which still runs beside this one, writes for `shared`: that is the default.
    """
    teams = op.create_table(
        "teams",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("keep_hours", sa.Integer(), nullable=True),
        sa.UniqueConstraint("name", name="teams_name_key"),
    )
    op.bulk_insert(
        teams, [{"id": UUID(_SHARED), "created_at": datetime.now(UTC), "name": "shared"}]
    )
    for table in _OWNED:
        with op.batch_alter_table(table) as batch:
            batch.add_column(
                sa.Column(
                    "team_id",
                    sa.Uuid(),
                    sa.ForeignKey("teams.id", name=f"fk_{table}_team_id"),
                    nullable=False,
                    server_default=_SHARED,
                )
            )
            batch.create_index(f"ix_{table}_team_id", ["team_id"])
    with op.batch_alter_table("workbooks") as batch:
        batch.add_column(sa.Column("keep_hours", sa.Integer(), nullable=True))
    with op.batch_alter_table("jobs") as batch:
        batch.add_column(sa.Column("keep_hours", sa.Integer(), nullable=True))
        batch.add_column(
            sa.Column(
                "key_id",
                sa.Uuid(),
                sa.ForeignKey("api_keys.id", name="fk_jobs_key_id"),
                nullable=True,
            )
        )
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(64), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
    )
    op.create_index("ix_audit_created", "audit", ["created_at", "id"])


def downgrade() -> None:
    """A service of before knows no teams: every key opens everything again."""
    op.drop_table("audit")
    with op.batch_alter_table("jobs") as batch:
        batch.drop_constraint("fk_jobs_key_id", type_="foreignkey")
        batch.drop_column("key_id")
        batch.drop_column("keep_hours")
    with op.batch_alter_table("workbooks") as batch:
        batch.drop_column("keep_hours")
    for table in reversed(_OWNED):
        with op.batch_alter_table(table) as batch:
            batch.drop_index(f"ix_{table}_team_id")
            batch.drop_constraint(f"fk_{table}_team_id", type_="foreignkey")
            batch.drop_column("team_id")
    op.drop_table("teams")
