"""Documents that are looked at before a conversion. tools/e2e has the page, in Chromium."""

import io
import threading
import time
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from pypdf import PdfWriter

from app.core.database import session_factory
from app.domain.limits import Limits
from app.domain.page_pictures import page_pictures
from app.domain.refusal import Refused
from app.services import previews
from app.services.context import get_services
from app.services.isolation.office import Office, find_office
from app.tables import Preview, now
from app.worker.pages import make_pages
from app.worker.sweep import sweep
from tests.documents import paragraphs, table, template
from tests.workbooks import xlsx

API = "/api/v1"
WITHOUT_OFFICE = pytest.mark.skipif(find_office(Limits()) is not None, reason="makes pages")


def made(client: TestClient, path: str, **request: Any) -> dict[str, Any]:
    answer = client.post(API + path, **request)
    assert answer.status_code < 300, answer.text
    found: dict[str, Any] = answer.json()
    return found


def letters(client: TestClient, *lines: str, rows: int = 7) -> dict[str, Any]:
    """What a request for letters to `rows` people says."""
    book = xlsx({"S": [["Name"], *[[f"Person {n}"] for n in range(1, rows + 1)]]})
    workbook = made(client, "/workbooks", files={"file": ("people.xlsx", book)})
    letter = made(client, "/templates", files={"file": ("l.docx", template(*lines))})
    wanted = {"workbook_id": workbook["id"], "template_id": letter["id"], "mode": "per-row"}
    return {**wanted, "options": {"file_name": "{{ Name }}"}}


def document(client: TestClient, preview: dict[str, Any], number: int) -> bytes:
    answer = client.get(f"{API}/previews/{preview['id']}/documents/{number}/file")
    assert answer.status_code == 200, answer.text
    return answer.content


def test_one_leafs_through_the_documents_three_at_a_time(client: TestClient):
    wanted = letters(client, "Dear {{ Name }},")
    seen: list[str] = []
    first: int | None = 0
    while first is not None:
        preview = made(client, "/previews", json={**wanted, "first": first})
        assert len(preview["documents"]) <= 3
        for number, each in enumerate(preview["documents"], 1):
            name = f"Person {each['position'] + 1}"
            assert each["name"] == f"{name}.docx"
            assert each["values"] == {"Name": name}
            assert each["lines"] == paragraphs(document(client, preview, number))
            seen += each["lines"]
        first = preview["following"]
    assert seen == [f"Dear Person {n}," for n in range(1, 8)]


def test_a_field_without_a_value_is_blank_and_a_skipped_row_makes_no_document(client: TestClient):
    skips = '{% if Name == "Person 2" %}{{ skip_row() }}{% endif %}'
    preview = made(client, "/previews", json=letters(client, f"{skips}Dear {{{{ Nobody }}}},"))
    assert [each["position"] for each in preview["documents"]] == [0, 2, 3]
    assert paragraphs(document(client, preview, 1)) == ["Dear ,"]


def test_beyond_the_last_document_there_is_none(client: TestClient):
    wanted = letters(client, "Dear {{ Name }},", rows=2)
    answer = client.post(f"{API}/previews", json={**wanted, "first": 2})
    assert (answer.status_code, answer.json()["code"]) == (422, "NOTHING_TO_CONVERT")


def test_of_a_long_sheet_only_the_beginning_is_made_a_table(client: TestClient):
    book = xlsx({"Long": [["Name"], *[[f"row {n}"] for n in range(1_000)]]})
    workbook = made(client, "/workbooks", files={"file": ("long.xlsx", book)})
    preview = made(client, "/previews", json={"workbook_id": workbook["id"]})
    assert [each["name"] for each in preview["documents"]] == ["long.docx"]
    content = document(client, preview, 1)
    assert table(content)[:2] == [["Name"], ["row 0"]]
    assert len(table(content)) == 200


@WITHOUT_OFFICE
def test_where_no_worker_makes_pages_the_preview_is_whole_without_them(client: TestClient):
    preview = made(client, "/previews", json=letters(client, "Dear {{ Name }},"))
    assert preview["status"] == "done"
    assert [each["page_count"] for each in preview["documents"]] == [None] * 3
    page = f"{API}/previews/{preview['id']}/documents/1/pages/1"
    assert client.get(page).status_code == 404


def a_pdf(pages: int, width: float = 595, height: float = 842) -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(width, height)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(595, 842, (1000, 1416)), (2, 14_400, (1, 3000)), (14_400, 2, (1000, 1))],
)
def test_a_page_is_a_picture_that_is_never_too_large(tmp_path, width, height, size):
    pdf = tmp_path / "a.pdf"
    pdf.write_bytes(a_pdf(7, width, height))
    pictures = page_pictures(pdf, tmp_path, 5)
    assert len(pictures) == 5
    with Image.open(pictures[0]) as picture:
        assert all(abs(a - b) <= 1 for a, b in zip(picture.size, size, strict=True)), picture.size


