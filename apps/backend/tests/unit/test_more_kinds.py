"""Workbooks of the kinds that are rarer: .xlsb, .fods, XML Spreadsheet 2003."""

import struct
import time
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.domain.values import CellError
from app.domain.workbook.biff12 import rk_number
from app.domain.workbook.model import Merge
from app.domain.workbook.opening import detect_kind, open_workbook
from tests.unit.test_readers import DATA, read

XML_2003 = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:x="urn:schemas-microsoft-com:office:excel"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" xmlns:html="http://www.w3.org/TR/REC-html40">
 <Styles>
  <Style ss:ID="Default"/>
  <Style ss:ID="money"><NumberFormat ss:Format="#,##0.00\\ &quot;€&quot;"/></Style>
  <Style ss:ID="child" ss:Parent="money"/>
  <Style ss:ID="day"><NumberFormat ss:Format="Short Date"/></Style>
  <Style ss:ID="share"><NumberFormat ss:Format="Percent"/></Style>
 </Styles>
 <Worksheet ss:Name="Data"><Table>
  <Column ss:Index="2" ss:StyleID="money"/><Column ss:Index="5" ss:Hidden="1" ss:Span="1"/>
  <Row><Cell ss:MergeAcross="1"><Data ss:Type="String">Name</Data></Cell>
   <Cell><Data ss:Type="String">Third</Data></Cell></Row>
  <Row ss:Index="3"><Cell><ss:Data ss:Type="String"><html:B>bold</html:B> text</ss:Data></Cell>
   <Cell><Data ss:Type="Number">1234.5</Data></Cell>
   <Cell ss:StyleID="child"><Data ss:Type="Number">7</Data></Cell>
   <Cell ss:StyleID="day"><Data ss:Type="DateTime">2026-01-31T12:00:00.000</Data></Cell>
   <Cell ss:Index="7"><Data ss:Type="Boolean">1</Data></Cell>
   <Cell><Data ss:Type="Error">#DIV/0!</Data></Cell>
   <Cell ss:StyleID="share"><Data ss:Type="Number">many</Data></Cell>
   <Cell ss:Formula="=1+1"/></Row>
  <Row ss:Hidden="1"><Cell ss:StyleID="share"><Data ss:Type="Number">0.25</Data></Cell></Row>
 </Table></Worksheet>
 <Worksheet ss:Name="Away"><Table><Row><Cell><Data ss:Type="Number">1</Data></Cell></Row></Table>
  <x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions></Worksheet>
