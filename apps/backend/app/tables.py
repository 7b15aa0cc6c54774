"""The tables, as SQLAlchemy sees them; their truth is in alembic/versions."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, Index, String, Text, TypeDecorator
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.database import Base


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time. SQLite keeps no zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def now() -> datetime:
    return datetime.now(UTC)


SHARED_TEAM = UUID(int=0)
"""Of what was there before teams were, and of all that is made without a key."""


class Team(Base):
    """Whose things are: all keys of a team open them, and no other's. A person is a team of one."""

    __tablename__ = "teams"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    name: Mapped[str] = mapped_column(String(255), unique=True)
    keep_hours: Mapped[int | None]
    """How long its workbooks and results are kept; null: as long as the service's are."""
    served_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a job of it was taken last: the team that has waited longest is next."""


class Conversion(Base):
    """One synchronous conversion, done or refused."""

    __tablename__ = "conversions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    source_name: Mapped[str] = mapped_column(String(255))
    source_sha256: Mapped[str] = mapped_column(String(64))
    source_bytes: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    refusal: Mapped[str | None] = mapped_column(String(64))
    rows: Mapped[int]
    result_bytes: Mapped[int]
    duration_ms: Mapped[int]


class _Uploaded:
    """A file that a team has sent."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), index=True)
    keep_hours: Mapped[int | None]
    """How long it and its results are kept; null: as long as its team's are."""


class Workbook(_Uploaded, Base):
    """An uploaded workbook, looked at. `sheets` holds what `inspect` found."""

    __tablename__ = "workbooks"

    kind: Mapped[str] = mapped_column(String(8))
    sheets: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


class PictureArchive(_Uploaded, Base):
    """Pictures that cells of a workbook name, in a .zip, looked at."""

    __tablename__ = "picture_archives"

    pictures: Mapped[int]
    left_out: Mapped[list[str]] = mapped_column(JSON)
    """The first files of it that are no pictures, by name."""
    left_out_count: Mapped[int]


class Template(Base):
    """A Word template; what it looks like is in its versions."""

    __tablename__ = "templates"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    name: Mapped[str] = mapped_column(String(255))
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), index=True)
    versions: Mapped[list["TemplateVersion"]] = relationship(
        back_populates="template", order_by="TemplateVersion.number"
    )


class TemplateVersion(Base):
    """One upload of a template; never changed."""

    __tablename__ = "template_versions"
    __table_args__ = (Index("uq_template_versions_number", "template_id", "number", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    template_id: Mapped[UUID] = mapped_column(ForeignKey("templates.id"))
    number: Mapped[int]
    file_name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)
    template: Mapped[Template] = relationship(back_populates="versions")


class Job(Base):
    """A conversion that a worker does. Which worker holds it is `owner`, until `lease_until`."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_queue", "status", "lease_until"),
        Index("ix_jobs_created", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    status: Mapped[str] = mapped_column(String(16))
    mode: Mapped[str] = mapped_column(String(16))
    options: Mapped[dict[str, Any]] = mapped_column(JSON)
    workbook_id: Mapped[UUID] = mapped_column(ForeignKey("workbooks.id"))
    template_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("template_versions.id"))
    pictures_id: Mapped[UUID | None] = mapped_column(ForeignKey("picture_archives.id"))
    inserted: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    """Hashes of the documents that the template inserts, by name."""
    content_key: Mapped[str] = mapped_column(String(64), index=True)
    cached: Mapped[bool] = mapped_column(default=False)
    rows_done: Mapped[int] = mapped_column(default=0)
    rows_total: Mapped[int | None]
    attempt: Mapped[int] = mapped_column(default=0)
    pdf: Mapped[bool] = mapped_column(default=False)
    owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    error: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    result_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    result_name: Mapped[str | None] = mapped_column(String(255))
    result_type: Mapped[str | None] = mapped_column(String(127))
    result_bytes: Mapped[int | None] = mapped_column(BigInteger)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), index=True)
    key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id"))
    keep_hours: Mapped[int | None]
    """How long its result is kept; null: as long as the service's are."""
    key: Mapped["ApiKey | None"] = relationship()
    run: Mapped["ScheduleRun | None"] = relationship(back_populates="job", passive_deletes=True)
    webhook: Mapped["Webhook | None"] = relationship(passive_deletes=True)
    workbook: Mapped[Workbook] = relationship()
    pictures: Mapped[PictureArchive | None] = relationship()
    template_version: Mapped[TemplateVersion | None] = relationship()


class Webhook(Base):
    """Who is told that a job has ended. It is `waiting` also while the job is not over."""

    __tablename__ = "webhooks"
    __table_args__ = (Index("ix_webhooks_due", "status", "due_at"),)

    job_id: Mapped[UUID] = mapped_column(
        ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    event_id: Mapped[UUID] = mapped_column(default=uuid4)
    """The same at each attempt, so that a receiver knows what it has had."""
    url: Mapped[str] = mapped_column(String(2000))
    status: Mapped[str] = mapped_column(String(16), default="waiting")
    attempt: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(300))


class Mailing(Base):
    """The documents of a job, each sent to somebody. A job is mailed once."""

    __tablename__ = "mailings"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), index=True)
    job_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("jobs.id", ondelete="SET NULL"), unique=True
    )
    sender: Mapped[str] = mapped_column(String(500))
    """As it stands in the mails, also when the service has another one by now."""
    result_sha256: Mapped[str] = mapped_column(String(64), index=True)
    """Where the documents are; kept until the last mail is sent, whatever becomes of the job."""
    served_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    """When a mail of it was taken last: the one that has waited longest is next."""


