"""Mailings: list what would be sent, send it, follow it, stop it."""

import zipfile
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import PurePath
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.config import Settings
from app.domain.conversion import Mode
from app.domain.letters import Letter, Wording, has_letters
from app.domain.refusal import Refused
from app.services import idempotency
from app.services.context import Services
from app.services.errors import Conflict
from app.services.inputs import Inputs, as_asked_of, run_on_inputs
from app.services.jobs import result_of
from app.services.owning import Caller, kept_hours, owned
from app.services.submission import Once
from app.tables import Job, Mail, Mailing, now

STATUSES = ("waiting", "sending", "sent", "failed", "unclear", "cancelled")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Addressed:
    """A letter, and the document that goes with it."""

    letter: Letter
    document: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a mailing would send, in the order of the rows."""

    job: Job
    sender: str
    mails: list[Addressed]


def check(settings: Settings, mode: Mode, *, merged: bool) -> None:
    """Whether the documents of such a job can be sent.

    Raises: Refused: `MAIL_UNAVAILABLE`, `MAIL_NEEDS_MANY`.
    """
    if settings.smtp_host is None:
        raise Refused(
            "MAIL_UNAVAILABLE",
            "this service sends no e-mail",
            "set EXCEL2DOC_SMTP_HOST and EXCEL2DOC_MAIL_FROM (README: E-mail)",
        )
    if not has_letters(mode, merged=merged):
        raise Refused(
            "MAIL_NEEDS_MANY",
            "the job makes one document, not one for each row or group",
            "convert in mode 'per-row' or 'per-group', without merged",
        )


def plan(
    session: Session, services: Services, team_id: UUID, job_id: UUID, wording: Wording
) -> Plan:
    """What would be sent to whom; nothing is sent, nothing is kept.

    Raises:
        NotFound; Conflict: `RESULT_NOT_READY`, `RESULT_EXPIRED`, `WORKBOOK_GONE`; Refused:
            `MAIL_UNAVAILABLE`, `MAIL_NEEDS_MANY`, `COLUMN_UNKNOWN`, `MAIL_TEXT`, `TOO_MANY_MAILS`.
    """
    job = result_of(session, services, team_id, job_id)
    settings = services.settings
    check(settings, Mode(job.mode), merged=bool(job.options.get("merged")))
    if job.workbook.expires_at < now():
        raise Conflict("WORKBOOK_GONE", "the job's workbook has expired", "upload it again")
    request = {"operation": "letters", **as_asked_of(job), "wording": asdict(wording)}
    found = run_on_inputs(session, services, Inputs.of(job), request)
    with (
        services.storage.local(job.result_sha256 or "") as path,
        zipfile.ZipFile(path) as archive,
    ):
        sizes = {PurePath(i.filename).stem: (i.filename, i.file_size) for i in archive.infolist()}
    letters = (Letter(**{**each, "problem": _pair(each["problem"])}) for each in found)
    # a row that made no document gets no mail either
    mails = [Addressed(each, *sizes[each.document]) for each in letters if each.document in sizes]
    most = settings.mail_max_bytes
    return Plan(job, settings.mail_from, [_fitting(each, most) for each in mails])


def _pair(problem: list[str] | None) -> tuple[str, str] | None:
    return (problem[0], problem[1]) if problem else None


def _fitting(mail: Addressed, most_bytes: int) -> Addressed:
    if mail.size_bytes <= most_bytes:
        return mail
    why = f"the document has {mail.size_bytes} bytes, more than {most_bytes}"
    return replace(mail, letter=replace(mail.letter, problem=("ATTACHMENT_TOO_LARGE", why)))


def make(
    session: Session,
    services: Services,
    caller: Caller,
    job_id: UUID,
    wording: Wording,
    once: Once | None = None,
) -> Mailing:
    """A mailing whose mails the workers send; those that cannot be sent have failed already.

    Raises:
        as `plan`; Conflict: `MAILING_EXISTS`: a job is mailed once; `IDEMPOTENCY_KEY_REUSED`.
    """
    if once:
        known = idempotency.earlier(session, once.key, once.request_hash)
        if known is not None:
            return get(session, caller.team_id, known)
    planned = plan(session, services, caller.team_id, job_id, wording)
    try:
        mailing = keep(session, services, caller, planned)
    except Conflict:
        if once and idempotency.earlier(session, once.key, once.request_hash):
            return make(session, services, caller, job_id, wording, once)
        raise
    if once:
        idempotency.remember(session, once.key, once.request_hash, mailing.id)
    else:
        session.commit()
    return mailing


def keep(session: Session, services: Services, caller: Caller, planned: Plan) -> Mailing:
    """The mailing that was planned. The caller commits; then the workers send it.

    Raises:
        Conflict: `MAILING_EXISTS`: a job is mailed once; the transaction is rolled back.
    """
    job = planned.job
    job_id = job.id
    hours = kept_hours(session, services, caller.team_id, job.keep_hours)
    mailing = Mailing(
        team_id=caller.team_id,
        job_id=job_id,
        sender=planned.sender,
        result_sha256=job.result_sha256 or "",
        expires_at=now() + timedelta(hours=hours),
    )
    session.add(mailing)
    try:
        session.flush()
    except IntegrityError as error:
        session.rollback()
        earlier = session.scalar(select(Mailing.id).where(Mailing.job_id == job_id))
        raise Conflict(
            "MAILING_EXISTS",
            f"the job's documents are sent already, by mailing {earlier}",
            "convert the workbook again to send them once more",
        ) from error
    rows = [_row(mailing, position, mail) for position, mail in enumerate(planned.mails)]
    for first in range(0, len(rows), _AT_ONCE):
        session.execute(insert(Mail), rows[first : first + _AT_ONCE])
    return mailing


def _row(mailing: Mailing, position: int, mail: Addressed) -> dict[str, object]:
    letter = mail.letter
    error = {"code": letter.problem[0], "message": letter.problem[1]} if letter.problem else None
    return {
        "mailing_id": mailing.id,
        "position": position,
        "place": letter.place[:500],
        "address": letter.address,
        "subject": letter.subject,
        "text": letter.text,
        "document": mail.document,
        "size_bytes": mail.size_bytes,
        "status": "failed" if error else "waiting",
        "error": error,
    }


def get(session: Session, team_id: UUID, mailing_id: UUID) -> Mailing:
    """Raises: NotFound."""
    return owned(session, Mailing, team_id, mailing_id)


def counts_of(session: Session, mailing_id: UUID) -> dict[str, int]:
    """How many mails are in which state."""
    counted = select(Mail.status, func.count()).where(Mail.mailing_id == mailing_id)
    found = {row[0]: row[1] for row in session.execute(counted.group_by(Mail.status)).all()}
    return {status: found.get(status, 0) for status in STATUSES}


def mails_of(
    session: Session, mailing_id: UUID, status: str | None, first: int, limit: int
) -> tuple[list[Mail], int | None]:
    """Mails from position `first` on, and the position of the next one."""
    wanted = select(Mail).where(Mail.mailing_id == mailing_id, Mail.position >= first)
    if status:
        wanted = wanted.where(Mail.status == status)
    found = list(session.scalars(wanted.order_by(Mail.position).limit(limit + 1)))
    return found[:limit], found[limit].position if len(found) > limit else None


def cancel(session: Session, team_id: UUID, mailing_id: UUID) -> Mailing:
    """What waits is not sent any more; what is being sent right now may still go out.

    Raises: NotFound.
    """
    mailing = get(session, team_id, mailing_id)
    session.execute(
        update(Mail)
        .where(Mail.mailing_id == mailing_id, Mail.status == "waiting")
        .values(status="cancelled")
    )
    session.commit()
    return mailing


def retry(session: Session, team_id: UUID, mailing_id: UUID) -> Mailing:
    """Send again what a server has refused or given no chance to; nothing that may have gone out.

    Raises: NotFound.
    """
    mailing = get(session, team_id, mailing_id)
    refused = Mail.error["code"].as_string().in_(("MAIL_REFUSED", "MAIL_SERVER_AWAY"))
    session.execute(
        update(Mail)
        .where(Mail.mailing_id == mailing_id, Mail.status == "failed", refused)
        .values(status="waiting", refusals=0, due_at=now(), error=None)
    )
    session.commit()
    return mailing
