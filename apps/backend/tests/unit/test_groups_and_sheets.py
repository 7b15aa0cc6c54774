"""One document a group, and several sheets in one template."""

import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import modes
from app.domain.conversion import FinishedPart, Mode, Options, Source
from app.domain.dry_run import dry_run
from app.domain.limits import Limits
from app.domain.modes import convert
from app.domain.refusal import Refused
from tests.documents import finished, paragraphs, table, template, unzipped
from tests.unit.test_jobs_api import submit, upload, upload_template
from tests.unit.test_templates import run, source
from tests.workbooks import xlsx

ORDERS: list[list[Any]] = [
    ["Customer", "Item", "Total"],
    ["Bo & Co", "Pen", 1.5],
    ["客户", "Ink", 2],
    ["Bo & Co", "Paper", 10],
    ["客户", "Pad", 3],
    ["", "Lost", 4],
]
INVOICE = (
    "{{ group }}: {% for r in rows %}{{ r.Item }} {% endfor %}"
    '= {{ rows|sum(attribute="raw.Total") }} ({{ count }}, {{ Customer }})'
)


def grouped(
    tmp_path: Path, text: str = INVOICE, rows: list[list[Any]] = ORDERS, **options: Any
) -> Source:
    return source(tmp_path, rows, text, Mode.PER_GROUP, **{"group_by": "Customer", **options})


def test_the_rows_of_a_group_are_one_document_with_its_totals(tmp_path: Path):
    asked = grouped(tmp_path)
    found = {name: paragraphs(content) for name, content in run(asked, tmp_path).items()}
    assert found == {
        "Bo & Co.docx": ["Bo & Co: Pen Paper = 11.5 (2, Bo & Co)"],
        "客户.docx": ["客户: Ink Pad = 5 (2, 客户)"],
        "6.docx": [": Lost = 4 (1, )"],
    }
    told = dry_run(asked, Limits())
    assert [(p.name, p.lines) for p in told.previews] == [
        (name, [line.strip() if line.startswith(" ") else line for line in lines])
        for name, lines in found.items()
    ]
    assert (told.checked_rows, told.missing_fields, told.unused_columns) == (5, [], [])


def test_groups_are_named_by_a_pattern_that_sees_their_rows(tmp_path: Path):
    name = "{{ group|upper }} {{ rows|length }} {{ rows[0].Item }}"
    assert list(run(grouped(tmp_path, file_name=name), tmp_path)) == [
        "BO & CO 2 Pen.docx",
        "客户 2 Ink.docx",
        "1 Lost.docx",
    ]


@settings(max_examples=20)
@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=12), st.integers(0, 12))
def test_every_row_is_in_one_group_and_a_resumed_job_makes_the_rest(names: list[str], cut: int):
    from tempfile import TemporaryDirectory

    rows = [["Customer", "Item"], *[[name, f"{name}{n};"] for n, name in enumerate(names)]]
    with TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        patch.setattr(modes, "PART_ROWS", 2)
        folder = Path(scratch)
        asked = grouped(folder, "{% for r in rows %}{{ r.Item }}{% endfor %}", rows, header_row=1)
        parts: list[Any] = []
        (folder / "a").mkdir()
        convert(asked, folder / "a", Limits(), parts.append)
        whole = {
            n: d
            for p in parts
            if isinstance(p, FinishedPart)
            for n, d in unzipped(p.path.read_bytes()).items()
        }
        printed = [
            item
            for d in whole.values()
            for text in paragraphs(d)
            for item in text.split(";")
            if item
        ]
        assert sorted(printed) == sorted(f"{name}{n}" for n, name in enumerate(names))
        assert len(whole) == len(set(names))
        done = [p for p in parts if isinstance(p, FinishedPart)]
        assert [p.first for p in done] == [sum(q.rows for q in done[:n]) for n in range(len(done))]
        kept = done[: cut % (len(done) + 1)]
        again: list[Any] = []
        (folder / "b").mkdir()
        convert(asked, folder / "b", Limits(), again.append, sum(p.rows for p in kept))
        rest = [
            n for p in again if isinstance(p, FinishedPart) for n in unzipped(p.path.read_bytes())
        ]
        before = [n for p in kept for n in unzipped(p.path.read_bytes())]
        assert before + rest == list(whole)


@pytest.mark.parametrize(
    ("options", "code"),
    [({"group_by": None}, "GROUP_BY_NEEDED"), ({"group_by": "Nobody"}, "COLUMN_UNKNOWN")],
)
def test_a_group_without_a_column_is_refused(options: Any, code: str, tmp_path: Path):
    with pytest.raises(Refused, match=code):
        run(grouped(tmp_path, **options), tmp_path)


def test_a_refusal_names_the_group(tmp_path: Path):
    with pytest.raises(Refused, match=r"group '客户': .*division by zero"):
        run(grouped(tmp_path, "{{ 1 / (rows|length - 2 + (group == 'Bo & Co')) }}"), tmp_path)


def test_groups_and_rows_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(modes, "MAX_LOOPED_ROWS", 1)
    with pytest.raises(Refused, match="TOO_MANY_ROWS"):
        run(grouped(tmp_path), tmp_path)
    monkeypatch.setattr("app.domain.other_sheets.MAX_HELD_ROWS", 4)
    with pytest.raises(Refused, match="at most 4 are grouped"):
        dry_run(grouped(tmp_path), Limits())


