"""Begin what is due, and see to its end. Any number of workers may do this at once.

A run begins in one transaction with its job and with the schedule's next time, and of each time
there is one run: a worker that dies leaves all of it or nothing, and two make no second one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import structlog
from sqlalchemy import or_, select, true, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.core.config import Settings
from app.domain.conversion import Mode, Options
from app.domain.letters import Wording
from app.domain.refusal import Refused
from app.domain.schedule_times import following
from app.services import jobs
from app.services.context import Services
from app.services.errors import Conflict, NotFound, TooMany
from app.services.inputs import Inputs
from app.services.inserts import inserted_by
from app.services.keys import count_request
from app.services.mail import mailings
from app.services.owning import Caller
from app.services.templates import get_version
from app.storage.files import Away, Gone
from app.tables import (
    ApiKey,
    Audit,
    Job,
    Mailing,
    PictureArchive,
    Schedule,
    ScheduleRun,
    Webhook,
    Workbook,
)

File = TypeVar("File", Workbook, PictureArchive)
log = structlog.get_logger(__name__)
_LEASE = timedelta(minutes=10)
"""After which another worker sees to a run's end."""
_ADDRESS = "schedule"
"""In the audit log, where the address of whoever asks would be."""
_ANSWERS = {"converting": 202, "failed": 422}


