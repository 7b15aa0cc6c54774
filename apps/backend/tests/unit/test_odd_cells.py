"""One odd cell is no reason to refuse a workbook: the rest is read, and the cell is named."""

import io
import math
import struct
import time
import zipfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from xlrd.compdoc import CompDoc

from app.domain.inspection import inspect_workbook
from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.domain.sheet_view import ReadOptions, view_sheets
from app.domain.values import CellError
from app.domain.workbook.model import Merge
from app.domain.workbook.opening import open_workbook
from app.domain.workbook.xlsx_parts import unescape
from tests.unit.test_more_kinds import cell, xlsb
from tests.unit.test_more_kinds import row as xlsb_row
from tests.unit.test_readers import DATA, edited, read

GOOD = '<row r="2"><c r="A2"><v>7</v></c></row>'


def sheet_of(tmp_path: Path, rows: str, after: str = "") -> Path:
    content = f"<sheetData>{rows}</sheetData>{after}</worksheet>"
    return edited(tmp_path, "xl/worksheets/sheet1.xml", (r"<sheetData>.*</worksheet>", content))


def read_with_remarks(path: Path) -> tuple[list[list[str]], list[tuple[str, str, int]]]:
    with open_workbook(path, path.name, Limits()) as reader:
        reader.layout(0)
        shown = [row.shown for row in reader.rows(0)]
        return shown, [(each.code, each.place, each.count) for each in reader.remarks(0)]


@pytest.mark.parametrize(
    ("cell", "shown", "remark"),
    [
        ('<c r="A1" t="d"><v>12:30:00</v></c>', "0.520833333", None),
        ('<c r="A1" t="d"><v>T06:00</v></c>', "0.25", None),
        ('<c r="A1" t="d"><v>soon</v></c>', "soon", "CELL_VALUE_ODD"),
        ('<c r="A1"><v>abc</v></c>', "abc", "CELL_VALUE_ODD"),
        ('<c r="A1"><v>nan</v></c>', "nan", "CELL_VALUE_ODD"),
        ('<c r="A1" t="zz"><v>1</v></c>', "1", "CELL_VALUE_ODD"),
        ('<c r="A1" s="999"><v>1</v></c>', "1", "CELL_STYLE_UNKNOWN"),
        ('<c r="A1"><v>1</v></c><c r="A1"><v>2</v></c>', "2", "CELL_TWICE"),
        ('<c r="B1"><v>1</v></c><c r="A1"><v>2</v></c>', "2", None),
    ],
)
def test_an_odd_cell_is_taken_and_named(cell: str, shown: str, remark: str | None, tmp_path: Path):
    rows, remarks = read_with_remarks(sheet_of(tmp_path, f'<row r="1">{cell}</row>{GOOD}'))
    assert (rows[0][0], rows[-1]) == (shown, ["7"])
    assert remarks == ([(remark, "A1", 1)] if remark else [])


@pytest.mark.parametrize("index", ["99999", "-1", "x"])
def test_a_text_that_is_not_there_is_empty_and_named(index: str, tmp_path: Path):
    cells = f'<c r="A1" t="s"><v>{index}</v></c><c r="B1" t="s"><v>{index}</v></c>'
    rows, remarks = read_with_remarks(sheet_of(tmp_path, f'<row r="1">{cells}</row>{GOOD}'))
    assert rows == [["7"]]
    assert remarks == [("CELL_STRING_MISSING", "A1", 2)]


def test_whole_columns_and_rows_are_merged_and_what_is_no_range_is_named(tmp_path: Path):
    merges = "".join(f'<mergeCell ref="{ref}"/>' for ref in ("A:B", "1:3", "B2", "no", "C:4"))
    path = sheet_of(tmp_path, GOOD, f"<mergeCells>{merges}</mergeCells>")
    with open_workbook(path, path.name, Limits()) as reader:
        assert reader.layout(0).merges == [
            Merge(0, 0, 1_048_575, 1),
            Merge(0, 0, 2, 16_383),
            Merge(1, 1, 1, 1),
        ]
    _, remarks = read_with_remarks(path)
    assert [(code, count) for code, _, count in remarks] == [("MERGE_ODD", 2)]
    assert view_of(path).row_count == 1


def view_of(path: Path, **options: bool):
    with open_workbook(path, path.name, Limits()) as reader:
        return view_sheets(reader, ReadOptions(sheets=(reader.sheets[0].name,), **options))[0]


