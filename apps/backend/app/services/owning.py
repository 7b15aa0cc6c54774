"""Whose request it is, and what it may open: one rule for everything that belongs to a team."""

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.refusal import Refused
from app.services.context import Services
from app.services.errors import NotFound
from app.tables import (
    Job,
    Mailing,
    PictureArchive,
    Preview,
    Schedule,
    Team,
    Template,
    Workbook,
    now,
)

Owned = TypeVar("Owned", Workbook, PictureArchive, Template, Job, Preview, Mailing, Schedule)
Expiring = TypeVar("Expiring", Workbook, PictureArchive, Preview)


@dataclass(slots=True)
class Caller:
    """Who asks.

    Attributes:
        client: who is counted.
        team_id: whose things are opened and made; `SHARED_TEAM` where no keys are asked for.
        subject: what a request has made, for the audit log.
    """

    client: str
    team_id: UUID
    key_id: UUID | None
    address: str
    subject: str | None = None


def owned(session: Session, model: type[Owned], team_id: UUID, key: UUID) -> Owned:
    """The team's.

    Raises:
        NotFound: there is none, or it is another team's: nobody can tell which.
    """
    found = session.scalars(select(model).where(model.id == key, model.team_id == team_id)).first()
    if found is None:
        raise NotFound(model.__name__.lower(), key)
    return found


def unexpired(session: Session, model: type[Expiring], team_id: UUID, key: UUID) -> Expiring:
    """As `owned`: what has expired is gone for its users. Raises: NotFound."""
    found = owned(session, model, team_id, key)
    if found.expires_at < now():
        raise NotFound(model.__name__.lower(), key)
    return found


def kept_hours(session: Session, services: Services, team_id: UUID, own: int | None) -> int:
    """How long a file is kept that says `own` of itself: never longer than its team's are."""
    usual = session.get_one(Team, team_id).keep_hours or services.settings.keep_hours
    return usual if own is None else min(own, usual)


def hours_of_upload(session: Session, services: Services, team_id: UUID, own: int | None) -> int:
    """As `kept_hours`. Raises: Refused: `KEEP_TOO_LONG`: that is less than was asked for."""
    hours = kept_hours(session, services, team_id, own)
    if own is not None and own > hours:
        raise Refused(
            "KEEP_TOO_LONG", f"keep_hours is {own}, and nothing is kept longer than {hours}"
        )
    return hours