</Workbook>"""


@pytest.fixture
def xml_2003(tmp_path: Path) -> Path:
    path = tmp_path / "report.xls"  # as they are often called
    path.write_text(XML_2003, "utf-8")
    return path


def test_xml_of_2003_is_read_with_its_formats(xml_2003: Path):
    assert detect_kind(xml_2003, xml_2003.name) == "xml"
    with open_workbook(xml_2003, "x.xml", Limits()) as reader:
        assert [(s.name, s.hidden) for s in reader.sheets] == [("Data", False), ("Away", True)]
        layout = reader.layout(0)
        rows = list(reader.rows(0))
        remarks = [(each.code, each.place) for each in reader.remarks(0)]
        assert reader.pictures(0) == {}
    assert (layout.merges, layout.hidden_columns) == ([Merge(0, 0, 0, 1)], {4, 5})
    assert [(row.index, row.hidden) for row in rows] == [(0, False), (2, False), (3, True)]
    assert rows[0].shown == ["Name", "", "Third"]
    assert rows[1].shown == [
        *("bold text", "1,234.50 €", "7.00 €", "2026-01-31", "", "", "TRUE", "#DIV/0!", "many"),
    ]
    assert rows[1].values[3] == datetime(2026, 1, 31, 12)
    assert rows[2].shown == ["25.00%"]
    assert remarks == [("CELL_VALUE_ODD", "I3"), ("FORMULA_UNCALCULATED", "J3")]


def test_xml_of_2003_keeps_to_the_limits(xml_2003: Path):
    for limits, code in (
        (Limits(columns=3), "TOO_MANY_COLUMNS"),
        (Limits(cell_characters=3), "CELL_TOO_LONG"),
    ):
        with pytest.raises(Refused, match=code):
            read(xml_2003, limits=limits)


def test_flat_ods_is_the_same_as_packed(tmp_path: Path):
    with zipfile.ZipFile(DATA / "sample.ods") as archive:
        content = archive.read("content.xml").decode()
    flat = content.replace("office:document-content", "office:document").replace(
        "<office:document ",
        '<office:document office:mimetype="application/vnd.oasis.opendocument.spreadsheet" ',
    )
    path = tmp_path / "sample.fods"
    path.write_text(flat, "utf-8")
    assert detect_kind(path, path.name) == "fods"
    packed = [[row.shown for row in sheet] for sheet in read(DATA / "sample.ods")]
    assert [[row.shown for row in sheet] for sheet in read(path)] == packed


def test_other_xml_is_refused(tmp_path: Path):
    path = tmp_path / "x.xml"
    path.write_text("<?xml version='1.0'?><a/>")
    with pytest.raises(Refused, match="UNKNOWN_KIND"):
        read(path)


def record(number: int, content: bytes = b"") -> bytes:
    head = bytes([number]) if number < 128 else bytes([number & 0x7F | 0x80, number >> 7])
    size, length = b"", len(content)
    while True:
        size += bytes([length & 0x7F | (0x80 if length > 127 else 0)])
        length >>= 7
        if not length:
            return head + size + content


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def cell(kind: int, column: int, style: int, content: bytes) -> bytes:
    return record(kind, struct.pack("<2I", column, style) + content)


def row(number: int, *, hidden: bool = False) -> bytes:
    return record(0, struct.pack("<2IH2B", number, 0, 300, 0, 0x10 if hidden else 0) + b"\0" * 5)


TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET = b"".join(
    [
        record(60, struct.pack("<4IH", 2, 2, 0, 0, 1)),
        row(0),
        cell(7, 0, 0, struct.pack("<I", 0)),
        cell(1, 1, 1, b""),
        cell(6, 2, 0, wide("in line")),
        cell(62, 3, 0, b"\0" + wide("rich")),
        row(1),
        cell(5, 0, 1, struct.pack("<d", 1234.5)),
        cell(2, 1, 2, struct.pack("<I", 46053 << 2 | 2)),
        cell(4, 2, 0, b"\1"),
        cell(3, 3, 0, b"\x07"),
        cell(9, 4, 99, struct.pack("<d", 0.5) + b"\0" * 4),
        cell(7, 5, 0, struct.pack("<I", 9)),
        cell(1, 2000, 1, b""),
        row(4, hidden=True),
        cell(8, 0, 0, wide("made")),
        record(176, struct.pack("<4I", 0, 1, 0, 2)),
    ]
)


def xlsb(path: Path, sheet: bytes = SHEET) -> Path:
    def relationships(*targets: tuple[str, str]) -> str:
        items = "".join(
            f'<Relationship Id="r{n}" Type="{TYPE}/{kind}" Target="{target}"/>'
            for n, (kind, target) in enumerate(targets)
        )
        return (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f"{items}</Relationships>"
        )

    workbook = record(153, struct.pack("<I", 0)) + record(
        156, struct.pack("<2I", 0, 1) + wide("r0") + wide("Data")
    )
    styles = b"".join(
        [
            record(44, struct.pack("<H", 170) + wide('#,##0.00" kg"')),
            record(47, struct.pack("<2H", 0, 9)),
            record(617),
            *(record(47, struct.pack("<2H", 0, key)) for key in (0, 170, 14)),
            record(618),
        ]
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", relationships(("officeDocument", "xl/workbook.bin")))
        archive.writestr("xl/workbook.bin", workbook)
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            relationships(
                ("worksheet", "worksheets/sheet1.bin"),
                ("styles", "styles.bin"),
                ("sharedStrings", "sharedStrings.bin"),
            ),
        )
        archive.writestr("xl/styles.bin", styles)
        archive.writestr("xl/sharedStrings.bin", record(19, b"\0" + wide("shared 客")))
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
    return path


def test_xlsb_is_read_with_its_formats(tmp_path: Path):
    path = xlsb(tmp_path / "x.xlsb")
    assert detect_kind(path, path.name) == "xlsb"
    with open_workbook(path, path.name, Limits()) as reader:
        layout = reader.layout(0)
        rows = list(reader.rows(0))
        remarks = [(each.code, each.place) for each in reader.remarks(0)]
        assert reader.pictures(0) == {}
    assert (layout.merges, layout.hidden_columns) == ([Merge(0, 0, 1, 2)], {2})
    assert [(each.index, each.hidden) for each in rows] == [(0, False), (1, False), (4, True)]
    assert rows[0].shown == ["shared 客", "", "in line", "rich"]
    assert rows[1].shown == ["1,234.50 kg", "2026-01-31", "TRUE", "#DIV/0!", "0.5"]
    assert rows[1].values[3] == CellError("#DIV/0!")
    assert rows[2].shown == ["made"]
    assert remarks == [("CELL_STYLE_UNKNOWN", "E2"), ("CELL_STRING_MISSING", "F2")]


@pytest.mark.parametrize(
    ("raw", "number"),
    [(46053 << 2 | 2, 46053), (0xFFFFFFFE, -1), (123 << 2 | 3, 1.23), (0x3FF80000, 1.5)],
)
def test_the_short_numbers_of_an_xlsb(raw: int, number: float):
    assert rk_number(raw) == number


@pytest.mark.parametrize("cut", [5, len(SHEET) // 2, len(SHEET) - 3])
def test_a_cut_xlsb_is_refused(cut: int, tmp_path: Path):
    path = xlsb(tmp_path / "x.xlsb", SHEET[:cut])
    with pytest.raises(Refused, match=r"WORKBOOK_DAMAGED: xl/worksheets/sheet1\.bin"):
        read(path)


def test_a_long_text_in_an_xlsb_is_refused(tmp_path: Path):
    path = xlsb(tmp_path / "x.xlsb", row(0) + cell(6, 0, 0, wide("x" * 40_000)))
    with pytest.raises(Refused, match="CELL_TOO_LONG"):
        read(path)


def test_a_long_xlsb_takes_time_by_its_length_alone(tmp_path: Path):
    number = struct.pack("<d", 0.5)
    content = b"".join(row(n) + cell(5, 0, 0, number) for n in range(30_000))
    began = time.process_time()
    assert len(read(xlsb(tmp_path / "x.xlsb", content))[0]) == 30_000
    assert time.process_time() - began < 15
