import json
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.documents import finished, paragraphs, table, template, unzipped
from tests.workbooks import xlsx

PEOPLE: list[list[Any]] = [["Name", "Amount"], ["Ann & Co", 1234.5], ["客户", -3]]


def upload(client: TestClient, rows: Sequence[Sequence[Any]], name: str = "people.xlsx") -> str:
    content = xlsx({"People": rows, "Salt": [[uuid.uuid4().hex]]})
    response = client.post("/api/v1/workbooks", files={"file": (name, content)})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def upload_template(client: TestClient, content: bytes) -> str:
    response = client.post(
        "/api/v1/templates", files={"file": ("letter.docx", content)}, data={"name": "Letter"}
    )
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def submit(client: TestClient, **body):
    return client.post("/api/v1/jobs", json=body)


def test_an_upload_shows_sheets_columns_and_first_rows(client: TestClient):
    workbook = client.get(f"/api/v1/workbooks/{upload(client, PEOPLE)}").json()
    sheet = workbook["sheets"][0]
    assert (sheet["name"], sheet["header_row"], sheet["row_count"]) == ("People", 1, 2)
    assert [c["field"] for c in sheet["columns"]] == ["Name", "Amount"]
    assert [c["kind"] for c in sheet["columns"]] == ["text", "number"]
    assert sheet["sample"][0] == ["Ann & Co", "1234.5"]


def test_a_sheet_is_shown_with_another_header_row(client: TestClient):
    rows: list[list[Any]] = [["Report", ""], ["Name", "Amount"], ["Ann", 1], ["Bo", 2]]
    url = f"/api/v1/workbooks/{upload(client, rows)}/sheet"
    chosen = client.get(url, params={"name": "People", "header_row": 2}).json()
    assert ([c["field"] for c in chosen["columns"]], chosen["row_count"]) == (["Name", "Amount"], 2)
    none = client.get(url, params={"name": "People", "header_row": 0}).json()
    assert ([c["name"] for c in none["columns"]], none["header_row"]) == (["A", "B"], None)
    refusals: list[tuple[dict[str, str | int], str, str]] = [
        ({"name": "Nowhere"}, "SHEET_UNKNOWN", "'Nowhere'"),
        ({"name": "People", "header_row": 9}, "HEADER_ROW_EMPTY", "row 9"),
    ]
    for params, code, place in refusals:
        refused = client.get(url, params=params)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
        assert place in refused.json()["detail"]


def test_a_workbook_whose_file_is_lost_is_a_conflict_and_no_500(client: TestClient):
    from app.services.context import get_services

    workbook = client.get(f"/api/v1/workbooks/{upload(client, PEOPLE)}").json()
    get_services().storage.delete(workbook["sha256"])
    answers = [
        client.post("/api/v1/dry-runs", json={"workbook_id": workbook["id"]}),
        client.get(f"/api/v1/workbooks/{workbook['id']}/sheet", params={"name": "People"}),
    ]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(409, "INPUT_GONE")] * 2


def test_mode_table_gives_the_sheets_as_tables(client: TestClient):
    response = submit(client, workbook_id=upload(client, PEOPLE), mode="table")
    assert response.status_code == 202
    job = finished(client, response.json()["id"])
    assert (job["status"], job["error"]) == ("done", None)
    assert job["rows_done"] == job["rows_total"] == 4
    result = client.get(f"/api/v1/jobs/{job['id']}/result")
    assert table(result.content) == [["Name", "Amount"], ["Ann & Co", "1234.5"], ["客户", "-3"]]
    assert 'filename="people.docx"' in result.headers["content-disposition"]


def test_mode_per_row_gives_a_named_document_a_row(client: TestClient):
    letter = upload_template(client, template("Dear {{ Name }}: {{ raw.Amount|fmt('0.00') }}"))
    response = submit(
        client,
        workbook_id=upload(client, PEOPLE),
        mode="per-row",
        template_id=letter,
        options={"file_name": "{{ Name }}"},
    )
    job = finished(client, response.json()["id"])
    assert job["status"] == "done", job
    files = unzipped(client.get(f"/api/v1/jobs/{job['id']}/result").content)
    assert list(files) == ["Ann & Co.docx", "客户.docx"]
    assert paragraphs(files["Ann & Co.docx"]) == ["Dear Ann & Co: 1234.50"]


