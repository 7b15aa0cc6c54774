"""Forget what has expired, and the files that nothing names any more."""

import shutil
import time
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.services.context import Services
from app.services.mail.outbox import is_open
from app.tables import (
    Audit,
    IdempotentRequest,
    Job,
    JobPart,
    Mailing,
    PictureArchive,
    Preview,
    ScheduleRun,
    Template,
    TemplateVersion,
    Workbook,
    Worker,
    now,
)

log = structlog.get_logger(__name__)
_GRACE_SECONDS = 3600
"""A file is written before the row that names it is committed."""
_ABANDONED_SECONDS = 24 * 3600


def sweep(session: Session, services: Services) -> int:
    """Returns the number of files deleted. Any number of workers may sweep at once."""
    moment = now()
    session.execute(
        update(Job)
        .where(Job.status == "done", Job.expires_at < moment)
        .values(status="expired", result_sha256=None)
    )
    final = select(Job.id).where(Job.status.in_(("expired", "done")))
    session.execute(delete(JobPart).where(JobPart.job_id.in_(final)))
    old = moment - timedelta(hours=services.settings.keep_hours)
    session.execute(delete(JobPart).where(JobPart.job_id.in_(_stale(session, services, moment))))
    forgotten = moment - timedelta(days=services.settings.audit_days)
    session.execute(delete(Audit).where(Audit.created_at < forgotten))
    old_run = (ScheduleRun.created_at < forgotten) & (ScheduleRun.status != "converting")
    session.execute(delete(ScheduleRun).where(old_run))
    session.execute(delete(Preview).where(Preview.expires_at < moment))
    over = Mailing.expires_at < moment
    session.execute(delete(Mailing).where(over, ~is_open(Mailing.id)))
    session.execute(delete(IdempotentRequest).where(IdempotentRequest.created_at < old))
    session.execute(delete(Worker).where(Worker.seen_at < old))
    session.commit()
    named = _named(session)
    deleted = 0
    for sha256, written in services.storage.names():
        if sha256 not in named and time.time() - written > _GRACE_SECONDS:
            services.storage.delete(sha256)
            deleted += 1
    for folder in services.settings.work_dir.iterdir():
        if time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that was killed
    if deleted:
        log.info("swept", files=deleted)
    return deleted


def _stale(session: Session, services: Services, moment: datetime) -> list[UUID]:
    """Jobs that failed longer ago than their results would have been kept, and have parts still."""
    ended = session.execute(
        select(Job.id, Job.finished_at, Job.keep_hours)
        .join(JobPart, JobPart.job_id == Job.id)
        .where(Job.status.in_(("failed", "cancelled")), Job.finished_at.is_not(None))
        .distinct()
    )
    usual = services.settings.keep_hours
    return [key for key, at, own in ended if at and at < moment - timedelta(hours=own or usual)]


def _named(session: Session) -> set[str]:
    """Every hash that a row names which is still of use."""
    unfinished = Job.status.in_(("queued", "running"))
    kept = [
        select(Workbook.sha256).where(Workbook.expires_at > now()),
        select(Workbook.sha256).join(Job, Job.workbook_id == Workbook.id).where(unfinished),
        select(PictureArchive.sha256).where(PictureArchive.expires_at > now()),
        select(PictureArchive.sha256)
        .join(Job, Job.pictures_id == PictureArchive.id)
        .where(unfinished),
        select(TemplateVersion.sha256).join(Template).where(Template.deleted_at.is_(None)),
        select(TemplateVersion.sha256).join(Job).where(unfinished),
        select(Job.result_sha256).where(Job.result_sha256.is_not(None)),
        select(JobPart.sha256),
        select(Mailing.result_sha256).where(is_open(Mailing.id)),
    ]
    named = {sha256 for statement in kept for sha256 in session.scalars(statement) if sha256}
    for inserted in session.scalars(select(Job.inserted).where(unfinished)):
        named |= set((inserted or {}).values())
    for documents in session.scalars(select(Preview.documents)):
        for document in documents:
            named |= {document["sha256"], *(document["pages"] or ())}
    return named
