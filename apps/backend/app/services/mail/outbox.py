"""The mails that wait, in the database: each goes out at most once, whoever dies in between.

`waiting` -> `sending` -> `sent`. A worker that takes a mail has it for as long as a lease runs.
Right before the end of the mail is written it becomes `sending`, and from there it goes back only
if the server itself has said that it did not take it: a worker that dies there leaves it `unclear`.
"""

import zipfile
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Exists, func, select, text, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.config import Settings
from app.services.mail import smtp
from app.services.mail.message import envelope_of, message_bytes
from app.storage.files import Gone, Storage
from app.tables import Mail, Mailing, now

log = structlog.get_logger(__name__)
_LEASE = timedelta(minutes=10)
"""After which another worker tries; or, of a mail that was being sent, nobody knows any more."""
_AGAIN_AFTER_SECONDS = (60, 300, 1_800, 7_200, 21_600)
"""After a server's "not now", as greylisting says it."""
_AWAY_SECONDS = 60
_GIVEN_UP = timedelta(hours=48)
"""After which a mail that no server has looked at has failed."""
_MINUTE = timedelta(minutes=1)
_LOCK = 0x65326D61
"""PostgreSQL's advisory lock of those who count: workers that claim at once keep the rate."""


class Lost(Exception):
    """The mail is another worker's by now, or is not to be sent any more."""


@dataclass(frozen=True, slots=True)
class Due:
    """A mail that is this worker's for a while."""

    mail: Mail
    mailing: Mailing

    @property
    def mine(self) -> Any:
        return (Mail.id == self.mail.id) & (Mail.attempt == self.mail.attempt)


def claim(session: Session, settings: Settings) -> Due | None:
    """A mail whose turn it is, of the mailing that has waited longest; None when none is due."""
    moment = now()
    _leave_unclear(session)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    recent = session.scalar(
        select(func.count()).select_from(Mail).where(Mail.claimed_at > moment - _MINUTE)
    )
    mail = None
    if (recent or 0) < settings.mails_per_minute:
        mail = session.scalars(
            select(Mail)
            .join(Mailing)
            .where(Mail.status == "waiting", Mail.due_at <= moment)
            .order_by(Mailing.served_at, Mailing.id, Mail.due_at, Mail.position)
            .limit(1)
        ).first()
    if mail is None:
        session.rollback()
        return None
    taken = session.execute(
        update(Mail)
        .where(Mail.id == mail.id, Mail.attempt == mail.attempt, Mail.status == "waiting")
        .values(attempt=mail.attempt + 1, claimed_at=moment, due_at=moment + _LEASE)
        .execution_options(synchronize_session=False)
    )
    session.execute(update(Mailing).where(Mailing.id == mail.mailing_id).values(served_at=moment))
    session.commit()
    if not taken.rowcount:  # type: ignore[attr-defined]
        return None
    session.refresh(mail)
    due = Due(mail, mail.mailing)
    session.expunge_all()
    return due


def deliver(session: Session, due: Due, settings: Settings, storage: Storage) -> str:
    """Send it, and write down what came of it: the mail's status, or `lost`."""
    mail = due.mail
    try:
        values = _sent(session, due, settings, storage)
    except Lost:
        log.warning("mail_lost", mail=str(mail.id))
        return "lost"
    except smtp.ServerAway as error:
        values = _again(due, "MAIL_SERVER_AWAY", str(error), _AWAY_SECONDS)
    except smtp.NotNow as error:
        refusals = mail.refusals + 1
        if refusals > len(_AGAIN_AFTER_SECONDS):
            values = _failed("MAIL_REFUSED", str(error))
        else:
            values = _again(due, "MAIL_REFUSED", str(error), _AGAIN_AFTER_SECONDS[refusals - 1])
        values["refusals"] = refusals
    except smtp.Rejected as error:
        values = _failed("MAIL_REFUSED", str(error))
    except smtp.Unclear as error:
        values = _unclear(str(error))
    except ValueError as error:  # a header that is not one line: nothing of it was sent
        values = _failed("MAIL_TEXT", str(error)[:300])
    except (Gone, KeyError, zipfile.BadZipFile):
        values = _failed("RESULT_EXPIRED", "the document is not there any more")
    session.execute(update(Mail).where(due.mine, Mail.status != "cancelled").values(**values))
    session.commit()
    status: str = values["status"]
    why = (values.get("error") or {}).get("message", "")
    log.info("mail", mail=str(mail.id), attempt=mail.attempt, status=status, why=why)
    return status


def _sent(session: Session, due: Due, settings: Settings, storage: Storage) -> dict[str, Any]:
    mail, sender = due.mail, due.mailing.sender
    with storage.local(due.mailing.result_sha256) as path, zipfile.ZipFile(path) as archive:
        content = archive.read(mail.document)
    message = message_bytes(
        mail_id=mail.id,
        sender=sender,
        recipient=mail.address,
        subject=mail.subject,
        text=mail.text,
        document=mail.document,
        content=content,
        moment=now(),
    )

    def commit() -> None:
        going = session.execute(
            update(Mail)
            .where(due.mine, Mail.status == "waiting")
            .values(status="sending", claimed_at=now())
        )
        session.commit()
        if not going.rowcount:  # type: ignore[attr-defined]
            raise Lost

    smtp.send(settings, envelope_of(sender, mail.address), message, commit)
    return {"status": "sent", "sent_at": now(), "error": None}


def _leave_unclear(session: Session) -> None:
    """Mails whose worker has died at the one moment when nobody can know."""
    session.execute(
        update(Mail)
        .where(Mail.status == "sending", Mail.claimed_at < now() - _LEASE)
        .values(**_unclear("the worker died while the server was answering"))
    )
    session.commit()


def _again(due: Due, code: str, why: str, seconds: int) -> dict[str, Any]:
    if now() - due.mailing.created_at > _GIVEN_UP:
        return _failed(code, why)
    later = now() + timedelta(seconds=seconds)
    return {"status": "waiting", "due_at": later, "error": {"code": code, "message": why}}


def _failed(code: str, why: str) -> dict[str, Any]:
    return {"status": "failed", "error": {"code": code, "message": why}}


def _unclear(why: str) -> dict[str, Any]:
    message = f"it may have been sent, and is not sent again: {why}"
    return {"status": "unclear", "error": {"code": "MAIL_UNCLEAR", "message": message[:300]}}


def is_open(mailing_id: InstrumentedAttribute[UUID]) -> Exists:
    """A condition: mails of the mailing are still on their way."""
    going = Mail.status.in_(("waiting", "sending"))
    return select(Mail.id).where(Mail.mailing_id == mailing_id, going).exists()