def test_mode_single_loops_over_all_rows(client: TestClient):
    letter = upload_template(client, template("{{ count }} rows", loop=True))
    workbook = upload(client, PEOPLE)
    job = finished(
        client,
        submit(client, workbook_id=workbook, mode="single", template_id=letter).json()["id"],
    )
    content = client.get(f"/api/v1/jobs/{job['id']}/result").content
    assert paragraphs(content) == ["2 rows"]
    assert table(content) == [["Ann & Co", "1234.5"], ["客户", "-3"]]


def test_a_dry_run_lists_missing_and_unused_and_renders_three_rows(client: TestClient):
    letter = upload_template(client, template("{{ Name }} {{ Town }}"))
    rows: list[list[Any]] = [["Name", "Amount"], *[[f"n{i}", i] for i in range(9)]]
    body = {"workbook_id": upload(client, rows), "mode": "per-row", "template_id": letter}
    found = client.post("/api/v1/dry-runs", json=body).json()
    assert found["missing_fields"] == ["Town"]
    assert found["unused_columns"] == ["Amount"]
    assert [p["lines"] for p in found["previews"]] == [["n0 "], ["n1 "], ["n2 "]]


def test_a_missing_field_fails_the_job_by_row_field_and_paragraph(client: TestClient):
    letter = upload_template(client, template("Hello", "{{ Town }}"))
    workbook = upload(client, PEOPLE)
    job = finished(
        client,
        submit(client, workbook_id=workbook, mode="per-row", template_id=letter).json()["id"],
    )
    assert job["status"] == "failed"
    assert job["error"]["code"] == "FIELD_MISSING"
    for part in ("row 2", "'Town'", "paragraph 2"):
        assert part in job["error"]["message"]


def test_the_same_input_gives_the_stored_result_at_once(client: TestClient):
    workbook = upload(client, PEOPLE)
    first = submit(client, workbook_id=workbook).json()
    finished(client, first["id"])
    again = submit(client, workbook_id=workbook)
    assert again.status_code == 200
    assert again.json()["cached"]
    assert again.json()["status"] == "done"
    others = [{"header_row": 0}, {"include_hidden": True}]
    assert [submit(client, workbook_id=workbook, options=o).status_code for o in others] == [
        202
    ] * 2
    ids = (first["id"], again.json()["id"])
    results = [client.get(f"/api/v1/jobs/{job_id}/result").content for job_id in ids]
    assert results[0] == results[1]


def test_an_idempotency_key_makes_one_job(client: TestClient):
    body = {"workbook_id": upload(client, PEOPLE)}
    key = {"Idempotency-Key": uuid.uuid4().hex}
    ids = {client.post("/api/v1/jobs", json=body, headers=key).json()["id"] for _ in range(3)}
    assert len(ids) == 1
    changed = {**body, "options": {"header_row": 0}}
    other = client.post("/api/v1/jobs", json=changed, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")


def test_events_follow_a_job_to_its_end(client: TestClient):
    job = submit(client, workbook_id=upload(client, PEOPLE)).json()
    with client.stream("GET", f"/api/v1/jobs/{job['id']}/events") as stream:
        lines = [line for line in stream.iter_lines() if line.startswith("data: ")]
    last = json.loads(lines[-1][6:])
    assert (last["status"], last["rows_done"], last["rows_total"]) == ("done", 4, 4)


def test_a_finished_job_cannot_be_cancelled_or_retried(client: TestClient):
    job = finished(client, submit(client, workbook_id=upload(client, PEOPLE)).json()["id"])
    for action, code in (("cancel", "JOB_FINISHED"), ("retry", "JOB_NOT_RETRYABLE")):
        response = client.post(f"/api/v1/jobs/{job['id']}/{action}")
        assert (response.status_code, response.json()["code"]) == (409, code)


def test_versions_are_kept_and_a_job_names_its_own(client: TestClient):
    letter = upload_template(client, template("one {{ Name }}"))
    response = client.post(
        f"/api/v1/templates/{letter}/versions",
        files={"file": ("l.docx", template("two {{ Name }}"))},
    )
    assert response.json()["number"] == 2
    listed = client.get(f"/api/v1/templates/{letter}").json()["versions"]
    assert [(v["number"], v["fields"]["single"]) for v in listed] == [(1, ["Name"]), (2, ["Name"])]
    workbook = upload(client, PEOPLE)
    for number, expected in ((1, "one Ann & Co"), (2, "two Ann & Co"), (None, "two Ann & Co")):
        body = {"workbook_id": workbook, "mode": "per-row", "template_id": letter}
        job = submit(client, **body, template_version=number).json()
        done = finished(client, job["id"])
        assert done["template_version"] == (number or 2)
        files = unzipped(client.get(f"/api/v1/jobs/{job['id']}/result").content)
        assert paragraphs(files["2.docx"]) == [expected]
    original = client.get(f"/api/v1/templates/{letter}/versions/1/file")
    assert paragraphs(original.content) == ["one {{ Name }}"]


def test_lists_are_paged_by_cursor_though_more_comes_in(client: TestClient):
    ids = [upload(client, PEOPLE) for _ in range(3)][::-1]
    seen: list[str] = []
    cursor = None
    while len(seen) < 3:
        params = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/v1/workbooks", params=params).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        upload(client, PEOPLE)
    assert seen == ids
    assert client.get("/api/v1/jobs", params={"cursor": "x"}).status_code == 422


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK no", "NOT_A_ZIP"),
        (b"plain text", "UNKNOWN_KIND"),
        (template("{{ open"), "TEMPLATE_SYNTAX"),
        (template("{% include 'x' %}"), "TEMPLATE_TAG"),
        (xlsx({"S": [["a"]]}), "TEMPLATE_NOT_DOCX"),
    ],
)
def test_a_bad_template_is_refused_on_upload(client: TestClient, content: bytes, code: str):
    response = client.post("/api/v1/templates", files={"file": ("x.docx", content)})
    assert response.status_code == 422
    expected = {code} | ({"NOT_A_ZIP"} if code == "UNKNOWN_KIND" else set())
    assert response.json()["code"] in expected


