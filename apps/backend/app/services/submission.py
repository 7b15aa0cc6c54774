"""A job is asked for once: its inputs are looked up, it is kept, the workers hear of it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.conversion import Mode, Options
from app.services import idempotency, jobs
from app.services.context import Services
from app.services.inputs import Inputs
from app.services.inserts import inserted_by
from app.services.owning import Caller
from app.services.pictures import get_pictures
from app.services.templates import get_version
from app.services.workbooks import get_workbook
from app.tables import Job


@dataclass(frozen=True, slots=True)
class Wanted:
    """A conversion as it is asked for; `template_version` None is the newest."""

    workbook_id: UUID
    template_id: UUID | None
    template_version: int | None
    mode: Mode
    options: Options
    webhook: str | None = None
    pictures_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Once:
    """The request's idempotency key, a client's own, and what was sent with it."""

    key: str
    request_hash: str


def inputs_of(session: Session, team_id: UUID, wanted: Wanted) -> Inputs:
    """Raises: NotFound; Refused: `TEMPLATE_INSERT`."""
    workbook = get_workbook(session, team_id, wanted.workbook_id)
    pictures = wanted.pictures_id and get_pictures(session, team_id, wanted.pictures_id)
    if wanted.template_id is None or wanted.mode is Mode.TABLE:
        return Inputs(workbook)
    version = get_version(session, team_id, wanted.template_id, wanted.template_version)
    inserted = inserted_by(session, team_id, version.template.name, version.fields)
    return Inputs(workbook, version, pictures or None, inserted)


def submit(
    session: Session, services: Services, caller: Caller, wanted: Wanted, once: Once | None = None
) -> Job:
    """The job, in one transaction with its key; the earlier one when the key has made one.

    Raises:
        NotFound; Refused: as `jobs.submit`; Conflict: the key came with another request.
    """
    if once:
        known = idempotency.earlier(session, once.key, once.request_hash)
        if known is not None:
            return jobs.get_job(session, caller.team_id, known)
    job = jobs.submit(
        session,
        services,
        inputs_of(session, caller.team_id, wanted),
        wanted.mode,
        wanted.options,
        caller.key_id,
        wanted.webhook,
    )
    session.flush()
    if once:
        made = idempotency.remember(session, once.key, once.request_hash, job.id)
        if made != job.id:
            return jobs.get_job(session, caller.team_id, made)
    else:
        session.commit()
    jobs.announce(job)
    return job
