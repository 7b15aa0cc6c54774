"""Cells whose parts look differently, in documents."""

import io
from pathlib import Path
from typing import Any

import docx
import pytest
import xlsxwriter
from docx.document import Document
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from openpyxl.styles.colors import COLOR_INDEX

from app.domain.conversion import Mode, Options, Source
from app.domain.limits import Limits
from app.domain.modes import convert
from app.domain.rich_text import RichText, Run, parts_of
from app.domain.workbook.opening import open_workbook
from app.domain.workbook.rich_text import rich_text
from tests.documents import template, unzipped

LOOKS = ("bold", "italic", "font_strikeout", "underline")
THEME = ["FFFFFF", "000000", "E7E6E6", "44546A", "4472C4"]


def workbook(folder: Path, parts: list[tuple[str, dict[str, Any]]], *, inline: bool) -> Path:
    """Inline texts are what writers leave that keep no list of texts; they are read otherwise."""
    path = folder / "notes.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": inline}) as book:
        sheet = book.add_worksheet("Notes")
        sheet.write_row(0, 0, ["Name", "Note"])
        sheet.write(1, 0, "Ann")
        pieces: list[Any] = []
        for text, look in parts:
            pieces += [book.add_format(look), text] if look else [text]
        assert sheet.write_rich_string(1, 1, *pieces) == 0
    return path


def cell(path: Path) -> Any:
    with open_workbook(path, path.name, Limits()) as reader:
        return list(reader.rows(0))[1].shown[1]


def document(path: Path, text: str = "{{r Note }}", mode: Mode = Mode.PER_ROW) -> Document:
    letter, out = path.with_name("t.docx"), path.with_name("out")
    letter.write_bytes(template(text))
    out.mkdir(exist_ok=True)
    parts: list[Path] = []
    source = Source(path, path.name, mode, Options(), letter if mode is not Mode.TABLE else None)
    done = convert(
        source, out, Limits(), lambda e: parts.append(e.path) if hasattr(e, "path") else None
    )
    content = done.path.read_bytes() if done.path else unzipped(parts[0].read_bytes())["2.docx"]
    return docx.Document(io.BytesIO(content))


def looks(paragraph: Any) -> list[tuple[str, set[str], str]]:
    """Text, what of it is on, and colour, run by run, as python-docx reads them."""
    found = []
    for run in filter(lambda run: run.text, paragraph.runs):
        font = run.font
        kinds = ("bold", "italic", "strike", "underline", "superscript", "subscript")
        on = {kind for kind in kinds if getattr(font, kind)}
        found.append((run.text, on, str(font.color.rgb or "")))
    return found


@pytest.mark.parametrize("inline", [False, True], ids=["shared", "inline"])
def test_the_look_of_each_part_is_kept(tmp_path: Path, inline: bool):
    parts: list[tuple[str, dict[str, Any]]] = [
        ("due ", {}),
        ("now\n& here", {"bold": True, "font_color": "#C00000"}),
        (" or ", {"italic": True, "underline": 1}),
        ("never", {"font_strikeout": True}),
        ("2", {"font_script": 1}),
    ]
    book = workbook(tmp_path, parts, inline=inline)
    assert looks(document(book).paragraphs[0]) == [
        ("due ", set(), ""),
        ("now\n& here", {"bold"}, "C00000"),
        (" or ", {"italic", "underline"}, ""),
        ("never", {"strike"}, ""),
        ("2", {"superscript"}, ""),
    ]


@pytest.mark.parametrize("inline", [False, True], ids=["shared", "inline"])
def test_what_a_template_asks_for_goes_before_the_cells_own_look(tmp_path: Path, inline: bool):
    book = workbook(tmp_path, [("a ", {}), ("b", {"font_color": "#C00000"})], inline=inline)
    text = '{{r Note|rich(bold=true, color="0000FF") }}'
    assert looks(document(book, text).paragraphs[0]) == [
        ("a ", {"bold"}, "0000FF"),
        ("b", {"bold"}, "0000FF"),
    ]


