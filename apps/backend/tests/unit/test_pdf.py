"""PDFs without LibreOffice: who is asked, and what is refused. tools/e2e has the real one."""

import io
import time
import zipfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.core.database import session_factory
from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.services import queue
from app.services.isolation.office import Office, find_office
from app.tables import Job
from app.worker.pdf import archive_as_pdf
from tests.unit.test_jobs_api import PEOPLE, submit, upload

RULES = queue.Rules(lease_seconds=30, max_attempts=3, keep_hours=1)


def office(folder: Path, script: str, seconds: int = 30) -> Office:
    """Another program in LibreOffice's place, to see what we do when it misbehaves."""
    program = folder / "program"
    program.write_text(script)
    return Office(("sh", str(program)), Limits(seconds=seconds))  # /tmp may be without exec


@pytest.mark.skipif(find_office(Limits()) is not None, reason="LibreOffice is installed")
def test_a_pdf_that_no_worker_can_make_is_refused_by_name(client: TestClient):
    response = submit(client, workbook_id=upload(client, PEOPLE), options={"pdf": True})
    assert (response.status_code, response.json()["code"]) == (422, "PDF_UNAVAILABLE")
    assert client.get("/health/ready").json()["pdf_workers"] == 0


def test_a_job_for_a_pdf_waits_for_a_worker_that_can(client: TestClient):
    workbook = upload(client, PEOPLE)
    with session_factory() as session:
        queue.beat(session, "with-office", pdf=True)
        assert client.get("/health/ready").json()["pdf_workers"] == 1
        job = submit(client, workbook_id=workbook, options={"pdf": True}).json()
        # the worker of this test has none, so it leaves the job alone
        assert queue.claim(session, "without", RULES) is None
        held = queue.claim(session, "with-office", RULES, pdf=True)
        assert str(held and held.job_id) == job["id"]
        queue.leave(session, "with-office")
        session.query(Job).filter(Job.status == "running").update({"status": "cancelled"})
        session.commit()


def test_a_document_that_gives_no_pdf_is_named(tmp_path: Path):
    with pytest.raises(Refused, match=r"PDF_FAILED.*a\.docx"):
        office(tmp_path, "exit 1").to_pdf([tmp_path / "a.docx"], tmp_path)


def test_a_pdf_that_takes_too_long_is_refused_and_nothing_goes_on(tmp_path: Path):
    slow = office(tmp_path, f"(sleep 2; touch {tmp_path}/alive) & wait", seconds=1)
    with pytest.raises(Refused, match="TIME_LIMIT"):
        slow.to_pdf([tmp_path / "a.docx"], tmp_path)
    time.sleep(2)
    assert not (tmp_path / "alive").exists()


def test_what_is_cancelled_ends_libreoffice(tmp_path: Path):
    def cancel() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        office(tmp_path, "sleep 60").to_pdf([tmp_path / "a.docx"], tmp_path, cancel)


def test_libreoffice_gets_no_secret_and_a_limit_of_memory(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    probe = office(tmp_path, f"env >{tmp_path}/env; ulimit -v >{tmp_path}/memory")
    with pytest.raises(Refused, match="PDF_FAILED"):
        probe.to_pdf([tmp_path / "a.docx"], tmp_path)
    assert "secret" not in (tmp_path / "env").read_text()
    assert int((tmp_path / "memory").read_text()) == (2 << 30) // 1024


def test_an_archive_keeps_its_names_and_gives_libreoffice_none_of_them(tmp_path: Path):
    archive = tmp_path / "part.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("客户 & Co.docx", b"one")
        out.writestr("$(touch x).docx", b"two")
    script = 'while [ "$1" != --outdir ]; do shift; done; out=$2; shift 2; '
    script += 'for d; do cp "$d" "$out/$(basename "$d" .docx).pdf"; done'
    made = archive_as_pdf(office(tmp_path, script), archive, lambda: None)
    with zipfile.ZipFile(io.BytesIO(made.read_bytes())) as whole:
        contents = {name: whole.read(name) for name in whole.namelist()}
    assert contents == {"客户 & Co.pdf": b"one", "$(touch x).pdf": b"two"}
