"""Jobs: ask for a conversion, follow it, take its result."""

import hashlib
import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import PurePath
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.domain.conversion import Mode, Options
from app.domain.refusal import Refused
from app.services import queue, wake
from app.services.context import Services
from app.services.errors import Conflict
from app.services.inputs import Inputs, as_asked, run_on_inputs
from app.services.owning import kept_hours, owned
from app.services.webhooks.address import target_of
from app.services.webhooks.outbox import tell_again
from app.tables import Job, ScheduleRun, Webhook, now

ENGINE = "3"
"""Part of every content key: raise it when the same input gives another document."""

FINAL = frozenset({"done", "failed", "cancelled", "expired"})


def submit(
    session: Session,
    services: Services,
    inputs: Inputs,
    mode: Mode,
    options: Options,
    key_id: UUID | None = None,
    webhook: str | None = None,
) -> Job:
    """A new job of the inputs' team; done at once when it has had the same one done before.

    The caller commits, then calls `announce`.

    Raises:
        Refused: `TEMPLATE_NEEDED`, `GROUP_BY_NEEDED`; `PDF_UNAVAILABLE`: no worker makes any;
            `WEBHOOK_UNAVAILABLE`, `WEBHOOK_FORBIDDEN`.
    """
    check(services, mode, options, webhook, has_template=inputs.version is not None)
    workbook = inputs.workbook
    if mode is Mode.TABLE:
        inputs = Inputs(workbook)
    key = content_key(inputs, mode, options)
    keep = kept_hours(session, services, workbook.team_id, workbook.keep_hours)
    job = Job(
        team_id=workbook.team_id,
        key_id=key_id,
        keep_hours=keep,
        status="queued",
        mode=mode.value,
        options=asdict(options),
        pdf=options.pdf,
        workbook=workbook,
        template_version=inputs.version,
        pictures=inputs.pictures,
        inserted=dict(inputs.inserted) or None,
        content_key=key,
        webhook=Webhook(url=webhook) if webhook is not None else None,
    )
    known = session.scalars(
        select(Job)
        .where(
            Job.content_key == key,
            Job.team_id == workbook.team_id,  # what others have converted is nobody's business
            Job.status == "done",
            Job.expires_at > now(),
        )
        .order_by(Job.finished_at.desc())
        .limit(1)
    ).first()
    if known is not None and known.result_sha256 and services.storage.exists(known.result_sha256):
        _take_over(job, known, keep)
    elif options.pdf and not any(worker.pdf for worker in queue.workers_seen(session)):
        raise Refused(
            "PDF_UNAVAILABLE",
            "no worker that makes PDFs is running",
            "start one (README: PDF), or choose Word",
        )
    # what is read stays for as long as the job can be retried
    for read in (workbook, inputs.pictures):
        if read is not None:
            read.expires_at = max(read.expires_at, now() + timedelta(hours=keep))
    session.add(job)
    return job


def check(
    services: Services, mode: Mode, options: Options, webhook: str | None, *, has_template: bool
) -> None:
    """What can be said of a job before its workbook is there.

    Raises: Refused: as `submit`, but for PDFs.
    """
    options.check(mode)
    if webhook is not None:
        target_of(webhook, services.settings)
    if mode is not Mode.TABLE and not has_template:
        raise Refused("TEMPLATE_NEEDED", f"mode {mode.value!r} needs a template")


def announce(job: Job) -> None:
    """Tell the workers. If nobody hears it they find the job in the database a moment later."""
    if job.status == "queued":
        wake.wake()