@pytest.fixture
def queued(client: TestClient) -> Preview:
    """A preview that waits for its pages, and no worker that would take it."""
    wanted = letters(client, "Dear {{ Name }},", rows=2)
    made_ = made(client, "/previews", json=wanted)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:  # where LibreOffice is installed, this service's worker
        found = client.get(f"{API}/previews/{made_['id']}").json()
        if found["status"] in {"done", "failed"}:
            break
        time.sleep(0.1)
    with session_factory() as session:
        preview = session.get_one(Preview, UUID(made_["id"]))
        preview.documents = [{**each, "pages": None} for each in preview.documents]
        preview.attempt = 0
        preview.status = "held back"
        session.commit()
    return preview


def release(preview: Preview) -> None:
    with session_factory() as session:
        session.get_one(Preview, preview.id).status = "queued"
        session.commit()


@WITHOUT_OFFICE
def test_pages_come_from_a_worker_with_libreoffice(client: TestClient, queued: Preview, tmp_path):
    """Another program in LibreOffice's place: it makes a PDF of two pages of each document."""
    (tmp_path / "two.pdf").write_bytes(a_pdf(2))
    script = 'while [ "$1" != --outdir ]; do shift; done; out=$2; shift 2; '
    script += f'for d; do cp {tmp_path}/two.pdf "$out/$(basename "$d" .docx).pdf"; done'
    (tmp_path / "program").write_text(script)
    drawn = pages_of(client, queued, Office(("sh", str(tmp_path / "program")), Limits()))
    assert drawn["status"] == "done", drawn
    assert [each["page_count"] for each in drawn["documents"]] == [2, 2]
    page = client.get(f"{API}/previews/{queued.id}/documents/2/pages/2")
    assert page.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(page.content)) as picture:
        assert picture.size[0] == 1000
    with session_factory() as session:
        sweep(session, get_services())
    shown = [f"{queued.id}/documents/{at}/file" for at in (1, 2)]
    shown += [f"{queued.id}/documents/{at}/pages/{page}" for at in (1, 2) for page in (1, 2)]
    for path in shown:  # what it shows is not swept
        assert client.get(f"{API}/previews/{path}").status_code == 200, path


@WITHOUT_OFFICE
def test_when_libreoffice_fails_the_documents_are_there_all_the_same(
    client: TestClient, queued: Preview, tmp_path
):
    (tmp_path / "program").write_text("exit 1")
    failed = pages_of(client, queued, Office(("sh", str(tmp_path / "program")), Limits()))
    assert (failed["status"], failed["error"]["code"]) == ("failed", "PDF_FAILED")
    assert paragraphs(document(client, failed, 1)) == ["Dear Person 1,"]


def pages_of(client: TestClient, preview: Preview, office: Office) -> dict[str, Any]:
    stopping = threading.Event()
    arguments = (get_services(), office, stopping)
    worker = threading.Thread(target=make_pages, args=arguments, daemon=True)
    release(preview)
    worker.start()
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            found: dict[str, Any] = client.get(f"{API}/previews/{preview.id}").json()
            if found["status"] in {"done", "failed"}:
                return found
            time.sleep(0.05)
        raise AssertionError(f"no pages in two minutes: {found}")
    finally:
        stopping.set()
        worker.join(30)


@WITHOUT_OFFICE
def test_a_worker_that_is_gone_leaves_its_preview_to_another_once(queued: Preview):
    release(queued)
    with session_factory() as session:
        first = previews.claim(session)
        assert first is not None
        assert first.id == queued.id
    with session_factory() as session:
        assert previews.claim(session) is None
        session.get_one(Preview, queued.id).lease_until = now()
        session.commit()
    with session_factory() as session:
        second = previews.claim(session)
        assert second is not None
        assert second.attempt == 2
        previews.complete(session, first, [["0" * 64], ["0" * 64]])  # too late: it is another's
        assert session.get_one(Preview, queued.id).status == "running"
        previews.complete(session, second, [["1" * 64], []])
    with session_factory() as session:
        assert session.get_one(Preview, queued.id).documents[0]["pages"] == ["1" * 64]


def test_a_preview_is_gone_after_its_hour(client: TestClient):
    preview = made(client, "/previews", json=letters(client, "Dear {{ Name }},"))
    with session_factory() as session:
        session.query(Preview).update({"expires_at": now()})
        session.commit()
        assert client.get(f"{API}/previews/{preview['id']}").status_code == 404
        sweep(session, get_services())
        assert session.query(Preview).count() == 0


def test_what_is_too_large_to_be_looked_at_is_refused(tmp_path, monkeypatch):
    from app.domain import sample as module
    from app.domain.conversion import Mode, Options, Source

    monkeypatch.setattr(module, "_MAX_BYTES", 1_000)
    book = tmp_path / "a.xlsx"
    book.write_bytes(xlsx({"S": [["Name"], ["x"]]}))
    with pytest.raises(Refused, match="PREVIEW_TOO_LARGE"):
        module.sample(Source(book, "a.xlsx", Mode.TABLE, Options()), Limits(), tmp_path)


def test_the_frame_that_draws_documents_may_reach_nothing(client: TestClient):
    policy = client.get("/paper").headers["content-security-policy"]
    assert {"sandbox allow-scripts", "default-src 'none'"} <= set(policy.split("; "))
