"""JSON in a workbook's place."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.domain.workbook.opening import detect_kind, open_workbook
from tests.documents import finished, paragraphs, template, unzipped
from tests.unit.test_jobs_api import submit, upload_template
from tests.unit.test_readers import read, refusal


def written(folder: Path, content: Any) -> Path:
    path = folder / "orders.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_a_list_of_objects_is_a_sheet_with_their_names_as_its_header(tmp_path: Path):
    path = written(
        tmp_path,
        [
            {"Name": "Ann & Co", "paid": True, "address": {"town": "上海"}},
            {"Name": "", "Amount": -1234.5, "paid": None},
            {"Amount": 1e3},
        ],
    )
    assert detect_kind(path, path.name) == "json"
    (rows,) = read(path)
    assert [row.shown for row in rows] == [
        ["Name", "paid", "address.town", "Amount"],
        ["Ann & Co", "TRUE", "上海", ""],
        ["", "", "", "-1234.5"],
        ["", "", "", "1000"],
    ]
    assert [row.values[3] for row in rows[1:]] == [None, -1234.5, 1000.0]


def test_an_object_of_lists_is_a_workbook(tmp_path: Path):
    path = written(tmp_path, {"Orders": [{"Id": 7}], "Nothing": [], "订单行": [{"Id": 7}]})
    with open_workbook(path, path.name, Limits()) as reader:
        assert [sheet.name for sheet in reader.sheets] == ["Orders", "Nothing", "订单行"]
        assert list(reader.rows(1)) == []


def test_no_digit_of_a_large_number_is_lost(tmp_path: Path):
    numbers = [999_999_999_999_999, 10**15, -12345678901234567890]
    (rows,) = read(written(tmp_path, [{"Card": number} for number in numbers]))
    assert [row.shown[0] for row in rows[1:]] == [str(number) for number in numbers]
    (rows,) = read(written(tmp_path, [{"a": a} for a in (1234567890.25, 0.0000125, 2.0, 5e30)]))
    assert [row.shown[0] for row in rows[1:]] == ["1234567890.25", "0.0000125", "2", "5e+30"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[{", "line 1"),
        ("7", "no list of objects"),
        ('{"Orders": {"Id": 1}}', "'Orders', is no list of objects"),
        ("[1]", "item 1 is no object"),
        ('{"A": [{}, {"b": [1]}]}', "'A', item 2: 'b' is a list"),
        ('[{"a": 1, "a": 2}]', "'a' is twice"),
        ('[{"a": {"b": 1}, "a.b": 2}]', "'a.b' is there twice"),
        ('[{"a": NaN}]', "NaN is no number"),
        ('[{"a": 1e999}]', "'a' is larger"),
        ("[" * 100_000, "nested"),
        ('[{"a": ' + "9" * 5000 + "}]", "digits"),
    ],
)
def test_what_is_no_workbook_says_where_and_what_to_send(content: str, said: str, tmp_path: Path):
    refused = refusal(written(tmp_path, content))
    assert refused.code == "JSON_DAMAGED"
    assert said in refused.message
    assert '"Name"' in refused.hint


def test_it_keeps_to_the_limits(tmp_path: Path):
    path = written(tmp_path, [{"a": "long", "b": 1}, {"a": "x", "b": 2}])
    for limits, code in (
        (Limits(columns=1), "TOO_MANY_COLUMNS"),
        (Limits(rows=2), "TOO_MANY_ROWS"),
        (Limits(cell_characters=3), "CELL_TOO_LONG"),
    ):
        with pytest.raises(Refused, match=code):
            read(path, limits=limits)


_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)


@settings(max_examples=50)
@given(st.lists(st.dictionaries(st.text(min_size=1), _scalars | st.text(), min_size=1), min_size=1))
def test_every_value_is_read_as_it_is(tmp_path_factory: Any, records: list[dict[str, Any]]):
    path = written(tmp_path_factory.mktemp("json"), records)
    header, *rows = read(path)[0]
    for record, row in zip(records, rows, strict=True):
        found = dict(zip(header.shown, row.values, strict=True))
        for name, value in record.items():
            large = isinstance(value, int) and abs(value) >= 10**15
            assert found[name] == (str(value) if large else None if value == "" else value)


def test_a_job_makes_letters_of_it(client: TestClient):
    rows = json.dumps([{"Name": "Ann", "Amount": 12.5}, {"Name": "客户", "Amount": 3}]).encode()
    response = client.post("/api/v1/workbooks", files={"file": ("people.json", rows)})
    assert response.status_code == 201, response.text
    assert response.json()["kind"] == "json"
    letter = upload_template(client, template("{{ Name }}: {{ raw.Amount|fmt('0.00') }}"))
    asked = {"workbook_id": response.json()["id"], "template_id": letter, "mode": "per-row"}
    job = finished(client, submit(client, **asked).json()["id"])
    assert job["status"] == "done", job
    files = unzipped(client.get(f"/api/v1/jobs/{job['id']}/result").content)
    made = [paragraphs(content) for content in files.values()]
    assert made == [["Ann: 12.50"], ["客户: 3.00"]]