def content_key(inputs: Inputs, mode: Mode, options: Options) -> str:
    """Equal for equal results."""
    workbook = inputs.workbook
    parts = {
        "engine": ENGINE,
        **inputs.files.hashes,
        **({"inserted": dict(inputs.inserted)} if inputs.inserted else {}),
        "name": PurePath(workbook.name).stem if workbook.kind in {"csv", "json"} else "",
        "mode": mode.value,
        "options": asdict(options),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def get_job(session: Session, team_id: UUID, job_id: UUID) -> Job:
    """Raises: NotFound."""
    return owned(session, Job, team_id, job_id)


def remove(session: Session, team_id: UUID, job_id: UUID) -> None:
    """The job is gone, its result and its parts with it.

    Raises:
        NotFound; Conflict: it waits or runs.
    """
    job = get_job(session, team_id, job_id)
    removed = session.execute(delete(Job).where(Job.id == job.id, Job.status.in_(FINAL)))
    session.commit()
    if not removed.rowcount:  # type: ignore[attr-defined]
        raise Conflict("JOB_UNFINISHED", f"the job is {job.status}", "cancel it first")


def cancel(session: Session, team_id: UUID, job_id: UUID) -> Job:
    """A waiting job is cancelled now, a running one within a second by its worker.

    Raises:
        NotFound; Conflict: it is finished already.
    """
    job = get_job(session, team_id, job_id)
    waiting = session.execute(
        update(Job)
        .where(Job.id == job_id, Job.status == "queued")
        .values(status="cancelled", finished_at=now(), cancel_requested=True)
    )
    if not waiting.rowcount:  # type: ignore[attr-defined]
        running = session.execute(
            update(Job)
            .where(Job.id == job_id, Job.status == "running")
            .values(cancel_requested=True)
        )
        if not running.rowcount:  # type: ignore[attr-defined]
            session.rollback()
            raise Conflict("JOB_FINISHED", f"the job is {job.status}")
    session.commit()
    session.refresh(job)
    return job


def retry(session: Session, services: Services, team_id: UUID, job_id: UUID) -> Job:
    """Put a failed or cancelled job back; the rows that it has finished stay finished.

    Raises:
        NotFound; Conflict: it has not failed, or a file that it reads is gone.
    """
    job = get_job(session, team_id, job_id)
    if job.status not in {"failed", "cancelled"}:
        raise Conflict("JOB_NOT_RETRYABLE", f"the job is {job.status}")
    for gone in Inputs.of(job).gone(services.storage):
        raise gone
    moved = session.execute(
        update(Job)
        .where(Job.id == job_id, Job.status.in_({"failed", "cancelled"}))
        .values(
            status="queued",
            attempt=0,
            owner=None,
            lease_until=None,
            error=None,
            cancel_requested=False,
            finished_at=None,
            expires_at=None,
        )
    )
    if moved.rowcount:  # type: ignore[attr-defined]
        tell_again(session, job_id)
        _convert_again(session, job_id)
    session.commit()
    session.refresh(job)
    if moved.rowcount:  # type: ignore[attr-defined]
        announce(job)
    return job


def _convert_again(session: Session, job_id: UUID) -> None:
    """Its run has not ended either, whoever is just writing that it has. The caller commits."""
    session.execute(
        update(ScheduleRun)
        .where(ScheduleRun.job_id == job_id, ScheduleRun.status.in_({"converting", "failed"}))
        .values(status="converting", error=None, claimed_until=None)
    )


def result_of(session: Session, services: Services, team_id: UUID, job_id: UUID) -> Job:
    """The job, whose result is in storage.

    Raises:
        NotFound; Conflict: there is no result yet, or none any more.
    """
    job = get_job(session, team_id, job_id)
    if job.status == "expired" or (job.expires_at and job.expires_at < now()):
        raise Conflict("RESULT_EXPIRED", "the result has expired", "convert the workbook again")
    if job.status != "done" or job.result_sha256 is None:
        raise Conflict("RESULT_NOT_READY", f"the job is {job.status}", "wait until it is done")
    if not services.storage.exists(job.result_sha256):
        raise Conflict("RESULT_EXPIRED", "the result has expired", "convert the workbook again")
    return job


def preview(
    session: Session,
    services: Services,
    inputs: Inputs,
    mode: Mode,
    options: Options,
) -> dict[str, Any]:
    """A dry run. Raises: Refused; Gone."""
    request = {"operation": "dry-run", **as_asked(inputs.workbook, mode, options)}
    found: dict[str, Any] = run_on_inputs(session, services, inputs, request)
    return found


def _take_over(job: Job, known: Job, keep_hours: int) -> None:
    moment = now()
    job.status, job.cached = "done", True
    job.started_at = job.finished_at = moment
    job.expires_at = moment + timedelta(hours=keep_hours)
    job.rows_done, job.rows_total = known.rows_done, known.rows_total
    job.result_sha256, job.result_bytes = known.result_sha256, known.result_bytes
    job.result_type = known.result_type
    job.result_name = result_name(job.workbook.name, known.result_name or "")


def result_name(workbook_name: str, result: str) -> str:
    """The workbook's name with the result's suffix."""
    return PurePath(workbook_name).stem + PurePath(result).suffix
