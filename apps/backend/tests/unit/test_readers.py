"""The same workbook in three formats (tests/data; .xls and .ods made of it by LibreOffice)."""

import io
import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.inspection import inspect_workbook
from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.domain.values import CellError
from app.domain.workbook.model import Merge, Row
from app.domain.workbook.opening import open_workbook
from app.domain.workbook.places import column_letters
from tests.workbooks import xlsx

DATA = Path(__file__).parents[1] / "data"
KINDS = ["xlsx", "xls", "ods"]


def read(path: Path, name: str = "", limits: Limits | None = None) -> list[list[Row]]:
    with open_workbook(path, name or path.name, limits or Limits()) as reader:
        return [list(reader.rows(i)) for i in range(len(reader.sheets))]


def refusal(path: Path, name: str = "", limits: Limits | None = None) -> Refused:
    with pytest.raises(Refused) as caught:
        read(path, name, limits)
    return caught.value


def edited(tmp_path: Path, part: str, *changes: tuple[str, str], name: str = "sample.xlsx") -> Path:
    """The sample with one of its parts changed."""
    path = tmp_path / name
    with zipfile.ZipFile(DATA / name) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.namelist():
            content = old.read(entry)
            if entry == part:
                text = content.decode()
                for before, after in changes:
                    assert re.search(before, text, re.DOTALL), before
                    text = re.sub(before, lambda _: after, text, count=1, flags=re.DOTALL)  # noqa: B023
                content = text.encode()
            new.writestr(entry, content)
    return path