BOOK: dict[str, list[list[Any]]] = {
    "Orders": [["Id", "Customer", "Day"], [1001, "K7", datetime.date(2026, 2, 1)], [1002, "K8", None]],
    "Order lines": [["Order", "Item (short)", "Total"], [1002, "Pen", 1.5], [1001, "Ink", 2], [1002, "Pad", 4]],
    "Customers": [["Key", "Town"], ["K7 ", "Ürümqi"], ["K8", "Bonn"]],
    "Empty": [],
}  # fmt: skip


def several(tmp_path: Path, text: str, mode: Mode = Mode.PER_ROW, **options: Any) -> list[str]:
    workbook, letter = tmp_path / "w.xlsx", tmp_path / "l.docx"
    workbook.write_bytes(xlsx(BOOK))
    letter.write_bytes(template(text))
    asked = Source(workbook, "w.xlsx", mode, Options(**options), letter)
    return [line for content in run(asked, tmp_path).values() for line in paragraphs(content)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("{{ sheets.Customers.find('Key', Customer).Town }}", ["Ürümqi", "Bonn"]),
        ("{% for l in sheets.Order_lines.where('Order', Id) %}{{ l['Item (short)'] }} {{ l.raw.Total }};{% endfor %}", ["Ink 2;", "Pen 1.5;Pad 4;"]),
        ("{{ sheets['Order lines'].where('Order', raw.Id)|sum(attribute='raw.Total') }}", ["2", "5.5"]),
        ("{{ sheets['Order lines'].where('Order', '1002')|length }}", ["2", "2"]),
        ("{{ sheets.Customers.count }} {{ sheets.Order_lines.rows[0].Total }} {{ sheets.Empty.rows|length }}", ["2 1.5 0"] * 2),
        ("{% set c = sheets.Customers.find('Key', 'K9') %}{{ c.Town if c is defined else '?' }}", ["?", "?"]),
        ("{{ sheets.Orders.where('Day', raw.Day)|length }}", ["1", "0"]),
    ],
)  # fmt: skip
def test_other_sheets_are_there_by_name_and_by_key(text: str, lines: list[str], tmp_path: Path):
    assert several(tmp_path, text) == lines


def test_one_document_goes_over_several_sheets(tmp_path: Path):
    text = (
        "{% for o in rows %}{{ o.Id }}: {% for l in sheets.Order_lines.where('Order', o.Id) %}"
        "{{ l.Total }} {% endfor %}{% endfor %}{% for c in sheets.Customers.rows %}{{ c.Town }} {% endfor %}"
    )
    assert several(tmp_path, text, Mode.SINGLE) == ["1001: 2 1002: 1.5 4 Ürümqi Bonn "]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("{{ sheets.Custmers.rows }}", "FIELD_MISSING", "Custmers"),
        (
            "{{ sheets.Customers.find('Key', 'K9').Town }}",
            "FIELD_MISSING",
            'Customers.find("Key", "K9")',
        ),
        ("{{ sheets.Customers.where('Kye', 'K9') }}", "COLUMN_UNKNOWN", "'Kye'"),
    ],
)
def test_what_is_not_there_is_named(text: str, code: str, said: str, tmp_path: Path):
    with pytest.raises(Refused) as caught:
        several(tmp_path, text)
    assert caught.value.code == code
    assert said in caught.value.message


def test_fields_of_other_sheets_are_not_asked_of_this_one(tmp_path: Path):
    workbook, letter = tmp_path / "w.xlsx", tmp_path / "l.docx"
    workbook.write_bytes(xlsx(BOOK))
    letter.write_bytes(
        template(
            "{{ Id }}{% for l in sheets.Customers.rows %}{{ l.Town }}{{ row['Id'] }}{% endfor %}"
        )
    )
    asked = Source(workbook, "w.xlsx", Mode.PER_ROW, Options(), letter)
    found = dry_run(asked, Limits())
    assert (found.missing_fields, found.unused_columns) == ([], ["Customer", "Day"])


def test_a_job_makes_a_document_a_group(client: TestClient):
    book = upload(client, ORDERS)
    letter = upload_template(client, template("{{ group }}", loop=False))
    body = {"workbook_id": book, "mode": "per-group", "template_id": letter}
    refused = submit(client, **body)
    assert (refused.status_code, refused.json()["code"]) == (422, "GROUP_BY_NEEDED")
    job = finished(client, submit(client, **body, options={"group_by": "Customer"}).json()["id"])
    assert (job["status"], job["rows_done"], job["rows_total"]) == ("done", 5, 5)
    files = unzipped(client.get(f"/api/v1/jobs/{job['id']}/result").content)
    assert list(files) == ["Bo & Co.docx", "客户.docx", "6.docx"]


def test_a_table_loops_over_a_group(client: TestClient):
    book = upload(client, [["Name", "Amount"], ["Ann", 1], ["Bo", 2], ["Ann", 3]])
    letter = upload_template(client, template("{{ group }}", loop=True))
    body = {"workbook_id": book, "mode": "per-group", "template_id": letter}
    job = finished(client, submit(client, **body, options={"group_by": "Name"}).json()["id"])
    files = unzipped(client.get(f"/api/v1/jobs/{job['id']}/result").content)
    assert table(files["Ann.docx"]) == [["Ann", "1"], ["Ann", "3"]]
