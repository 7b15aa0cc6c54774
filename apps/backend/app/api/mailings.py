"""`/api/v1/mailings`"""

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.api import problems
from app.api.access import Reader, SessionDependency, Writer
from app.api.jobs import once_of
from app.api.pagination import Cursor, Limit, Page, page_of
from app.api.parameters import FirstMail, IdempotencyKey, MailingId, MailStatus
from app.api.schemas import (
    ErrorOut,
    LetterOut,
    MailingDryRunOut,
    MailingIn,
    MailingOut,
    MailOut,
    MailsOut,
)
from app.services.context import get_services
from app.services.mail import mailings
from app.services.mail.message import message_id
from app.tables import Mail, Mailing

_TEXTS_SHOWN = 3
router = APIRouter(prefix="/api/v1", tags=["mailings"], responses=problems.COMMON)


@router.post("/mailing-dry-runs", responses=problems.responses(404, 409))
def try_mailing(body: MailingIn, session: SessionDependency, caller: Reader) -> MailingDryRunOut:
    """What would be sent to whom, and what could not be; nothing is sent."""
    services = get_services()
    found = mailings.plan(session, services, caller.team_id, body.job_id, body.to_wording())
    return MailingDryRunOut(
        sender=found.sender,
        mails=[_letter(mail, number < _TEXTS_SHOWN) for number, mail in enumerate(found.mails)],
        problems=sum(mail.letter.problem is not None for mail in found.mails),
        per_minute=services.settings.mails_per_minute,
    )


@router.post("/mailings", status_code=202, responses=problems.responses(404, 409))
def send_mailing(
    body: MailingIn,
    response: Response,
    session: SessionDependency,
    caller: Writer,
    idempotency_key: IdempotencyKey = None,
) -> MailingOut:
    """Send a job's documents, each to the address in its row, as many a minute as the service may.

    A job is mailed once, and no mail goes out twice, whatever breaks in between.
    """
    once = once_of(caller, body, idempotency_key)
    made = mailings.make(session, get_services(), caller, body.job_id, body.to_wording(), once)
    caller.subject = str(made.id)
    response.headers["Location"] = f"/api/v1/mailings/{made.id}"
    return _to_out(session, made)


@router.get("/mailings")
def list_mailings(
    session: SessionDependency, caller: Reader, limit: Limit = 20, cursor: Cursor = None
) -> Page[MailingOut]:
    """The team's mailings, newest first."""
    own = select(Mailing).where(Mailing.team_id == caller.team_id)
    found, following = page_of(session, own, Mailing, limit, cursor)
    return Page(items=[_to_out(session, each) for each in found], next_cursor=following)


@router.get("/mailings/{mailing_id}", responses=problems.responses(404))
def get_mailing(mailing_id: MailingId, session: SessionDependency, caller: Reader) -> MailingOut:
    """How far a mailing is."""
    return _to_out(session, mailings.get(session, caller.team_id, mailing_id))


@router.get("/mailings/{mailing_id}/mails", responses=problems.responses(404))
def list_mails(
    mailing_id: MailingId,
    session: SessionDependency,
    caller: Reader,
    status: MailStatus = None,
    first: FirstMail = 0,
    limit: Limit = 100,
) -> MailsOut:
    """Its mails in the order of the rows, with what the mail server has said of each."""
    mailing = mailings.get(session, caller.team_id, mailing_id)
    found, following = mailings.mails_of(session, mailing_id, status, first, limit)
    return MailsOut(items=[_mail(each, mailing.sender) for each in found], following=following)


@router.post("/mailings/{mailing_id}/cancel", responses=problems.responses(404))
def cancel_mailing(mailing_id: MailingId, session: SessionDependency, caller: Writer) -> MailingOut:
    """Send nothing more of it; one mail may be going out at this moment."""
    return _to_out(session, mailings.cancel(session, caller.team_id, mailing_id))


@router.post("/mailings/{mailing_id}/retry", responses=problems.responses(404))
def retry_mailing(mailing_id: MailingId, session: SessionDependency, caller: Writer) -> MailingOut:
    """Try again what the mail server has refused; never what may have been sent."""
    return _to_out(session, mailings.retry(session, caller.team_id, mailing_id))


def _letter(mail: mailings.Addressed, with_text: bool) -> LetterOut:
    letter = mail.letter
    problem = (
        ErrorOut(code=letter.problem[0], message=letter.problem[1]) if letter.problem else None
    )
    return LetterOut(
        place=letter.place,
        address=letter.address,
        subject=letter.subject,
        text=letter.text if with_text else None,
        document=mail.document,
        size_bytes=mail.size_bytes,
        problem=problem,
    )


def _to_out(session: Session, mailing: Mailing) -> MailingOut:
    own = {name: getattr(mailing, name) for name in MailingOut.model_fields if name != "mails"}
    return MailingOut(**own, mails=mailings.counts_of(session, mailing.id))


def _mail(mail: Mail, sender: str) -> MailOut:
    derived = {"message_id", "error"}
    own = {name: getattr(mail, name) for name in MailOut.model_fields if name not in derived}
    error = ErrorOut(**mail.error) if mail.error else None
    return MailOut(**own, message_id=message_id(mail.id, sender), error=error)
