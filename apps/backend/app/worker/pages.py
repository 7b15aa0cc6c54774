"""Pictures of pages, for previews: a thread beside the jobs, so that nobody waits behind one."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.core.database import session_factory
from app.domain.refusal import Refused
from app.services import previews
from app.services.context import Services
from app.services.isolation.forked import Crashed
from app.services.isolation.office import Office
from app.storage.files import Gone
from app.tables import Preview

log = structlog.get_logger(__name__)
MOST_PAGES = 5
"""Of each document."""
_POLL_SECONDS = 0.5
_SECONDS = 60
"""Of LibreOffice, and of the pictures: somebody looks at an empty page meanwhile."""


Tick = Callable[[], None]


class _Stopping(Exception):
    pass


def make_pages(services: Services, office: Office, stopping: threading.Event) -> None:
    """Until `stopping` is set, the pages of previews that wait for them."""
    office = replace(office, limits=replace(office.limits, seconds=_SECONDS))
    while not stopping.is_set():
        try:
            with session_factory() as session:
                held = previews.claim(session)
            if held is not None:
                _draw(services, office, held, stopping)
                continue
        except (SQLAlchemyError, OSError, Crashed) as error:
            log.error("pages_not_made", error=str(error)[:300])
        except _Stopping:
            return
        stopping.wait(_POLL_SECONDS)


def _draw(services: Services, office: Office, held: Preview, stopping: threading.Event) -> None:
    def tick() -> None:
        if stopping.is_set():
            raise _Stopping

    try:
        pages = _pages(services, office, held, tick)
    except Gone:
        with session_factory() as session:
            previews.fail(session, held, "INPUT_GONE", "the document has expired")
    except Refused as refusal:
        with session_factory() as session:
            previews.fail(session, held, refusal.code, refusal.message, refusal.hint)
    else:
        with session_factory() as session:
            previews.complete(session, held, pages)


def _pages(services: Services, office: Office, held: Preview, tick: Tick) -> list[list[str]]:
    storage = services.storage
    with TemporaryDirectory(dir=services.settings.work_dir) as scratch, ExitStack() as files:
        folder = Path(scratch)
        documents = []
        for number, document in enumerate(held.documents):
            stored = files.enter_context(storage.local(document["sha256"]))
            path = folder / f"{number}.docx"  # no name of a user's
            path.write_bytes(stored.read_bytes())
            documents.append(path)
        pdfs = office.to_pdf(documents, folder, tick, last_page=MOST_PAGES)
        request = {
            "operation": "page-pictures",
            "pdfs": [str(pdf) for pdf in pdfs],
            "folder": scratch,
            "most": MOST_PAGES,
        }
        drawn = services.isolation.run(request, tick=tick, max_seconds=_SECONDS)
        return [[storage.put(Path(page)).sha256 for page in pages] for pages in drawn]