def test_in_a_text_it_is_a_text(tmp_path: Path):
    book = workbook(tmp_path, [("a ", {}), ("b", {"bold": True})], inline=False)
    text = "[{{ Note }}|{{ Note|upper }}|{{ Note ~ 1 }}|{{ Note|length }}|{{ raw.Note }}]"
    paragraph = document(book, text).paragraphs[0]
    assert paragraph.text == "[a b|A B|a b1|3|a b]"
    assert not any(on for _text, on, _color in looks(paragraph))


def test_loops_and_tables_keep_it(tmp_path: Path):
    book = workbook(tmp_path, [("a ", {}), ("b", {"bold": True})], inline=False)
    loop = "{%p for r in rows %}", "{{r r.Note }}", "{%p endfor %}"
    letter = tmp_path / "loop.docx"
    letter.write_bytes(template(*loop))
    source = Source(book, book.name, Mode.SINGLE, Options(), letter)
    path = convert(source, tmp_path, Limits(), lambda _event: None).path
    assert path is not None
    expected = [("a ", set(), ""), ("b", {"bold"}, "")]
    assert looks(docx.Document(str(path)).paragraphs[0]) == expected
    table = document(book, mode=Mode.TABLE).tables[0]
    assert looks(table.cell(1, 1).paragraphs[0]) == expected


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), min_size=1),
            st.dictionaries(st.sampled_from(LOOKS), st.just(True), min_size=1),
        ),
        min_size=2,
        max_size=6,
    )
)
@pytest.mark.parametrize("inline", [False, True], ids=["shared", "inline"])
def test_both_ways_to_store_it_are_read_alike(
    tmp_path_factory: pytest.TempPathFactory, inline: bool, parts: list[tuple[str, dict[str, Any]]]
):
    found = cell(workbook(tmp_path_factory.mktemp("rich"), parts, inline=inline))
    assert found == "".join(text for text, _look in parts)
    assert isinstance(found, RichText)
    named = ("bold", "italic", "strike", "underline")
    assert [(p.text, *(getattr(p, name) for name in named)) for p in parts_of(found)] == [
        (text, *(bool(look.get(name)) for name in LOOKS)) for text, look in parts
    ]


def color_of(attributes: str) -> str:
    xml = f"<is><r><rPr><b/><color {attributes}/></rPr><t>x</t></r></is>"
    found = rich_text(etree.fromstring(xml), THEME)
    assert isinstance(found, RichText)
    return parts_of(found)[0].color


def test_the_old_palette_is_the_one_that_others_have():
    for index in range(8, 64):
        expected = COLOR_INDEX[index][2:]
        assert color_of(f'indexed="{index}"') == (expected if expected != "000000" else "")


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('rgb="FFC00000"', "C00000"),
        ('theme="4"', "4472C4"),
        ('theme="1"', ""),  # the colour of text is Word's own
        ('theme="3" tint="0.3999755851924192"', "8497B0"),
        ('theme="4" tint="-0.249977111117893"', "2F5496"),
        ('theme="4" tint="0.3999755851924192"', "8EA9DB"),
        ('auto="1"', ""),
        ('theme="99"', ""),
        ('rgb="red"', ""),
        ('rgb="FFC00000" tint="nan"', "C00000"),
        ('theme="-1"', ""),
    ],
)
def test_colours_of_themes_are_the_ones_that_excel_shows(attributes: str, expected: str):
    assert _near(color_of(attributes), expected)


def _near(found: str, expected: str) -> bool:
    """Excel counts in steps of its own: each part within three of 255."""
    if len(found) != len(expected):
        return False
    pairs = [(found[at : at + 2], expected[at : at + 2]) for at in range(0, len(found), 2)]
    return all(abs(int(one, 16) - int(other, 16)) <= 3 for one, other in pairs)


def test_a_text_of_one_look_is_a_plain_text_and_reading_aids_are_no_part_of_it():
    xml = "<si><r><t>a</t></r><r><t>_x0041_</t></r><rPh><t>no</t></rPh></si>"
    found = rich_text(etree.fromstring(xml), [])
    assert (found, type(found)) == ("aA", str)
    xml = "<si><r><rPr><b/></rPr><t>_x005F_x0041_</t></r><r><rPr><b val='0'/></rPr><t/></r></si>"
    found = rich_text(etree.fromstring(xml), [])
    assert isinstance(found, RichText)
    assert (found, parts_of(found)) == ("_x0041_", (Run("_x0041_", bold=True),))
