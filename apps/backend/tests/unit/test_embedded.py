"""The default for a first look: no database server, no Redis, one process."""

import json
import select
import socket
from collections.abc import Iterator

import httpx2 as httpx
import pytest

from tests.documents import paragraphs, template, unzipped
from tests.server import Service, embedded_service
from tests.workbooks import xlsx

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("embedded")
    with embedded_service(folder, EXCEL2DOC_MAX_UPLOAD_BYTES=str(MEGABYTE)) as running:
        yield running


def test_it_says_that_it_is_embedded_and_where_it_keeps_things(service: Service):
    lines = [json.loads(line) for line in service.log.read_text().splitlines() if line[:1] == "{"]
    [said] = [line for line in lines if line["event"] == "embedded_mode"]
    assert said["level"] == "warning"
    assert said["database"] == f"sqlite:///{service.log.parent}/excel2doc.sqlite3"
    assert "DATABASE_URL" in said["next_step"]
    ready = httpx.get(f"{service.url}/health/ready").json()
    assert (ready["status"], ready["redis"], ready["workers"]) == ("ok", "embedded", 1)


def test_it_does_jobs_by_itself(service: Service):
    with httpx.Client(base_url=f"{service.url}/api/v1", timeout=120) as client:
        book = {"file": ("客户 📊.xlsx", xlsx({"S": [["Name"], ["Ann"]]}))}
        workbook = client.post("/workbooks", files=book).json()
        letter = {"file": ("l.docx", template("Dear {{ Name }}"))}
        made = client.post("/templates", files=letter).json()
        body = {"workbook_id": workbook["id"], "template_id": made["id"], "mode": "per-row"}
        job = client.post("/jobs", json=body).json()
        client.get(f"/jobs/{job['id']}/events")  # ends with the job
        result = client.get(f"/jobs/{job['id']}/result")
    assert (
        "filename*=UTF-8''%E5%AE%A2%E6%88%B7%20%F0%9F%93%8A.zip"
        in result.headers["content-disposition"]
    )
    assert paragraphs(unzipped(result.content)["2.docx"]) == ["Dear Ann"]


@pytest.mark.parametrize("announced", [True, False])
def test_an_upload_without_an_end_is_refused_long_before_it(service: Service, announced: bool):
    length = f"Content-Length: {1 << 40}" if announced else "Transfer-Encoding: chunked"
    head = (
        f"POST /api/v1/workbooks HTTP/1.1\r\nHost: x\r\n{length}\r\n"
        "Content-Type: multipart/form-data; boundary=B\r\n\r\n"
    )
    form = b'--B\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
    block = b"x" * (MEGABYTE // 4)
    answer, sent = b"", 0
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as connection:
        connection.sendall(head.encode())
        for data in [form, *[block] * 200]:
            connection.sendall(data if announced else b"%x\r\n%b\r\n" % (len(data), data))
            sent += len(data)
            if select.select([connection], [], [], 0.2)[0]:
                break
        while not answer.endswith(b"}"):
            answer += connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 "), answer[:200]
    assert b"application/problem+json" in answer
    assert b"UPLOAD_TOO_LARGE" in answer
    assert sent < 20 * MEGABYTE
