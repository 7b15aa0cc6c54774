"""Do one job, in isolation, and write down what came of it if it is still ours."""

import threading
import time
import zipfile
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from sqlalchemy.orm import Session

from app.core.database import session_factory
from app.core.metrics import JOB_SECONDS, JOBS
from app.domain.conversion import PDF
from app.domain.refusal import Refused
from app.services import queue
from app.services.context import Services
from app.services.inputs import Inputs, as_asked_of
from app.services.isolation.forked import Crashed
from app.services.isolation.office import Office
from app.services.jobs import result_name
from app.services.queue import Held, Lost, Rules
from app.storage.files import Away, Gone
from app.tables import Job
from app.worker.pdf import archive_as_pdf, document_as_pdf

log = structlog.get_logger(__name__)
_REPORT_SECONDS = 1.0
_AWAY_SECONDS = 5.0
"""How long a storage that does not answer is left in peace."""


class _Cancelled(Exception):
    pass


class _Stopping(Exception):
    pass


def do_job(services: Services, held: Held, rules: Rules, stopping: threading.Event) -> None:
    """Whatever happens, the job is done, failed, cancelled, back in the queue, or another's."""
    started = time.monotonic()
    structlog.contextvars.bind_contextvars(job=str(held.job_id), attempt=held.attempt)
    outcome = "lost"
    try:
        outcome = _Conversion(services, held, rules, stopping).run()
    except Lost:
        log.warning("job_lost")
    finally:
        JOBS.labels(outcome).inc()
        JOB_SECONDS.observe(time.monotonic() - started)
        log.info("job_ended", outcome=outcome, seconds=round(time.monotonic() - started, 3))
        structlog.contextvars.unbind_contextvars("job", "attempt")


class _Conversion:
    def __init__(
        self, services: Services, held: Held, rules: Rules, stopping: threading.Event
    ) -> None:
        self._services, self._held, self._rules = services, held, rules
        self._stopping = stopping
        self._done = 0
        self._total: int | None = None
        self._office: Office | None = None
        """Set when the job wants PDFs; a worker without LibreOffice gets no such job."""
        self._reported = time.monotonic()

    def run(self) -> str:
        """How it ended. Raises: Lost."""
        try:
            self._convert()
        except Refused as refusal:
            with session_factory() as session:
                queue.fail(session, self._held, refusal.code, refusal.message, refusal.hint)
            return "refused"
        except Gone:
            with session_factory() as session:
                queue.fail(session, self._held, "INPUT_GONE", self._what_is_gone(session))
            return "refused"
        except _Cancelled:
            with session_factory() as session:
                queue.set_cancelled(session, self._held)
            return "cancelled"
        except _Stopping:
            with session_factory() as session:
                queue.release(session, self._held, self._rules.max_attempts, "", count=False)
            return "released"
        except Away as error:
            log.error("storage_away", error=str(error))
            with session_factory() as session:
                queue.release(session, self._held, self._rules.max_attempts, "", count=False)
            self._stopping.wait(_AWAY_SECONDS)
            return "released"
        except (Crashed, OSError) as error:
            log.error("attempt_failed", error=str(error))
            with session_factory() as session:
                queue.release(session, self._held, self._rules.max_attempts, str(error)[:200])
            return "crashed"
        return "done"

    def _what_is_gone(self, session: Session) -> str:
        inputs = Inputs.of(session.get_one(Job, self._held.job_id))
        gone = [each.message for each in inputs.gone(self._services.storage)]
        return "; ".join(gone) or "a file that the job reads has expired"

    def _convert(self) -> None:
        work = self._services.settings.work_dir
        with TemporaryDirectory(dir=work) as folder, ExitStack() as files:
            request, workbook_name = self._request(files, folder)
            finished = self._services.isolation.run(request, self._listen, self._tick)
            path, media_type = finished["path"], finished["media_type"]
            if path is None and request["options"].get("merged"):
                path, media_type = self._merge_parts(folder, finished["rows"])
            elif path is None:
                path = Path(folder) / "result.zip"
                self._join_parts(path)
            elif self._office:
                path, media_type = document_as_pdf(self._office, Path(path), self._tick), PDF
            stored = self._services.storage.put(Path(path))
            with session_factory() as session:
                queue.complete(
                    session,
                    self._held,
                    self._rules,
                    rows_done=finished["rows"],
                    rows_total=finished["rows"],
                    result_sha256=stored.sha256,
                    result_bytes=stored.size_bytes,
                    result_type=media_type,
                    result_name=result_name(workbook_name, str(path)),
                )

    def _request(self, files: ExitStack, folder: str) -> tuple[dict[str, Any], str]:
        with session_factory() as session:
            job = session.get_one(Job, self._held.job_id)
            done_rows = sum(p.row_count for p in queue.parts_of(session, job.id))
            paths = Inputs.of(job).files.local(files, self._services.storage)
            if job.pdf:
                self._office = self._services.office
            request = {
                "operation": "convert",
                **paths,
                **as_asked_of(job),
                "folder": folder,
                "done_rows": done_rows,
            }
            return request, job.workbook.name

    def _listen(self, event: dict[str, Any]) -> None:
        if "progress" in event:
            self._done, self._total = event["progress"]["done"], event["progress"]["total"]
        elif "part" in event:
            part = event["part"]
            path = Path(part["path"])
            if self._office:
                documents, path = path, archive_as_pdf(self._office, path, self._tick)
                documents.unlink()
            stored = self._services.storage.put(path)
            with session_factory() as session:
                queue.add_part(session, self._held, part["first"], part["rows"], stored.sha256)
            path.unlink()
        self._tick()

    def _tick(self) -> None:
        if self._stopping.is_set():
            raise _Stopping
        if time.monotonic() - self._reported < _REPORT_SECONDS:
            return
        self._reported = time.monotonic()
        with session_factory() as session:
            if queue.report(session, self._held, self._rules, self._done, self._total):
                raise _Cancelled

    def _merge_parts(self, folder: str, rows: int) -> tuple[Path, str]:
        """All finished documents as one, and its type; many pages are parsed for it."""
        with session_factory() as session:
            hashes = [part.sha256 for part in queue.parts_of(session, self._held.job_id)]
        with ExitStack() as files:
            local = self._services.storage.local
            request = {
                "operation": "merge",
                "archives": [str(files.enter_context(local(sha256))) for sha256 in hashes],
                "folder": folder,
                "rows": rows,
                "pdf": self._office is not None,
            }
            finished = self._services.isolation.run(request, self._listen, self._tick)
        return Path(finished["path"]), finished["media_type"]

    def _join_parts(self, path: Path) -> None:
        """All finished documents in one archive; they are deflated already."""
        with session_factory() as session:
            parts = queue.parts_of(session, self._held.job_id)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as whole:
            for part in parts:
                with (
                    self._services.storage.local(part.sha256) as stored,
                    zipfile.ZipFile(stored) as archive,
                ):
                    for name in archive.namelist():
                        whole.writestr(zipfile.ZipInfo(name), archive.read(name))
                self._tick()
