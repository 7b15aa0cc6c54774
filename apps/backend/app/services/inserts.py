"""Which documents of a team a template inserts, by name."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.inserting.names import called
from app.domain.inserting.whole import MAX_DEPTH, MAX_INSERTED, refused
from app.tables import Template, TemplateVersion


def inserted_by(
    session: Session, team_id: UUID, name: str, fields: Mapping[str, Any]
) -> dict[str, str]:
    """Hashes of the newest versions of all that the template `name`, with these fields, inserts.

    Raises:
        Refused: `TEMPLATE_INSERT`: there is none of a name, or two; or there is no end to it.
    """
    found: dict[str, str] = {}
    known: dict[str, list[UUID]] | None = None
    waiting: list[tuple[str, tuple[str, ...]]] = [
        (each, (called(name),)) for each in fields.get("inserts", ())
    ]
    while waiting:
        wanted, within = waiting.pop(0)
        if wanted in within:
            chain = " inserts ".join(map(repr, (*within, wanted)))
            raise refused(f"{chain}: there is no end to it")
        if len(within) > MAX_DEPTH:
            raise refused(f"{wanted!r} is inserted more than {MAX_DEPTH} documents deep")
        known = known if known is not None else _templates(session, team_id)
        version = _newest(session, known.get(wanted, []), wanted)
        found[wanted] = version.sha256
        if len(found) > MAX_INSERTED:
            raise refused(f"more than {MAX_INSERTED} documents are inserted")
        waiting += [(each, (*within, wanted)) for each in version.fields.get("inserts", ())]
    return found


def _templates(session: Session, team_id: UUID) -> dict[str, list[UUID]]:
    """The team's, by what they are called."""
    found: dict[str, list[UUID]] = {}
    for key, name in session.execute(
        select(Template.id, Template.name).where(
            Template.team_id == team_id, Template.deleted_at.is_(None)
        )
    ):
        found.setdefault(called(name), []).append(key)
    return found


def _newest(session: Session, named: list[UUID], name: str) -> TemplateVersion:
    if not named:
        raise refused(f"there is no template {name!r} to insert")
    if len(named) > 1:
        raise refused(
            f"{len(named)} templates are called {name!r}",
            "delete all but one, or upload what is newer as a version of it",
        )
    return session.get_one(Template, named[0]).versions[-1]