class _Reason(Exception):
    """Why it has not run."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.error = _error(code, message, hint)


class _Stopped(_Reason):
    """Nor will it by itself, until somebody does something."""


class _Missed(_Reason):
    """This time is over; the next is another."""


class _NotYet(_Reason):
    """It stays due: what it lacks comes by itself."""


def start_due(session: Session, services: Services, moment: datetime) -> int:
    """Begin each run that is due at `moment`; how many jobs there are by that."""
    started = 0
    waiting: set[UUID] = set()
    while (schedule := _due(session, moment, waiting)) is not None:
        schedule_id = schedule.id
        try:
            job = _run(session, services, schedule, moment)
        except _NotYet as why:
            session.rollback()
            waiting.add(schedule_id)
            _note(session, schedule_id, why.error)
        except OperationalError:  # the database is away, for all of them
            raise
        except Exception as error:  # a fault in one must not hold up those after it
            session.rollback()
            waiting.add(schedule_id)
            if not _passed_over(session, schedule_id, moment) and _note(
                session, schedule_id, _FAULT
            ):
                log.error("schedule_not_begun", schedule=str(schedule_id), exc_info=error)
        else:
            if job is not None:
                jobs.announce(job)
                started += 1
    session.rollback()
    return started


def _due(session: Session, moment: datetime, but: set[UUID]) -> Schedule | None:
    """One that is due and that no other worker holds, held until this transaction ends."""
    return session.scalars(
        select(Schedule)
        .where(
            Schedule.status == "active", Schedule.next_at <= moment, Schedule.id.not_in(list(but))
        )
        .order_by(Schedule.next_at, Schedule.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Schedule)
        .execution_options(populate_existing=True)
    ).first()


def _run(session: Session, services: Services, schedule: Schedule, moment: datetime) -> Job | None:
    """One run for all times until `moment`; its job, if there is something to convert.

    Raises:
        _NotYet: then nothing has changed. IntegrityError: the time has its run.
    """
    assert schedule.next_at is not None, "it is due"  # noqa: S101
    run = ScheduleRun(schedule_id=schedule.id, due_at=schedule.next_at, status="converting")
    schedule.error = None
    try:
        _check_key(session, services.settings, schedule)
        run.job = _job(session, services, schedule, moment)
    except _Missed as missed:
        run.status, run.error = "missed", missed.error
    except _Stopped as stopped:
        run.status, run.error = "failed", stopped.error
        _stop(schedule, stopped)
    except Refused as refusal:
        run.status = "failed"
        run.error = _error(refusal.code, refusal.message, refusal.hint)
    if schedule.status == "active":
        _advance(schedule, moment)
    session.add(run)
    session.flush()
    if run.status != "missed":  # then nothing was done, and the run itself says so
        subject = run.job_id or schedule.id
        session.add(_audit(schedule, "submit_job", subject, _ANSWERS[run.status]))
    session.commit()
    why = (run.error or {}).get("code", "")
    log.info("schedule_run", schedule=str(schedule.id), status=run.status, why=why)
    return run.job


def _advance(schedule: Schedule, moment: datetime) -> None:
    try:
        schedule.next_at = following(schedule.cron, schedule.time_zone, moment)
    except Refused as refusal:  # its time zone is gone, or its last time was this
        _stop(schedule, _Stopped(refusal.code, refusal.message, refusal.hint))


def _job(session: Session, services: Services, schedule: Schedule, moment: datetime) -> Job:
    """Raises: _Stopped, _Missed, _NotYet, Refused."""
    inputs = _inputs(session, schedule, moment)
    key = schedule.key
    try:
        mode, options = Mode(schedule.mode), Options.of(schedule.options)
        job = jobs.submit(session, services, inputs, mode, options, schedule.key_id)
        if key is not None:  # last: what has not begun takes no request from its key
            count_request(f"key:{key.id}", key.rate_per_minute)
    except TooMany as many:
        raise _NotYet("TOO_MANY_REQUESTS", many.message) from many
    except Away as away:
        raise _NotYet("STORAGE_AWAY", "the storage does not answer") from away
    except Refused as refusal:
        if refusal.code != "PDF_UNAVAILABLE":
            raise
        raise _NotYet(refusal.code, refusal.message, refusal.hint) from refusal
    # looked at when it was saved, and again by a worker with a way out: we may be none
    job.webhook = Webhook(url=schedule.webhook) if schedule.webhook else None
    schedule.taken_at = inputs.workbook.created_at
    return job


def _inputs(session: Session, schedule: Schedule, moment: datetime) -> Inputs:
    """What the run converts. Raises: _Stopped, _Missed; Refused: `TEMPLATE_INSERT`."""
    version = None
    if schedule.template_id is not None:
        try:
            version = get_version(
                session, schedule.team_id, schedule.template_id, schedule.template_version
            )
        except NotFound as error:
            what = "the schedule's template is gone"
            raise _Stopped("TEMPLATE_GONE", what, "make a schedule with another") from error
    workbook = _newest(session, Workbook, schedule, schedule.workbook_name, moment)
    if workbook is None:
        raise _Missed(
            "WORKBOOK_MISSING",
            f"there is no workbook {schedule.workbook_name!r}",
            "upload one of this name before each run",
        )
    if taken := _taken(session, schedule, workbook):
        raise _Missed(
            "WORKBOOK_MISSING",
            f"{schedule.workbook_name!r} {taken}, and no newer one is there",
            "upload one of this name before each run",
        )
    if version is None:
        return Inputs(workbook)
    pictures = None
    if schedule.pictures_name is not None:
        pictures = _newest(session, PictureArchive, schedule, schedule.pictures_name, moment)
        if pictures is None:
            what = f"there is no archive of pictures {schedule.pictures_name!r}"
            raise _Missed("PICTURES_GONE", what, "upload one of this name before each run")
    inserted = inserted_by(session, schedule.team_id, version.template.name, version.fields)
    return Inputs(workbook, version, pictures, inserted)


def _taken(session: Session, schedule: Schedule, workbook: Workbook) -> str:
    """What has been done with it, so that no run takes it; empty: nothing."""
    if schedule.taken_at is not None and workbook.created_at <= schedule.taken_at:
        return "has been taken already"
    by_anyone = select(Mailing.id).join(Job).where(Job.workbook_id == workbook.id)
    if schedule.mail is not None and session.scalar(by_anyone.limit(1)) is not None:
        return "has a mailing already"
    return ""


def _newest(
    session: Session, kind: type[File], schedule: Schedule, name: str, moment: datetime
) -> File | None:
    """The team's newest of that name that is still kept."""
    return session.scalars(
        select(kind)
        .where(kind.team_id == schedule.team_id, kind.name == name, kind.expires_at > moment)
        .order_by(kind.created_at.desc())
        .limit(1)
    ).first()


