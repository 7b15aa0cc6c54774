"""Header rows, columns, records, tables."""

import io
from pathlib import Path
from typing import Any

import docx
import pytest
import xlsxwriter

from app.domain.columns import detect_header, name_columns, to_field
from app.domain.docx_tables import write_tables
from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.domain.sheet_tables import to_table
from app.domain.sheet_view import ReadOptions, SheetView, records, view_sheets
from app.domain.workbook.model import Row
from app.domain.workbook.opening import open_workbook
from app.domain.workbook.places import cell_name
from tests.workbooks import xlsx


def row(*values: Any) -> Row:
    return Row.as_shown(0, list(values), ["" if v is None else str(v) for v in values])


def views(path: Path, **options: Any) -> list[SheetView]:
    with open_workbook(path, path.name, Limits()) as reader:
        return view_sheets(reader, ReadOptions(**options))


def saved(tmp_path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    path = tmp_path / "w.xlsx"
    path.write_bytes(xlsx(sheets))
    return path


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([["Name", "Sum"], ["a", 1]], 0),
        ([["Report of 2026"], ["Name", "Sum"], ["a", 1]], 1),
        ([["a", 1], ["b", 2]], None),
        ([["x", "x"], ["a", "b"]], 1),
        ([[1, 2], [3, 4]], None),
        ([["only"]], 0),
        ([], None),
        ([["Title", None, None], [None, None, None], ["A", "B", "C"], ["x", 1, 2]], 2),
    ],
)
def test_the_header_is_the_first_row_of_distinct_texts(rows: list[list[Any]], place: int | None):
    assert detect_header([row(*cells) for cells in rows]) == place


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Unit price (€)", "Unit_price"),
        ("客户 名称", "客户_名称"),
        ("2026", "c2026"),
        ("rows", "rows_"),
        ("class", "class_"),
        ("True", "True_"),
        ("Ｎａｍｅ", "Name"),
        ("€", ""),
        ("a²", "a2"),
    ],
)
def test_a_header_becomes_a_name_that_a_template_can_use(name: str, field: str):
    assert to_field(name) == field
    assert field == "" or field.isidentifier()


def test_columns_with_the_same_or_no_name_are_told_apart():
    columns = name_columns(row("a", "a", "", "€"), 5)
    assert [c.field for c in columns] == ["a", "a_2", "C", "D", "E"]


def test_a_header_row_can_be_chosen_or_denied(tmp_path: Path):
    path = saved(tmp_path, {"S": [["x", "y"], ["a", "b"], ["c", "d"]]})
    assert [c.name for c in views(path, header_row=2)[0].columns] == ["a", "b"]
    assert views(path, header_row=2)[0].row_count == 1
    without = views(path, header_row=0)[0]
    assert ([c.name for c in without.columns], without.row_count) == (["A", "B"], 3)
    with pytest.raises(Refused, match="HEADER_ROW_EMPTY"):
        views(path, header_row=9)


def test_sheets_are_chosen_by_name(tmp_path: Path):
    path = saved(tmp_path, {"S": [["x"]], "T": [["y"]]})
    assert [v.name for v in views(path, sheets=("T",))] == ["T"]
    with pytest.raises(Refused, match="SHEET_UNKNOWN"):
        views(path, sheets=("U",))


def test_hidden_sheets_rows_and_columns_stay_out_unless_wanted(tmp_path: Path):
    path = tmp_path / "h.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("S")
        for number, cells in enumerate([["a", "b", "c"], [1, 2, 3], [4, 5, 6]]):
            sheet.write_row(number, 0, cells)
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.set_column(1, 1, None, None, {"hidden": True})
        hidden = book.add_worksheet("H")
        hidden.write(0, 0, "x")
        hidden.hide()
    [view] = views(path)
    assert [c.name for c in view.columns] == ["a", "c"]
    with open_workbook(path, path.name, Limits()) as reader:
        assert [r.shown for r in records(reader, view)] == [{"a": "4", "c": "6"}]
        out = io.BytesIO()
        assert write_tables(out, [to_table(reader, view)]) == 2
    cells = [[c.text for c in r.cells] for r in docx.Document(out).tables[0].rows]
    assert cells == [["a", "c"], ["4", "6"]]
    assert [v.name for v in views(path, include_hidden=True)] == ["S", "H"]
    assert views(path, include_hidden=True)[0].row_count == 2


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    path = tmp_path / "m.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("S")
        sheet.write_row(0, 0, ["Group", "Name", "Sum"])
        sheet.merge_range(1, 0, 3, 0, "G1")
        for number in range(1, 5):
            sheet.write_row(number, 1, [f"n{number}", number])
        sheet.merge_range(5, 0, 5, 2, "wide")
        sheet.merge_range(6, 1, 7, 2, "box")
        sheet.write(6, 0, "x")
        sheet.write(7, 0, "y")
    return path


def test_a_merged_range_gives_its_value_to_each_of_its_rows(merged: Path):
    [view] = views(merged)
    with open_workbook(merged, "m.xlsx", Limits()) as reader:
        found = [r.shown for r in records(reader, view)]
        assert [r.row_number for r in records(reader, view, skip=6)] == [8]
    assert [r["Group"] for r in found] == ["G1", "G1", "G1", "", "wide", "x", "y"]
    assert found[4] == {"Group": "wide", "Name": "wide", "Sum": "wide"}
    assert found[6] == {"Group": "y", "Name": "box", "Sum": "box"}


def test_merged_cells_are_merged_in_the_table(merged: Path):
    [view] = views(merged)
    out = io.BytesIO()
    with open_workbook(merged, "m.xlsx", Limits()) as reader:
        write_tables(out, [to_table(reader, view)])
    rows = [[c.text for c in r.cells] for r in docx.Document(out).tables[0].rows]
    assert rows[1:4] == [["G1", "n1", "1"], ["G1", "n2", "2"], ["G1", "n3", "3"]]
    assert rows[5] == ["wide", "wide", "wide"]
    assert rows[6:] == [["x", "box", "box"], ["y", "box", "box"]]


def test_the_first_row_of_a_table_repeats_on_every_page(merged: Path):
    [view] = views(merged)
    out = io.BytesIO()
    with open_workbook(merged, "m.xlsx", Limits()) as reader:
        write_tables(out, [to_table(reader, view)])
    table = docx.Document(out).tables[0]
    assert table.rows[0]._tr.xml.count("w:tblHeader") == 1
    assert table.cell(0, 0).paragraphs[0].runs[0].bold
    assert "w:tblHeader" not in table.rows[1]._tr.xml


def test_cells_are_named_as_excel_names_them():
    assert [cell_name(0, 0), cell_name(9, 25), cell_name(0, 26), cell_name(1_048_575, 16_383)] == [
        "A1",
        "Z10",
        "AA1",
        "XFD1048576",
    ]
