"""What strangers send stays text, and makes us fetch nothing."""

import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import docx
import pytest
import xlsxwriter
from fastapi.testclient import TestClient

from tests.documents import finished, paragraphs, table, template, unzipped
from tests.unit.test_jobs_api import submit, upload, upload_template

FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")']


def result(client: TestClient, **body: object) -> bytes:
    job = finished(client, submit(client, **body).json()["id"])
    assert job["status"] == "done", job
    return client.get(f"/api/v1/jobs/{job['id']}/result").content


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_text_that_looks_like_a_formula_stays_text_in_every_mode(client: TestClient, kind: str):
    if kind == "csv":
        content = (
            "Text\n" + "".join('"' + f.replace('"', '""') + '"\n' for f in FORMULAS)
        ).encode()
    else:
        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer, {"strings_to_formulas": False}) as book:
            book.add_worksheet("S").write_column(0, 0, ["Text", *FORMULAS])
        content = buffer.getvalue()
    sent = client.post("/api/v1/workbooks", files={"file": (f"f.{kind}", content)}).json()
    letter = upload_template(client, template("{{ Text }}"))
    looping = upload_template(client, template("{% for r in rows %}[{{ r.Text }}]{% endfor %}"))
    workbook = {"workbook_id": sent["id"]}
    tables = result(client, **workbook)
    assert [cells[0] for cells in table(tables)] == ["Text", *FORMULAS]
    assert b"instrText" not in unzipped(tables)["word/document.xml"]
    each = unzipped(result(client, **workbook, mode="per-row", template_id=letter))
    assert [paragraphs(each[f"{n}.docx"]) for n in range(2, 8)] == [[text] for text in FORMULAS]
    single = result(client, **workbook, mode="single", template_id=looping)
    assert paragraphs(single) == ["".join(f"[{text}]" for text in FORMULAS)]


@pytest.fixture
def fetched() -> Iterator[tuple[str, list[str]]]:
    """A server's address, and what it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_a_workbook_that_refers_to_elsewhere_is_read_and_nothing_is_fetched(
    client: TestClient, fetched: tuple[str, list[str]], tmp_path: Path
):
    address, asked = fetched
    plain = tmp_path / "w.xlsx"
    with xlsxwriter.Workbook(plain) as book:
        sheet = book.add_worksheet("S")
        sheet.write_column(0, 0, ["Name", "Ann"])
        sheet.write_url(2, 0, f"{address}/link", string="Bo")
        sheet.write_formula(3, 0, f"='{address}/[other.xlsx]S'!A1", None, "stored")
        sheet.insert_image(1, 1, "p.png", {"image_data": io.BytesIO(PICTURE)})
    linked = tmp_path / "linked.xlsx"
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(linked, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("drawing1.xml.rels"):
                outside = f'Target="{address}/p.png" TargetMode="External"'.encode()
                data = data.replace(b'Target="../media/image1.png"', outside)
                assert outside in data
            new.writestr(name, data)
    sent = client.post("/api/v1/workbooks", files={"file": ("w.xlsx", linked.read_bytes())}).json()
    assert table(result(client, workbook_id=sent["id"]))[1:] == [["Ann"], ["Bo"], ["stored"]]
    letter = upload_template(client, template("{{ Name }}", "{{ images.Name|picture }}"))
    body = {"workbook_id": sent["id"], "mode": "per-row", "template_id": letter}
    each = unzipped(result(client, **body))
    assert len(docx.Document(io.BytesIO(each["2.docx"])).inline_shapes) == 0
    assert asked == []


PICTURE = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU"
    b"\x00\x00\x00\nIDATx\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82"
)


def test_a_hostile_name_is_none_in_the_archive(client: TestClient):
    names = ["../../x", "/etc/passwd", "a\\b", "COM1", "x\u202ecod.exe", "", "客户 📊"]
    workbook = upload(client, [["Name"], *[[name or " "] for name in names]])
    letter = upload_template(client, template("{{ Name }}"))
    options = {"file_name": "{{ Name }}"}
    body = {"workbook_id": workbook, "mode": "per-row", "template_id": letter, "options": options}
    found = list(unzipped(result(client, **body)))
    assert len(found) == len(names)
    for name in found:
        assert not set(name) & set('\\/:*?"<>|\u202e')
        assert not name.startswith(".")
    assert "客户 📊.docx" in found
    assert "_COM1.docx" in found