@dataclass(frozen=True, slots=True)
class _Claim:
    """A run that is this worker's to see to, until then."""

    run_id: UUID
    until: datetime

    def change(self, session: Session, **values: object) -> bool:
        """Whether it was still this worker's. The caller commits."""
        changed = session.execute(
            update(ScheduleRun)
            .where(
                ScheduleRun.id == self.run_id,
                ScheduleRun.status == "converting",
                ScheduleRun.claimed_until == self.until,
            )
            .values(**values, claimed_until=None)
        )
        return bool(changed.rowcount)  # type: ignore[attr-defined]


def finish_ended(session: Session, services: Services, moment: datetime) -> int:
    """See to each run whose job has ended: send its documents, or say why not; how many."""
    ended = 0
    seen: set[UUID] = set()
    while (claim := _claim_ended(session, services.settings, moment, seen)) is not None:
        seen.add(claim.run_id)
        try:
            ended += _finish(session, services, claim)
        except (Away, NotFound, TooMany) as error:  # it comes by itself: another time
            session.rollback()
            claim.change(session)
            session.commit()
            log.warning("schedule_run_waits", run=str(claim.run_id), why=str(error))
        except OperationalError:  # the database is away, for all of them
            raise
        except Exception as error:  # a fault in one must not hold up those after it
            session.rollback()
            log.error("schedule_run_not_ended", run=str(claim.run_id), exc_info=error)
    return ended


def _claim_ended(
    session: Session, settings: Settings, moment: datetime, but: set[UUID]
) -> _Claim | None:
    """A worker without a mail server leaves documents that are to be sent to one that has it."""
    able = true() if settings.smtp_host else or_(Schedule.mail.is_(None), Job.status != "done")
    free = or_(ScheduleRun.claimed_until.is_(None), ScheduleRun.claimed_until < moment)
    run = session.scalars(
        select(ScheduleRun)
        .join(Schedule)
        .outerjoin(Job, Job.id == ScheduleRun.job_id)
        .where(
            ScheduleRun.status == "converting",
            ScheduleRun.id.not_in(list(but)),
            or_(Job.id.is_(None), Job.status.in_(jobs.FINAL) & able),
            free,
        )
        .order_by(ScheduleRun.created_at)
        .limit(1)
        .with_for_update(skip_locked=True, of=ScheduleRun)
    ).first()
    if run is None:
        session.rollback()
        return None
    claim = _Claim(run.id, moment + _LEASE)
    run.claimed_until = claim.until
    session.commit()
    return claim


def _finish(session: Session, services: Services, claim: _Claim) -> bool:
    """Whether it has ended by this. Raises: Away, NotFound, TooMany: not now."""
    session.expire_all()  # others have gone on with the job
    run = session.get_one(ScheduleRun, claim.run_id)
    mailing_id, error = None, None
    try:
        if run.job is None:
            raise Conflict("JOB_REMOVED", "the conversion was deleted before its end was seen")
        if run.job.status != "done":
            error = run.job.error or _ended(run.job.status)
        elif run.schedule.mail is not None:
            mailing_id = _mailing(session, services, run.schedule, run.job.id)
    except _Stopped as stopped:
        error = stopped.error
        session.rollback()
        schedule = session.get_one(ScheduleRun, claim.run_id).schedule
        if schedule.status == "active":
            _stop(schedule, stopped)
    except (Refused, Conflict) as refusal:
        error = _error(refusal.code, refusal.message, refusal.hint)
        session.rollback()
    except Gone:
        error = _error("INPUT_GONE", "a file has expired")
        session.rollback()
    status = "failed" if error else "done"
    ours = claim.change(session, status=status, error=error, mailing_id=mailing_id)
    session.commit()
    why = (error or {}).get("code", "")
    what = status if ours else "another's"
    log.info("schedule_run_ended", run=str(claim.run_id), status=what, why=why)
    return ours


