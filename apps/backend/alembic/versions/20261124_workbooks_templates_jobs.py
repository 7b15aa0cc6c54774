"""workbooks, templates, jobs, keys"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "20261124_jobs"
down_revision: str | None = "20261123_conversions"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "workbooks",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _moment("created_at"),
        _moment("expires_at"),
        _text("name", 255),
        _text("sha256", 64),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        _text("kind", 8),
        sa.Column("sheets", sa.JSON(), nullable=False),
    )
    op.create_table(
        "templates",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _moment("created_at"),
        _text("name", 255),
        _moment("deleted_at", nullable=True),
    )
    op.create_table(
        "template_versions",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _moment("created_at"),
        sa.Column("template_id", sa.Uuid(), sa.ForeignKey("templates.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("file_name", 255),
        _text("sha256", 64),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _moment("created_at"),
        _moment("started_at", nullable=True),
        _moment("finished_at", nullable=True),
        _moment("expires_at", nullable=True),
        _text("status", 16),
        _text("mode", 16),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("workbook_id", sa.Uuid(), sa.ForeignKey("workbooks.id"), nullable=False),
        sa.Column(
            "template_version_id", sa.Uuid(), sa.ForeignKey("template_versions.id"), nullable=True
        ),
        _text("content_key", 64),
        sa.Column("cached", sa.Boolean(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        _text("owner", 64, nullable=True),
        _moment("lease_until", nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("error", sa.JSON(), nullable=True),
        _text("result_sha256", 64, nullable=True),
        _text("result_name", 255, nullable=True),
        _text("result_type", 127, nullable=True),
        sa.Column("result_bytes", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "job_parts",
        sa.Column(
            "job_id", sa.Uuid(), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("first_row", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        _text("sha256", 64),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.String(64), primary_key=True),
        _moment("started_at"),
        _moment("seen_at"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _moment("created_at"),
        _text("name", 255),
        _text("key_hash", 64),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("rate_per_minute", sa.Integer(), nullable=False),
        _moment("revoked_at", nullable=True),
        sa.UniqueConstraint("key_hash", name="api_keys_key_hash_key"),
    )
    op.create_table(
        "idempotent_requests",
        sa.Column("key", sa.String(64), primary_key=True),
        _moment("created_at"),
        _text("request_hash", 64),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
    )
    for name, table, columns, unique in _INDEXES:
        op.create_index(name, table, list(columns), unique=unique)


def downgrade() -> None:
    for name, table, _columns, _unique in reversed(_INDEXES):
        op.drop_index(name, table)
    for table in (
        "idempotent_requests",
        "api_keys",
        "workers",
        "job_parts",
        "jobs",
        "template_versions",
        "templates",
        "workbooks",
    ):
        op.drop_table(table)


_INDEXES: tuple[tuple[str, str, tuple[str, ...], bool], ...] = (
    ("ix_workbooks_created_at", "workbooks", ("created_at",), False),
    ("ix_workbooks_expires_at", "workbooks", ("expires_at",), False),
    ("ix_workbooks_sha256", "workbooks", ("sha256",), False),
    ("ix_templates_created_at", "templates", ("created_at",), False),
    ("uq_template_versions_number", "template_versions", ("template_id", "number"), True),
    ("ix_template_versions_sha256", "template_versions", ("sha256",), False),
    ("ix_jobs_queue", "jobs", ("status", "lease_until"), False),
    ("ix_jobs_created", "jobs", ("created_at", "id"), False),
    ("ix_jobs_expires_at", "jobs", ("expires_at",), False),
    ("ix_jobs_content_key", "jobs", ("content_key",), False),
    ("ix_jobs_result_sha256", "jobs", ("result_sha256",), False),
    ("ix_job_parts_sha256", "job_parts", ("sha256",), False),
    ("ix_workers_seen_at", "workers", ("seen_at",), False),
    ("ix_idempotent_requests_created_at", "idempotent_requests", ("created_at",), False),
)