UNCALCULATED = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>Total</t></is></c></row>'
    '<row r="2"><c r="A2"><f>1+1</f><v></v></c><c r="B2"><v>3</v></c></row>'
    '<row r="3"><c r="A3"><f>A2</f></c><c r="B3" t="str"><f>""</f><v></v></c></row>'
    '<row r="4"><c r="A4"><f t="shared" si="0"/></c><c r="B4"><f>1</f><v>1</v></c></row>'
)


def test_a_formula_without_a_stored_value_is_named_and_counted(tmp_path: Path):
    _, remarks = read_with_remarks(sheet_of(tmp_path, UNCALCULATED))
    assert remarks == [("FORMULA_UNCALCULATED", "A2", 3)]
    found = inspect_workbook(sheet_of(tmp_path, UNCALCULATED), "x.xlsx", Limits())
    warning = found["sheets"][0]["warnings"][0]
    assert (warning["cell"], warning["count"]) == ("A2", 3)
    assert warning["message"] == (
        "A2: a formula without a stored value, taken as empty (and 2 more)"
    )


def test_a_formula_without_a_stored_value_is_refused_by_choice(tmp_path: Path):
    with pytest.raises(Refused, match=r"FORMULA_UNCALCULATED: sheet 'Data', A2: .*2 more"):
        view_of(sheet_of(tmp_path, UNCALCULATED), refuse_uncalculated=True)


def test_a_coloured_blank_far_to_the_right_is_no_column(tmp_path: Path):
    blanks = '<c r="AMK1" s="1"/><c r="XFD1" s="1"/>'
    path = sheet_of(tmp_path, f'<row r="1"><c r="A1"><v>1</v></c>{blanks}</row>{GOOD}')
    assert [row.shown for row in read(path)[0]] == [["1"], ["7"]]
    path = sheet_of(tmp_path, '<row r="1"><c r="XFD1"><v>1</v></c></row>')
    with pytest.raises(Refused, match="TOO_MANY_COLUMNS"):
        read(path)


def test_cells_with_content_are_counted_not_the_gaps_between(tmp_path: Path):
    rows = "".join(f'<row r="{n}"><c r="Z{n}"><v>{n}</v></c></row>' for n in range(1, 11))
    assert len(read(sheet_of(tmp_path, rows), limits=Limits(cells=10))[0]) == 10
    with pytest.raises(Refused, match="TOO_MANY_CELLS"):
        read(sheet_of(tmp_path, rows), limits=Limits(cells=9))


def test_data_in_hidden_rows_only_says_so(tmp_path: Path):
    path = sheet_of(tmp_path, '<row r="1" hidden="1"><c r="A1"><v>1</v></c></row>')
    with pytest.raises(Refused, match="sheet 'Data' has data in hidden rows only"):
        view_of(path)
    sheet = inspect_workbook(path, "x.xlsx", Limits())["sheets"][0]
    assert (sheet["row_count"], sheet["warnings"][0]["code"]) == (0, "ONLY_HIDDEN_ROWS")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("Unit_x005F_x0020_Price", "Unit_x0020_Price"),
        ("a_x000D_b", "a\rb"),
        ("_x005F_x005F_", "_x005F_"),
        ("_x00zz_ _x41_", "_x00zz_ _x41_"),
        ("_xD83D__xDE00_", "😀"),
        ("_xD83D_", "\ufffd"),
    ],
)
def test_escaped_characters_are_read_once(written: str, text: str):
    assert unescape(written) == text


def test_backslashes_between_folders_are_slashes(tmp_path: Path):
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(DATA / "sample.xlsx") as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.namelist():
            new.writestr(entry.replace("/", "\\"), old.read(entry))
    assert b"xl\\workbook.xml" in path.read_bytes()
    assert read(path)[0][1].shown == read(DATA / "sample.xlsx")[0][1].shown


def biff2(*cells: tuple[int, int, float | None]) -> bytes:
    """An .xls of Excel 2: numbers, and blanks that have a look."""
    records = [struct.pack("<4H", 0x09, 4, 2, 0x10)]
    for row, column, value in cells:
        place = struct.pack("<2H3x", row, column)
        if value is None:
            records.append(struct.pack("<2H", 0x01, 7) + place)
        else:
            records.append(struct.pack("<2H", 0x03, 15) + place + struct.pack("<d", value))
    return b"".join([*records, struct.pack("<2H", 0x0A, 0)])


