import io

import docx
from hypothesis import given
from hypothesis import strategies as st

from app.domain.docx_tables import Table, TableRow, write_tables


def table(title: str, width: int, rows: list[list[str]]) -> Table:
    return Table(title, width, lambda: [TableRow(row) for row in rows])


def written(*tables: Table) -> "docx.document.Document":
    out = io.BytesIO()
    write_tables(out, tables)
    return docx.Document(out)


def texts(document: "docx.document.Document", index: int = 0) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in document.tables[index].rows]


def test_each_table_has_its_heading_and_its_cells():
    document = written(table("Sales", 2, [["a", "b"], ["1", "2"]]), table("客户", 1, [["名称"]]))
    assert [p.text for p in document.paragraphs if p.text] == ["Sales", "客户"]
    assert texts(document) == [["a", "b"], ["1", "2"]]
    assert texts(document, 1) == [["名称"]]


def test_a_short_row_is_filled_up():
    assert texts(written(table("t", 3, [["a"]]))) == [["a", "", ""]]


def test_a_table_wider_than_word_allows_is_split():
    header = [str(i) for i in range(130)]
    document = written(table("wide", 130, [header]))
    assert [len(t.columns) for t in document.tables] == [63, 63, 4]
    assert [c for i in range(3) for c in texts(document, i)[0]] == header


def test_a_table_without_rows_is_still_a_document():
    assert texts(written(table("t", 2, []))) == [["", ""]]


@given(st.text())
def test_any_text_survives_but_what_xml_cannot_hold(text: str):
    [[shown]] = texts(written(table("t", 1, [[text]])))
    kept = "".join(c for c in text if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))
    assert shown == kept.replace("\r\n", "\n").replace("\r", "\n")
