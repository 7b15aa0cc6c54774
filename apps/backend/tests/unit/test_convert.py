import io
from datetime import date
from typing import Any

import docx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.core.config import get_settings
from app.core.database import session_factory
from app.tables import Conversion
from tests.workbooks import xlsx


def post(client: TestClient, content: bytes, name: str = "book.xlsx"):
    return client.post("/api/v1/convert", files={"file": (name, content)})


def test_a_workbook_comes_back_as_a_document_and_is_recorded(client: TestClient):
    sheets: dict[str, list[list[Any]]] = {
        "Sales": [["名称", "sum", "day", "ok"], ["A & <B>", 1.5, date(2026, 1, 31), True]]
    }
    response = post(client, xlsx(sheets), "报表.xlsx")
    assert response.status_code == 200, response.text
    table = docx.Document(io.BytesIO(response.content)).tables[0]
    assert [[c.text for c in r.cells] for r in table.rows] == [
        ["名称", "sum", "day", "ok"],
        ["A & <B>", "1.5", "2026-01-31", "TRUE"],
    ]
    assert "filename*=UTF-8''%E6%8A%A5%E8%A1%A8.docx" in response.headers["content-disposition"]
    with session_factory() as session:
        record = session.scalars(
            select(Conversion).where(Conversion.source_name == "报表.xlsx")
        ).one()
        assert (record.status, record.rows) == ("done", 2)
        assert str(record.id) == response.headers["x-conversion-id"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"not a workbook", "UNKNOWN_KIND"),
        (b"PK\x03\x04 damaged", "NOT_A_ZIP"),
        (xlsx({"Sheet1": []}), "NOTHING_TO_CONVERT"),
        (xlsx({"Sheet1": [["a"] * 1_025]}), "TOO_MANY_COLUMNS"),
        (b"", "UPLOAD_EMPTY"),
    ],
)
def test_a_broken_input_is_a_problem_with_a_code(client: TestClient, content: bytes, code: str):
    response = post(client, content)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == code


def test_an_upload_over_the_limit_is_413(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(get_settings(), "max_upload_bytes", 10)
    assert post(client, xlsx({"Sheet1": [["a"]]})).status_code == 413


def test_no_file_is_a_problem(client: TestClient):
    response = client.post("/api/v1/convert")
    assert response.status_code == 422
    assert response.json()["code"] == "INVALID_REQUEST"


def test_the_docs_need_no_other_host(client: TestClient):
    page = client.get("/docs").text
    assert "https://" not in page.replace("https://fastapi.tiangolo.com", "")
    assert client.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200