class Mail(Base):
    """One e-mail. From `sending` on it is never sent again: whoever had it may have got it out."""

    __tablename__ = "mails"
    __table_args__ = (
        Index("ix_mails_due", "status", "due_at"),
        Index("uq_mails_position", "mailing_id", "position", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    """The Message-ID is made of it: the same at each attempt."""
    mailing_id: Mapped[UUID] = mapped_column(ForeignKey("mailings.id", ondelete="CASCADE"))
    position: Mapped[int]
    place: Mapped[str] = mapped_column(String(500))
    address: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(1000))
    text: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(String(255))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int] = mapped_column(default=0)
    refusals: Mapped[int] = mapped_column(default=0)
    """How often a server has said "not now" of this mail."""
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    mailing: Mapped[Mailing] = relationship()


class Schedule(Base):
    """A conversion that runs by itself, each time of the newest workbook of a name."""

    __tablename__ = "schedules"
    __table_args__ = (Index("ix_schedules_due", "status", "next_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    name: Mapped[str] = mapped_column(String(255))
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), index=True)
    key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id"))
    """By whose right it runs: the key that made it, or has resumed it since."""
    status: Mapped[str] = mapped_column(String(16), default="active")
    """`paused` by its owner; `stopped` by the service, for what `error` says."""
    cron: Mapped[str] = mapped_column(String(100))
    time_zone: Mapped[str] = mapped_column(String(64))
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    workbook_name: Mapped[str] = mapped_column(String(255))
    pictures_name: Mapped[str | None] = mapped_column(String(255))
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the workbook was uploaded that it took last: each is taken once."""
    template_id: Mapped[UUID | None] = mapped_column(ForeignKey("templates.id"))
    template_version: Mapped[int | None]
    """Null: the newest at each run."""
    mode: Mapped[str] = mapped_column(String(16))
    options: Mapped[dict[str, Any]] = mapped_column(JSON)
    webhook: Mapped[str | None] = mapped_column(String(2000))
    mail: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    """`address`, `subject` and `text` of the mailing that each run ends with."""
    error: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    """Why it was stopped, or why a run that is due has not begun."""
    key: Mapped["ApiKey | None"] = relationship()
    template: Mapped[Template | None] = relationship()


class ScheduleRun(Base):
    """What became of a schedule at one of its times.

    `converting`, then `done` or `failed`; `missed`: there was nothing to convert. It is converting
    until its mails are handed over, where it has any.
    """

    __tablename__ = "schedule_runs"
    __table_args__ = (Index("uq_schedule_runs_due", "schedule_id", "due_at", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(16), index=True)
    job_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("jobs.id", ondelete="SET NULL"), index=True
    )
    mailing_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("mailings.id", ondelete="SET NULL"), index=True
    )
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until when a worker looks after its end."""
    error: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    schedule: Mapped[Schedule] = relationship()
    job: Mapped[Job | None] = relationship(back_populates="run")


class JobPart(Base):
    """Documents of a job that are finished whatever happens to its worker."""

    __tablename__ = "job_parts"

    job_id: Mapped[UUID] = mapped_column(
        ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    first_row: Mapped[int] = mapped_column(primary_key=True)
    row_count: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)


class Preview(Base):
    """A few documents of a conversion that may never be. Pages are made by who has LibreOffice.

    `documents` are dictionaries: `name`, `position`, `size_bytes`, `sha256`, `values`, and `pages`,
    the hashes of their pictures; null until they are made.
    """

    __tablename__ = "previews"
    __table_args__ = (Index("ix_previews_queue", "status", "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"))
    status: Mapped[str] = mapped_column(String(16))
    documents: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    following: Mapped[int | None]
    """Where the next documents begin; null after the last."""
    attempt: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))


class Worker(Base):
    """A worker process, when it was last heard of, and whether it has LibreOffice."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    pdf: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)


class ApiKey(Base):
    """A key, of which only the hash is kept."""

    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    name: Mapped[str] = mapped_column(String(255))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    rate_per_minute: Mapped[int]
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), index=True)
    team: Mapped[Team] = relationship()


class IdempotentRequest(Base):
    """What a request with an `Idempotency-Key` made, so that its repetition makes nothing."""

    __tablename__ = "idempotent_requests"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    resource_id: Mapped[UUID]


class Audit(Base):
    """Who did what, to what, and how it was answered. It names nothing that may be deleted."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_created", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    team_id: Mapped[UUID | None]
    key_id: Mapped[UUID | None]
    address: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[int]
