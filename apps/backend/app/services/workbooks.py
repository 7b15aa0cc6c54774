"""Workbooks: upload, look at, forget."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.services.context import Services
from app.services.isolation.slots import run_isolated
from app.services.owning import hours_of_upload, unexpired
from app.services.uploads import Upload
from app.tables import Workbook, now


def add_workbook(
    session: Session,
    services: Services,
    team_id: UUID,
    upload: Upload,
    keep_hours: int | None = None,
) -> Workbook:
    """Look at the workbook and keep it. The same bytes are looked at again only when forgotten.

    Raises:
        Refused: it is none that we read, or over a limit; `KEEP_TOO_LONG`.
    """
    hours = hours_of_upload(session, services, team_id, keep_hours)
    # a team's own: how quick an answer is tells nobody what others have uploaded
    known = session.scalars(
        select(Workbook).where(
            Workbook.team_id == team_id,
            Workbook.sha256 == upload.sha256,
            Workbook.name == upload.name,
        )
    ).first()
    if known is not None and services.storage.exists(known.sha256):
        found = {"kind": known.kind, "sheets": known.sheets}
    else:
        found = run_isolated(
            services, {"operation": "inspect", "path": str(upload.path), "name": upload.name}
        )
    services.storage.put(upload.path)
    workbook = Workbook(
        name=upload.name,
        sha256=upload.sha256,
        size_bytes=upload.size_bytes,
        expires_at=now() + timedelta(hours=hours),
        team_id=team_id,
        keep_hours=keep_hours,
        kind=found["kind"],
        sheets=found["sheets"],
    )
    session.add(workbook)
    session.commit()
    return workbook


def get_workbook(session: Session, team_id: UUID, workbook_id: UUID) -> Workbook:
    """Raises: NotFound."""
    return unexpired(session, Workbook, team_id, workbook_id)


def look_at_sheet(
    session: Session,
    services: Services,
    team_id: UUID,
    workbook_id: UUID,
    sheet_name: str,
    header_row: int | None,
) -> dict[str, Any]:
    """A sheet with its header in another row than the one that was found.

    Raises:
        NotFound; Refused: there is no such sheet or row.
    """
    workbook = get_workbook(session, team_id, workbook_id)
    sha256, name = workbook.sha256, workbook.name
    session.rollback()  # reading takes its time; the connection is for others
    with services.storage.local(sha256) as path:
        request = {"operation": "inspect-sheet", "path": str(path), "name": name}
        sheet: dict[str, Any] = run_isolated(
            services, {**request, "sheet": sheet_name, "header_row": header_row}
        )
    return sheet


def forget_workbook(session: Session, team_id: UUID, workbook_id: UUID) -> None:
    """It is gone for its users at once; its bytes go when the last job that needs them is."""
    get_workbook(session, team_id, workbook_id).expires_at = now()
    session.commit()