def test_what_is_not_there_is_404(client: TestClient):
    nothing = uuid.uuid4()
    for path in ("workbooks", "templates", "jobs"):
        response = client.get(f"/api/v1/{path}/{nothing}")
        assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")
    assert submit(client, workbook_id=str(nothing)).status_code == 404


def test_a_forgotten_workbook_is_gone(client: TestClient):
    workbook = upload(client, PEOPLE)
    assert client.delete(f"/api/v1/workbooks/{workbook}").status_code == 204
    assert client.get(f"/api/v1/workbooks/{workbook}").status_code == 404


def test_ready_and_metrics_answer(client: TestClient):
    assert client.get("/health/ready").json()["status"] == "ok"
    assert "excel2doc_stored_jobs" in client.get("/metrics").text


def test_what_has_expired_is_swept_and_what_is_named_stays(client: TestClient):
    import os
    import time
    from datetime import timedelta

    from app.core.database import session_factory
    from app.services.context import get_services
    from app.tables import Job, now
    from app.worker.sweep import sweep

    services = get_services()
    ids = [
        finished(client, submit(client, workbook_id=upload(client, PEOPLE)).json()["id"])["id"]
        for _ in range(2)
    ]
    with session_factory() as session:
        gone, kept = (session.get_one(Job, uuid.UUID(job_id)) for job_id in ids)
        hashes = (str(gone.result_sha256), str(kept.result_sha256))
        gone.expires_at = now() - timedelta(seconds=1)
        session.commit()
        for sha256 in hashes:
            with services.storage.local(sha256) as path:
                os.utime(path, (time.time() - 7200,) * 2)
        assert sweep(session, services) >= 1
    assert [services.storage.exists(sha256) for sha256 in hashes] == [False, True]
    expired = client.get(f"/api/v1/jobs/{ids[0]}/result")
    assert (expired.status_code, expired.json()["code"]) == (409, "RESULT_EXPIRED")
    assert client.get(f"/api/v1/jobs/{ids[0]}").json()["status"] == "expired"
    assert client.get(f"/api/v1/jobs/{ids[1]}/result").status_code == 200


def test_the_page_needs_nothing_from_elsewhere_and_speaks_both_languages(client: TestClient):
    import re

    page = client.get("/")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert not re.search(r'(src|href)="(https?:)?//', page.text)
    for path in re.findall(r'(?:src|href)="(/web/[^"]+)"', page.text):
        assert client.get(path).status_code == 200, path
    texts = client.get("/web/texts.js").text
    english, chinese = texts.split("  zh: {")
    keys = [set(re.findall(r"^    (\w+)[:(]", half, re.MULTILINE)) for half in (english, chinese)]
    assert keys[0] == keys[1]
    assert set(re.findall(r'data-text="(\w+)"', page.text)) <= keys[0]