def with_row(tmp_path: Path, row: str, root: str = "") -> list[Row]:
    """The rows of a sheet that holds this row's XML."""
    content = f"{root}<sheetData>{row}</sheetData></worksheet>"
    path = edited(tmp_path, "xl/worksheets/sheet1.xml", (r"<sheetData>.*</worksheet>", content))
    return read(path)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_shows_what_excel_shows(kind: str):
    rows = {row.index: row for row in read(DATA / f"sample.{kind}")[0]}
    assert rows[1].shown == [
        "客户 & <co>\nline",
        "1234.5",
        "1,234.50 €",
        "25.6%",
        "2026-01-31 12:00",
        "6:00 AM",
        "36:00",
        "TRUE",
        "#DIV/0!",
        "2469",
    ]
    assert rows[1].values[1:5] == [1234.5, 1234.5, 0.256, datetime(2026, 1, 31, 12)]
    assert rows[1].values[6] == timedelta(hours=36)
    assert rows[1].values[8] == CellError("#DIV/0!")
    assert rows[2].hidden
    assert rows[3].shown[0] == "merged"
    assert rows[6].shown == ["=1+1"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_knows_merges_and_hidden_columns(kind: str):
    path = DATA / f"sample.{kind}"
    with open_workbook(path, path.name, Limits()) as reader:
        layout = reader.layout(0)
        sheets = [(sheet.name, sheet.hidden) for sheet in reader.sheets]
    assert sheets == [("Data", False), ("Empty", False), ("Hidden", True)]
    assert layout.merges == [Merge(3, 0, 4, 1)]
    assert layout.hidden_columns == {6}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(rows=2), "TOO_MANY_ROWS"),
        (Limits(columns=3), "TOO_MANY_COLUMNS"),
        (Limits(cells=15), "TOO_MANY_CELLS"),
    ],
)
def test_limits_name_the_sheet_and_the_cell(kind: str, limits: Limits, code: str):
    found = refusal(DATA / f"sample.{kind}", limits=limits)
    assert found.code == code
    assert re.search(r"sheet 'Data'.* at [A-Z]+\d+", found.message)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_anywhere_is_refused_by_name(kind: str, tmp_path: Path):
    content = (DATA / f"sample.{kind}").read_bytes()
    for end in range(1, len(content) - 1, len(content) // 25):
        path = tmp_path / f"cut.{kind}"
        path.write_bytes(content[:end])
        try:
            read(path)
        except Refused as error:
            assert error.code
            assert error.message


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_with_a_changed_byte_is_read_or_refused(kind: str, tmp_path: Path):
    content = bytearray((DATA / f"sample.{kind}").read_bytes())
    for place in range(0, len(content), max(len(content) // 60, 1)):
        damaged = bytearray(content)
        damaged[place] ^= 0x5A
        path = tmp_path / f"damaged.{kind}"
        path.write_bytes(damaged)
        try:
            read(path)
        except Refused as error:
            assert error.code


def test_rows_that_the_fast_way_cannot_read_are_parsed(tmp_path: Path):
    rows = with_row(
        tmp_path,
        '<row><c t="inlineStr"><is><t>plain</t></is></c><c><v>2</v></c></row>'
        '<row r="4" hidden="1"><c t="n" r="B4"><v>7</v></c>'
        '<c r="D4" t="inlineStr"><is><r><t>ri</t></r><r><rPr/><t>ch</t></r>'
        "<rPh><t>no</t></rPh></is></c><c r='E4' t='str'><f>A1</f><v>a &amp; b</v></c></row>"
        '<row r="5"><c r="A5" t="inlineStr"><is><t>x_x000D__y</t></is></c>'
        '<c r="B5" t="d"><v>2026-01-31T00:00:00</v></c><c r="C5" t="b"><v>0</v></c></row>',
    )
    assert [(row.index, row.hidden, row.shown) for row in rows] == [
        (0, False, ["plain", "2"]),
        (3, True, ["", "7", "", "rich", "a & b"]),
        (4, False, ["x\r_y", "46053", "FALSE"]),
    ]


plain_cells = st.lists(
    st.tuples(
        st.sampled_from(["", ' s="0"', ' s="1"', ' s="2"', ' s="02"', ' s="3" t="n"', ' cm="1"']),
        st.sampled_from(["0", "1", "-1", "60.5", "1e3", "46053.25", "1E-7", "123456789012345678"]),
    )
    | st.sampled_from([(' t="s"', "0"), (' s="1" t="s"', "1"), (' t="b"', "1"), (' t="str"', "a")]),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(plain_cells, min_size=1, max_size=4))
def test_the_fast_way_reads_what_the_general_one_does(
    tmp_path: Path, cells: list[list[tuple[str, str]]]
):
    def rows(formula: str) -> list[Row]:
        text = "".join(
            f'<row r="{number}">'
            + "".join(
                f'<c r="{column_letters(column)}{number}"{attributes}>{formula}<v>{value}</v></c>'
                for column, (attributes, value) in enumerate(row)
            )
            + "</row>"
            for number, row in enumerate(cells, 1)
        )
        return with_row(tmp_path, text)

    # A formula beside the value is no matter of the fast way.
    fast, general = rows(""), rows("<f>A1</f>")
    assert [(row.index, row.values, row.shown) for row in fast] == [
        (row.index, row.values, row.shown) for row in general
    ]
    assert [list(map(type, row.values)) for row in fast] == [
        list(map(type, row.values)) for row in general
    ]


def test_prefixed_and_foreign_encodings_are_read(tmp_path: Path):
    sheet = (
        '<?xml version="1.0" encoding="{}"?><x:worksheet xmlns:x="http://schemas.openxmlformats.org'
        '/spreadsheetml/2006/main"><x:sheetData><x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t>é'
        "</x:t></x:is></x:c></x:row></x:sheetData></x:worksheet>"
    )
    for encoding in ("utf-8", "utf-16", "iso-8859-1"):
        path = tmp_path / "x.xlsx"
        with zipfile.ZipFile(DATA / "sample.xlsx") as old, zipfile.ZipFile(path, "w") as new:
            for entry in old.namelist():
                content = old.read(entry)
                if entry == "xl/worksheets/sheet1.xml":
                    content = sheet.format(encoding).encode(encoding)
                new.writestr(entry, content)
        assert read(path)[0][0].shown == ["é"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ('<row r="1"><c s="1" r="A1"><v>1</c></row>', "XML_DAMAGED"),
        ("</row>", "XML_DAMAGED"),
        (f'<row r="1"><c r="A1" t="str"><v>{"x" * 40_000}</v></c></row>', "CELL_TOO_LONG"),
    ],
)
def test_a_damaged_cell_is_refused_by_its_name(row: str, code: str, tmp_path: Path):
    with pytest.raises(Refused) as caught:
        with_row(tmp_path, row)
    assert caught.value.code == code
    assert "sheet 'Data'" in caught.value.message
    if code.startswith("CELL"):
        assert "A1" in caught.value.message


def test_a_sheet_that_ends_inside_a_row_is_refused(tmp_path: Path):
    path = edited(
        tmp_path, "xl/worksheets/sheet1.xml", (r"</row>.*", '</row><row r="9"><c r="A9">')
    )
    assert refusal(path).code == "XML_DAMAGED"


def test_entities_are_never_expanded(tmp_path: Path):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]><sst '
    for part in ("xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"):
        change = (
            r"<(sst|styleSheet|workbook) ",
            bomb.replace(
                "sst",
                {"xl/styles.xml": "styleSheet", "xl/workbook.xml": "workbook"}.get(part, "sst"),
            ),
        )
        assert refusal(edited(tmp_path, part, change)).code in {"XML_DOCTYPE", "XML_DAMAGED"}


def test_the_1904_date_system(tmp_path: Path):
    path = edited(tmp_path, "xl/workbook.xml", ("<workbookPr ", '<workbookPr date1904="1" '))
    assert read(path)[0][1].shown[4] == "2030-02-01 12:00"


def test_the_1904_date_system_of_an_xls(tmp_path: Path):
    path = tmp_path / "x.xls"
    path.write_bytes(changed_xls(b"\x22\0\x02\0\0\0", b"\x22\0\x02\0\x01\0"))
    assert read(path)[0][1].shown[4] == "2030-02-01 12:00"


def test_an_encrypted_xls_is_refused(tmp_path: Path):
    path = tmp_path / "x.xls"
    path.write_bytes(changed_xls(b"\xe1\0\x02\0\xb0\x04", b"\x2f\0\x02\0\xb0\x04"))  # FILEPASS
    assert refusal(path).code == "ENCRYPTED"


def changed_xls(before: bytes, after: bytes) -> bytes:
    """The sample with one of its records changed."""
    content = (DATA / "sample.xls").read_bytes()
    assert content.count(before) == 1
    return content.replace(before, after)


def test_a_missing_part_is_refused(tmp_path: Path):
    path = edited(tmp_path, "_rels/.rels", ('officeDocument"', 'nothing"'))
    assert refusal(path).code == "WORKBOOK_DAMAGED"
    path = edited(tmp_path, "_rels/.rels", ("xl/workbook.xml", "xl/gone.xml"))
    assert refusal(path).code == "WORKBOOK_DAMAGED"


def test_a_workbook_that_lost_its_styles_is_read_and_one_without_strings_is_not(tmp_path: Path):
    part = "xl/_rels/workbook.xml.rels"
    path = edited(tmp_path, part, ("relationships/styles", "relationships/x"))
    assert read(path)[0][1].shown[1:4] == ["1234.5", "1234.5", "0.256"]
    path = edited(tmp_path, part, ("relationships/sharedStrings", "relationships/x"))
    assert refusal(path).code == "CELL_DAMAGED"


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("a;b\n1,5;2\n", [["a", "b"], ["1,5", "2"]]),
        ("a\tb\n", [["a", "b"]]),
        ('"x, y",z\n', [["x, y", "z"]]),
        ("=1+1,@x\n", [["=1+1", "@x"]]),
        ("\n\na\n", [["a"]]),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_files(content: str, shown: list[list[str]], encoding: str, tmp_path: Path):
    path = tmp_path / "x.csv"
    path.write_bytes(content.encode(encoding))
    assert [row.shown for row in read(path)[0]] == shown


@pytest.mark.parametrize(("encoding", "text"), [("gb18030", "客户"), ("cp1252", "café")])
def test_old_encodings_of_text_files(encoding: str, text: str, tmp_path: Path):
    path = tmp_path / "x.csv"
    path.write_bytes(f"{text},b\n".encode(encoding))
    assert read(path)[0][0].shown[1] == "b"
    assert read(path)[0][0].shown[0] in {text, text.encode(encoding).decode("gb18030", "replace")}


def test_a_text_file_with_an_endless_field_is_refused(tmp_path: Path):
    path = tmp_path / "x.csv"
    path.write_text('a\n"' + "x" * 200_000)
    assert refusal(path).code == "CSV_DAMAGED"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("x.xlsx", b"%PDF-1.7", "UNKNOWN_KIND"),
        ("x.csv", b"a\0b", "UNKNOWN_KIND"),
        ("x.bin", b"hello", "UNKNOWN_KIND"),
        ("x.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "WORKBOOK_DAMAGED"),
        (
            "x.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "ENCRYPTED",
        ),
        ("x.xls", b"\x09\x08\x10\x00garbage", "WORKBOOK_DAMAGED"),
    ],
)
def test_what_is_no_workbook_is_refused(name: str, content: bytes, code: str, tmp_path: Path):
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(path).code == code


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("word/document.xml", "UNKNOWN_KIND"),
        ("xl/workbook.bin", "WORKBOOK_DAMAGED"),
        ("a", "UNKNOWN_KIND"),
        ("content.xml", "XML_DAMAGED"),
    ],
)
def test_other_archives_are_refused(entry: str, code: str, tmp_path: Path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(entry, "")
    path = tmp_path / "x.xlsx"
    path.write_bytes(buffer.getvalue())
    assert refusal(path).code == code


def test_an_encrypted_ods_is_refused(tmp_path: Path):
    manifest = ("</manifest:manifest>", "<manifest:encryption-data/></manifest:manifest>")
    path = edited(tmp_path, "META-INF/manifest.xml", manifest, name="sample.ods")
    assert refusal(path).code == "ENCRYPTED"


def test_inspection_finds_columns_and_kinds():
    found = inspect_workbook(DATA / "sample.xlsx", "sample.xlsx", Limits())
    assert found["kind"] == "xlsx"
    assert [(s["name"], s["hidden"]) for s in found["sheets"]] == [
        ("Data", False),
        ("Hidden", True),
    ]
    kinds = {c["name"]: c["kind"] for c in found["sheets"][0]["columns"]}
    assert kinds["Date"] == "date"
    assert kinds["Error"] == "error"
    assert "Long" not in kinds  # hidden


def test_an_empty_workbook_is_refused(tmp_path: Path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(xlsx({"S": []}))
    with pytest.raises(Refused, match="WORKBOOK_EMPTY"):
        inspect_workbook(path, "x.xlsx", Limits())


def ods_cell(tmp_path: Path, cell: str) -> Row:
    """The row of an .ods whose first row is this cell's XML."""
    path = edited(
        tmp_path,
        "content.xml",
        (r"<table:table-row.*?</table:table-row>", f"<table:table-row>{cell}</table:table-row>"),
        name="sample.ods",
    )
    return read(path)[0][0]


@pytest.mark.parametrize(
    ("attributes", "content", "value", "shown"),
    [
        (
            'office:value-type="date" office:date-value="2026-01-31"',
            "31.1.",
            datetime(2026, 1, 31),
            "31.1.",
        ),
        ('office:value-type="date" office:date-value="soon"', "soon", "soon", "soon"),
        ('office:value-type="boolean" office:boolean-value="true"', "TRUE", True, "TRUE"),
        (
            'office:value-type="time" office:time-value="-P1DT1H"',
            "-25",
            -timedelta(hours=25),
            "-25",
        ),
        ('office:value-type="time" office:time-value="x"', "x", "x", "x"),
        ('office:value-type="float" office:value="nan"', "?", "?", "?"),
        ('office:value-type="string" office:string-value="s"', "t", "s", "t"),
        (
            'office:value-type="string"',
            'a<text:s text:c="2"/>b<text:tab/>c<text:line-break/>d<text:span>e</text:span>',
            "a  b\tc\nde",
            "a  b\tc\nde",
        ),
    ],
)
def test_cells_of_an_ods(attributes: str, content: str, value: object, shown: str, tmp_path: Path):
    row = ods_cell(
        tmp_path, f"<table:table-cell {attributes}><text:p>{content}</text:p></table:table-cell>"
    )
    assert (row.values, row.shown) == ([value], [shown])


def test_repeated_cells_and_notes_of_an_ods(tmp_path: Path):
    row = ods_cell(
        tmp_path,
        '<table:table-cell table:number-columns-repeated="2"/>'
        '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="2">'
        "<office:annotation><text:p>note</text:p></office:annotation><text:p>1</text:p></table:table-cell>"
        '<table:table-cell table:number-columns-repeated="16000"/>',
    )
    assert row.shown == ["", "", "1", "1"]


@pytest.mark.parametrize("cell", ["table-cell", "covered-table-cell"])
def test_an_ods_that_claims_a_million_columns_is_refused_by_its_cell(cell: str, tmp_path: Path):
    gap = f'<table:{cell} table:number-columns-repeated="999999999"/>'
    with pytest.raises(Refused, match=r"TOO_MANY_COLUMNS: sheet 'Data' .* AMK1"):
        ods_cell(tmp_path, gap + "<table:table-cell><text:p>x</text:p></table:table-cell>")