def _mailing(session: Session, services: Services, schedule: Schedule, job_id: UUID) -> UUID:
    """The job's mailing, which an earlier attempt may have made.

    Raises: _Stopped; Refused, Conflict, NotFound, Gone, Away, TooMany: as `mailings.make`.
    """
    known = select(Mailing.id).where(Mailing.job_id == job_id)
    if (earlier := session.scalar(known)) is not None:
        return earlier
    _check_sends(session, services.settings, schedule)
    wording = Wording(**(schedule.mail or {}))
    try:
        planned = mailings.plan(session, services, schedule.team_id, job_id, wording)
        _hold(session, schedule)
        _check_sends(session, services.settings, schedule)  # planning has taken its time
        caller = Caller(_ADDRESS, schedule.team_id, schedule.key_id, _ADDRESS)
        made = mailings.keep(session, services, caller, planned).id
    except Conflict as conflict:
        if conflict.code == "MAILING_EXISTS" and (other := session.scalar(known)) is not None:
            return other
        raise
    session.add(_audit(schedule, "send_mailing", made, _ANSWERS["converting"]))
    session.commit()
    return made


def _hold(session: Session, schedule: Schedule) -> None:
    """Whoever changes it from now on waits for the end of this transaction."""
    same = {"status": Schedule.status}  # SQLite knows no lock of a row, but one of who writes
    session.execute(update(Schedule).where(Schedule.id == schedule.id).values(same))
    session.refresh(schedule)


def _check_sends(session: Session, settings: Settings, schedule: Schedule) -> None:
    """Raises: _Stopped: nobody may run it; Conflict: it is paused, or stopped already."""
    if schedule.status == "stopped" and schedule.error:
        raise Conflict(**schedule.error)
    if schedule.status != "active":
        raise Conflict("SCHEDULE_PAUSED", "the schedule was paused before the mails were sent")
    _check_key(session, settings, schedule)


def _check_key(session: Session, settings: Settings, schedule: Schedule) -> None:
    """Raises: _Stopped: nobody may run it."""
    key = session.get(ApiKey, schedule.key_id, populate_existing=True) if schedule.key_id else None
    if key is not None and key.revoked_at is None:
        return
    if key is None and not settings.auth:
        return
    no_key = "the service asks for keys, and the schedule was made without one"
    what = "the key that it ran by is revoked" if key else no_key
    raise _Stopped("KEY_GONE", what, "resume it with a key of the team")


def _stop(schedule: Schedule, why: _Stopped) -> None:
    schedule.status, schedule.next_at, schedule.error = "stopped", None, why.error


def _note(session: Session, schedule_id: UUID, error: dict[str, str]) -> bool:
    """Why it has not begun, for who looks at it; whether that is another reason than before."""
    schedule = session.get(Schedule, schedule_id, populate_existing=True, with_for_update=True)
    is_new = schedule is not None and schedule.status == "active" and schedule.error != error
    if schedule is not None and is_new:
        schedule.error = error
    session.commit()
    return is_new


def _passed_over(session: Session, schedule_id: UUID, moment: datetime) -> bool:
    """Whether the time has its run already; then the schedule goes on to its next."""
    schedule = session.get_one(Schedule, schedule_id, populate_existing=True, with_for_update=True)
    known = select(ScheduleRun.id).where(
        ScheduleRun.schedule_id == schedule_id, ScheduleRun.due_at == schedule.next_at
    )
    run_id = session.scalar(known)
    if run_id is not None:
        _advance(schedule, moment)
        log.warning("schedule_passed_over", schedule=str(schedule_id), run=str(run_id))
    session.commit()
    return run_id is not None


def _audit(schedule: Schedule, action: str, subject: UUID, status: int) -> Audit:
    return Audit(
        team_id=schedule.team_id,
        key_id=schedule.key_id,
        address=_ADDRESS,
        action=action,
        subject=str(subject),
        status=status,
    )


def _ended(status: str) -> dict[str, str]:
    return _error(f"JOB_{status.upper()}", f"the conversion is {status}")


def _error(code: str, message: str, hint: str = "") -> dict[str, str]:
    return {"code": code, "message": message, "hint": hint}


_FAULT = _error("INTERNAL_ERROR", "something went wrong on our side; it is tried again")
