"""A few documents of a conversion, looked at before it is asked for."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from app.domain.conversion import Mode
from app.services import queue
from app.services.context import Services
from app.services.errors import NotFound
from app.services.inputs import as_asked, run_on_inputs
from app.services.jobs import result_name
from app.services.owning import Caller, unexpired
from app.services.submission import Wanted, inputs_of
from app.storage.files import Storage
from app.tables import Preview, now

_KEPT = timedelta(hours=1)
_AWAITED = timedelta(minutes=2)
"""Whoever has asked for pages longer ago has something else before his eyes by now."""
_LEASE = timedelta(seconds=90)
_MAX_ATTEMPTS = 2


def make(
    session: Session, services: Services, caller: Caller, wanted: Wanted, first: int
) -> Preview:
    """Up to three documents from position `first` on; their pages follow, where a worker makes any.

    Raises:
        NotFound, Refused, Gone.
    """
    inputs = inputs_of(session, caller.team_id, wanted)
    workbook = inputs.workbook
    wanted.options.check(wanted.mode)
    with TemporaryDirectory(dir=services.settings.work_dir) as folder:
        request = {
            "operation": "sample",
            **as_asked(workbook, wanted.mode, wanted.options),
            "folder": folder,
            "first": first,
        }
        found = run_on_inputs(session, services, inputs, request)
        documents = [_kept(services.storage, each) for each in found["documents"]]
    if wanted.mode in (Mode.TABLE, Mode.SINGLE):
        documents[0]["name"] = result_name(workbook.name, documents[0]["name"])
    drawn = any(worker.pdf for worker in queue.workers_seen(session))
    preview = Preview(
        team_id=caller.team_id,
        expires_at=now() + _KEPT,
        status="queued" if drawn else "done",
        documents=documents,
        following=found["following"],
    )
    session.add(preview)
    session.commit()
    return preview


def _kept(storage: Storage, document: dict[str, Any]) -> dict[str, Any]:
    stored = storage.put(Path(document.pop("path")))
    return {
        **document,
        "sha256": stored.sha256,
        "size_bytes": stored.size_bytes,
        "pages": None,
    }


def get(session: Session, team_id: UUID, preview_id: UUID) -> Preview:
    """Raises: NotFound."""
    return unexpired(session, Preview, team_id, preview_id)


def document_of(session: Session, team_id: UUID, preview_id: UUID, number: int) -> dict[str, Any]:
    """The document with this number, from 1. Raises: NotFound."""
    documents = get(session, team_id, preview_id).documents
    if number > len(documents):
        raise NotFound("document", f"{preview_id}/{number}")
    return documents[number - 1]


def page_of(
    session: Session, team_id: UUID, preview_id: UUID, number: int, page: int
) -> tuple[str, str]:
    """Document name and hash of a page's picture. Raises: NotFound: also where none are made."""
    document = document_of(session, team_id, preview_id, number)
    pages: list[str] = document["pages"] or []
    if page > len(pages):
        raise NotFound("page", f"{preview_id}/{number}/{page}")
    return document["name"], pages[page - 1]


def claim(session: Session) -> Preview | None:
    """Take the newest one that waits for its pages, or whose worker is gone."""
    moment = now()
    waits = or_(
        Preview.status == "queued",
        and_(Preview.status == "running", Preview.lease_until < moment),
    )
    preview = session.scalars(
        select(Preview)
        .where(waits, Preview.created_at > moment - _AWAITED, Preview.attempt < _MAX_ATTEMPTS)
        .order_by(Preview.created_at.desc())
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if preview is None:
        session.rollback()
        return None
    preview.status, preview.lease_until = "running", moment + _LEASE
    preview.attempt += 1
    session.commit()
    return preview


def complete(session: Session, held: Preview, pages: list[list[str]]) -> None:
    """The pages of each document, in their order. Nothing where another worker has taken it."""
    drawn = [
        {**document, "pages": of_it} for document, of_it in zip(held.documents, pages, strict=True)
    ]
    _finish(session, held, status="done", documents=drawn)


def fail(session: Session, held: Preview, code: str, message: str, hint: str = "") -> None:
    """There will be no pages; the documents are there all the same."""
    _finish(session, held, status="failed", error={"code": code, "message": message, "hint": hint})


def _finish(session: Session, held: Preview, **values: Any) -> None:
    session.execute(
        update(Preview)
        .where(Preview.id == held.id, Preview.status == "running", Preview.attempt == held.attempt)
        .values(**values)
    )
    session.commit()