@pytest.mark.no_cover  # to watch each line costs fifty times what is measured
def test_blank_rows_of_an_xls_cost_nothing(tmp_path: Path):
    path = tmp_path / "x.xls"
    blanks = [(row, 255, None) for row in range(16_000)]
    path.write_bytes(biff2((0, 0, 1.0), *blanks, (16_000, 0, 2.0)))
    began = time.thread_time()  # other tests have left threads behind
    rows = read(path, limits=Limits(rows=2, columns=1, cells=2))[0]
    assert [(row.index, row.shown) for row in rows] == [(0, ["1"]), (16_000, ["2"])]
    assert time.thread_time() - began < 20


def with_name(content: bytes, formula: bytes) -> bytes:
    """The workbook of an .xls, with a defined name more."""
    memory, start, length = CompDoc(content, io.StringIO()).locate_named_stream("Workbook")
    stream = bytes(memory[start : start + length])
    head = struct.pack("<H2BHHH4B", 0, 0, 1, len(formula), 0, 0, *[0] * 4)
    name = head + b"\0N" + formula
    added = struct.pack("<2H", 0x18, len(name)) + name
    out, at = b"", 0
    while True:
        kind, size = struct.unpack_from("<2H", stream, at)
        whole = stream[at : at + 4 + size]
        if kind == 0x0A:
            return out + added + stream[at:]
        if kind == 0x85:  # where a sheet begins
            place = struct.unpack_from("<I", whole, 4)[0] + len(added)
            whole = whole[:4] + struct.pack("<I", place) + whole[8:]
        out += whole
        at += 4 + size


def test_a_defined_name_that_xlrd_cannot_work_out_is_no_matter(tmp_path: Path):
    """As in 41139.xls of Apache POI, which Excel opens."""
    path = tmp_path / "x.xls"
    area_n = b"\x2d" + b"\0" * 8
    path.write_bytes(with_name((DATA / "sample.xls").read_bytes(), area_n))
    expected = [[row.shown for row in rows] for rows in read(DATA / "sample.xls")]
    assert [[row.shown for row in rows] for rows in read(path)] == expected


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_the_error_that_excel_shows(number: float, tmp_path: Path):
    """As in 49761.xls of Apache POI."""
    xls, binary = tmp_path / "x.xls", tmp_path / "x.xlsb"
    xls.write_bytes(biff2((0, 0, 1.0), (0, 1, number)))
    sheet = [
        xlsb_row(0),
        cell(5, 0, 0, struct.pack("<d", 1.0)),
        cell(5, 1, 0, struct.pack("<d", number)),
    ]
    xlsb(binary, b"".join(sheet))
    for path in (xls, binary):
        (first,) = read(path)[0]
        assert first.shown == ["1", "#NUM!"]
        assert first.values[1] == CellError("#NUM!")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "the .xls cannot be read: it "),
        (biff2((0, 0, 1.0))[:9], "the .xls cannot be read: it"),
        ((DATA / "sample.xls").read_bytes()[:3000], "the .xls cannot be read: it"),
    ],
)
def test_a_damaged_xls_is_refused_in_the_users_words(content: bytes, said: str, tmp_path: Path):
    path = tmp_path / "x.xls"
    path.write_bytes(content)
    with pytest.raises(Refused) as caught:
        read(path)
    assert caught.value.message.startswith(said), caught.value.message
    for word in ("Error", "struct", "xlrd", "BOF", "OLE2", "offset"):
        assert word not in caught.value.message


def test_the_api_warns_of_uncalculated_formulas_and_refuses_them_by_choice(
    client: TestClient, tmp_path: Path
):
    content = sheet_of(tmp_path, UNCALCULATED).read_bytes()
    workbook = client.post("/api/v1/workbooks", files={"file": ("x.xlsx", content)}).json()
    warnings = workbook["sheets"][0]["warnings"]
    assert [(each["code"], each["cell"], each["count"]) for each in warnings] == [
        ("FORMULA_UNCALCULATED", "A2", 3)
    ]
    for uncalculated, status in (("blank", 200), ("error", 422)):
        body = {"workbook_id": workbook["id"], "options": {"uncalculated": uncalculated}}
        answer = client.post("/api/v1/dry-runs", json=body)
        assert answer.status_code == status, answer.text
    assert answer.json()["code"] == "FORMULA_UNCALCULATED"
    assert "A2" in answer.json()["detail"]
