import io
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.shared import Pt, RGBColor

from app.domain.conversion import Missing, Mode, Options, Source
from app.domain.dry_run import dry_run
from app.domain.limits import Limits
from app.domain.modes import convert
from app.domain.refusal import Refused
from app.domain.template.compiled import CompiledTemplate, compile_template
from tests.documents import paragraphs, template, unzipped
from tests.workbooks import xlsx

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def compiled(tmp_path: Path, content: bytes, *, blank: bool = False) -> CompiledTemplate:
    path = tmp_path / "t.docx"
    path.write_bytes(content)
    return compile_template(path, blank_missing=blank)


def rendered(tmp_path: Path, *texts: str, **context: Any) -> list[str]:
    return paragraphs(compiled(tmp_path, template(*texts)).document(context))


def refused(tmp_path: Path, *texts: str, **context: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        compiled(tmp_path, template(*texts)).document(context)
    return caught.value


def with_part(content: bytes, **parts: str | bytes) -> bytes:
    """The .docx with parts replaced or added; `__` in a name is a slash."""
    names = {name.replace("__", "/").replace("DOT", "."): text for name, text in parts.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.namelist():
            if entry not in names:
                new.writestr(entry, old.read(entry))
        for name, text in names.items():
            new.writestr(name, text)
    return out.getvalue()


def body(xml: str) -> bytes:
    document = f"<w:document {W}><w:body>{xml}<w:sectPr/></w:body></w:document>"
    return with_part(template(), word__documentDOTxml=document)


@pytest.mark.parametrize("text", ["A & B", "<b>", '"x"', "{{ y }}", "客户", "a\nb", "a\tb", "]]>"])
def test_a_value_comes_out_as_it_went_in(text: str, tmp_path: Path):
    assert rendered(tmp_path, "[{{ x }}]", x=text) == [f"[{text}]"]


def test_what_xml_cannot_hold_is_left_out(tmp_path: Path):
    assert rendered(tmp_path, "{{ x }}", x="a\x00\x0bb\ufffe") == ["ab"]


def test_conditions_loops_and_filters(tmp_path: Path):
    texts = (
        "{% if n > 1 %}many{% else %}one{% endif %}",
        "{% for x in xs %}{{ loop.index }}{{ x|upper }} {% endfor %}",
        "{{ xs|join(', ') }} {{ n|fmt('0.00') }} {{ when.year }} {{ gone|default('-') }}",
        "{% set ns = namespace(total=0) %}{% for i in range(3) %}{% set ns.total = ns.total + i %}"
        "{% endfor %}{{ ns.total }} {{ s.title() }}",
    )
    import datetime

    when = datetime.datetime(2026, 1, 31)
    assert rendered(tmp_path, *texts, n=2, xs=["a", "b"], when=when, s="ab") == [
        "many",
        "1A 2B ",
        "a, b 2.00 2026 -",
        "3 Ab",
    ]


def test_raw_values_print_like_general(tmp_path: Path):
    import datetime

    values = {
        "a": True,
        "b": 1.5,
        "c": datetime.datetime(2026, 1, 31),
        "d": None,
        "f": 3,
        "e": datetime.datetime(2026, 1, 31, 8, 30),
        "g": datetime.timedelta(hours=36),
    }
    text = "{{ a }} {{ b }} {{ c }} {{ d }} {{ e }} {{ f }} {{ c|fmt('d/m') }} {{ g|fmt('[h]') }}"
    text += " {{ a|fmt('0') }}{{ d|fmt('0') }} {{ 'x'|fmt('@@') }}"
    assert rendered(tmp_path, text, **values) == [
        "TRUE 1.5 2026-01-31  2026-01-31 08:30:00 3 31/1 36 TRUE xx"
    ]


def test_a_tag_cut_into_many_runs_is_one_tag(tmp_path: Path):
    document = docx.Document()
    paragraph = document.add_paragraph()
    for piece in ("{", "{ na", "me", " }", "}"):
        paragraph.add_run(piece).bold = piece == "me"
    out = io.BytesIO()
    document.save(out)
    assert paragraphs(compiled(tmp_path, out.getvalue()).document({"name": "x"})) == ["x"]


def test_rich_text_is_a_run_with_its_look(tmp_path: Path):
    text = '{{r x|rich(bold=true, italic=true, color="#C00000", size=14) }}'
    content = compiled(tmp_path, template(text, "{{r x}}", "{{p x}}")).document({"x": "A&B"})
    first, second, third = docx.Document(io.BytesIO(content)).paragraphs
    [run] = [run for run in first.runs if run.text]
    assert (run.text, run.bold, run.italic, run.font.size) == ("A&B", True, True, Pt(14))
    assert run.font.color.rgb == RGBColor(0xC0, 0, 0)
    assert second.text == third.text == "A&B"


def test_headers_and_footers_are_rendered(tmp_path: Path):
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "{{ x }}"
    document.sections[0].footer.paragraphs[0].text = "plain"
    document.add_paragraph("{{ y }}")
    out = io.BytesIO()
    document.save(out)
    made = compiled(tmp_path, out.getvalue())
    assert set(made.fields.single) == {"x", "y"}
    section = docx.Document(io.BytesIO(made.document({"x": "1&", "y": "2"}))).sections[0]
    assert section.header.paragraphs[0].text == "1&"
    assert section.footer.paragraphs[0].text == "plain"


def test_loops_over_columns_keep_the_table_whole(tmp_path: Path):
    document = docx.Document()
    table = document.add_table(1, 3)
    for cell, text in zip(
        table.rows[0].cells, ("{%tc for x in xs %}", "{{ x }}", "{%tc endfor %}"), strict=True
    ):
        cell.text = text
    out = io.BytesIO()
    document.save(out)
    content = compiled(tmp_path, out.getvalue()).document({"xs": ["a", "b", "c", "d"]})
    [row] = docx.Document(io.BytesIO(content)).tables[0].rows
    assert [cell.text for cell in row.cells] == ["a", "b", "c", "d"]


def test_drawings_in_a_loop_get_numbers_of_their_own(tmp_path: Path):
    wp = 'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    drawing = (
        f'<w:r><w:drawing><wp:inline {wp}><wp:docPr id="7" name="x"/></wp:inline></w:drawing></w:r>'
    )
    xml = f"<w:p><w:r><w:t>{{% for i in range(3) %}}</w:t></w:r>{drawing}<w:r><w:t>{{% endfor %}}</w:t></w:r></w:p>"
    content = compiled(tmp_path, body(xml)).document({})
    document = unzipped(content)["word/document.xml"].decode()
    import re

    assert re.findall(r'docPr[^>]* id="(\d+)"', document) == ["1", "2", "3"]


def test_fields_are_listed_by_where_they_come_from(tmp_path: Path):
    texts = (
        "{{ a }} {{ raw.b }} {{ row['c d'] }} {{ sheet }} {% set x = 1 %}{{ x }}",
        "{% for r in rows|sort %}{{ r.e }} {{ r.raw.f }} {{ r['g h'] }} {{ r.row_number }}{% endfor %}",
    )
    fields = compiled(tmp_path, template(*texts)).fields
    assert set(fields.single) == {"a", "b", "c d"}
    assert set(fields.looped) == {"e", "f", "g h"}
    assert fields.uses_rows


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ ''.__class__ }}", "TEMPLATE_FORBIDDEN"),
        ("{{ x.__init__.__globals__ }}", "TEMPLATE_FORBIDDEN"),
        ("{{ self._TemplateReference__context }}", "TEMPLATE_FORBIDDEN"),
        ("{{ x.encode() }}", "TEMPLATE_FORBIDDEN"),
        ("{{ xs.append(1) }}", "TEMPLATE_FORBIDDEN"),
        ("{% for i in [1] %}{{ loop.__class__ }}{% endfor %}", "TEMPLATE_FORBIDDEN"),
        ("{{ when.__class__ }}", "TEMPLATE_FORBIDDEN"),
        ("{{ x|attr('__class__') }}", "TEMPLATE_SYNTAX"),
        ("{{ x|safe }}", "TEMPLATE_SYNTAX"),
        ("{% include 'x' %}", "TEMPLATE_TAG"),
        ("{% import 'x' as y %}", "TEMPLATE_TAG"),
        ("{% from 'x' import y %}", "TEMPLATE_TAG"),
        ("{% extends 'x' %}", "TEMPLATE_TAG"),
        ("{{ range(99999999) }}", "TEMPLATE_RANGE"),
        ("{{ 1 / 0 }}", "TEMPLATE_VALUE"),
        ("{{ x + 1 }}", "TEMPLATE_VALUE"),
        ("{{ x|rich(color='red') }}", "TEMPLATE_VALUE"),
        ("{{ x|picture }}", "TEMPLATE_VALUE"),
        ("{{ d.gone }}", "FIELD_MISSING"),
        ("{{ d['gone'] }}", "FIELD_MISSING"),
        ("{{ gone }}", "FIELD_MISSING"),
        ("{{ d.items() }}", "FIELD_MISSING"),
        ("{{ open", "TEMPLATE_SYNTAX"),
        ("{% for %}", "TEMPLATE_SYNTAX"),
        ("{% if x %}", "TEMPLATE_SYNTAX"),
    ],
)
def test_a_template_gets_no_further_than_its_fields(text: str, code: str, tmp_path: Path):
    import datetime

    context = {"x": "a", "xs": ["a"], "d": {"k": 1}, "when": datetime.datetime(2026, 1, 1)}
    found = refused(tmp_path, "first", text, **context)
    assert found.code == code
    assert found.message


def test_missing_fields_may_be_blank(tmp_path: Path):
    made = compiled(tmp_path, template("[{{ a }}{{ b.c.d }}]"), blank=True)
    assert paragraphs(made.document({})) == ["[]"]
    assert made.render({}).text() == ["[]"]


def test_tags_at_different_levels_are_refused(tmp_path: Path):
    xml = (
        "<w:p><w:r><w:t>{% for i in range(2) %}</w:t></w:r></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>{% endfor %}</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    )
    with pytest.raises(Refused, match="TEMPLATE_BROKEN_RESULT"):
        compiled(tmp_path, body(xml)).document({})


def test_a_print_where_word_holds_no_text_is_refused(tmp_path: Path):
    xml = "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>{{tr x}}</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    with pytest.raises(Refused, match="TEMPLATE_TAG"):
        compiled(tmp_path, body(xml))


RELS = "word___rels__documentDOTxmlDOTrels"
RELATION = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://x/{}" Target="http://evil.example/x" TargetMode="External"/>'
    "</Relationships>"
)


@pytest.mark.parametrize("kind", ["image", "oleObject", "frame", "subDocument", "afChunk"])
def test_what_would_be_fetched_is_refused(kind: str, tmp_path: Path):
    content = with_part(template("x"), **{RELS: RELATION.format(kind)})
    with pytest.raises(Refused, match="TEMPLATE_EXTERNAL"):
        compiled(tmp_path, content)


@pytest.mark.parametrize(("kind", "kept"), [("hyperlink", True), ("attachedTemplate", False)])
def test_hyperlinks_stay_and_attached_templates_are_cut(kind: str, kept: bool, tmp_path: Path):
    content = with_part(template("x"), **{RELS: RELATION.format(kind)})
    made = unzipped(compiled(tmp_path, content).document({}))
    assert (b"evil.example" in made["word/_rels/document.xml.rels"]) is kept


def test_macros_are_refused(tmp_path: Path):
    content = with_part(template("x"), word__vbaProjectDOTbin="x")
    with pytest.raises(Refused, match="TEMPLATE_MACROS"):
        compiled(tmp_path, content)
    types = unzipped(template("x"))["[Content_Types].xml"].decode()
    macro = types.replace(
        "vnd.openxmlformats-officedocument.wordprocessingml.document.main",
        "vnd.ms-word.document.macroEnabled.main",
    )
    path = tmp_path / "m.docx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in unzipped(template("x")).items():
            archive.writestr(name, macro.encode() if name == "[Content_Types].xml" else data)
    with pytest.raises(Refused, match="TEMPLATE_MACROS"):
        compile_template(path)


def test_what_is_no_document_is_refused(tmp_path: Path):
    path = tmp_path / "x.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "x")
    with pytest.raises(Refused, match="TEMPLATE_NOT_DOCX"):
        compile_template(path)
    older = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    path.write_bytes(older)
    with pytest.raises(Refused, match=r"TEMPLATE_NOT_DOCX.*older Word"):
        compile_template(path)
    path.write_bytes(older + "EncryptedPackage".encode("utf-16-le"))
    with pytest.raises(Refused, match="ENCRYPTED"):
        compile_template(path)
    path.write_bytes(xlsx({"S": [[1]]}))
    with pytest.raises(Refused, match="TEMPLATE_NOT_DOCX"):
        compile_template(path)


def test_fields_that_reach_outside_are_blanked(tmp_path: Path):
    def char(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    xml = (
        "<w:p>" + char("begin") + "<w:r><w:instrText>DDE</w:instrText></w:r>"
        "<w:r><w:instrText>AUTO c:\\cmd.exe</w:instrText></w:r>"
        + char("separate")
        + "<w:r><w:t>shown</w:t></w:r>"
        + char("end")
        + "</w:p>"
        '<w:p><w:fldSimple w:instr=" INCLUDEPICTURE http://evil.example/x "/></w:p>'
        "<w:p>"
        + char("begin")
        + "<w:r><w:instrText>PAGE</w:instrText></w:r>"
        + char("end")
        + "</w:p>"
        '<w:altChunk xmlns:r="x" r:id="r9"/>'
    )
    document = unzipped(compiled(tmp_path, body(xml)).document({}))["word/document.xml"].decode()
    assert "cmd.exe" not in document
    assert "evil.example" not in document
    assert "altChunk" not in document
    assert "PAGE" in document
    assert "shown" in document


def test_settings_lose_mail_merge_sources(tmp_path: Path):
    settings = f"<w:settings {W}><w:mailMerge/><w:zoom/></w:settings>"
    content = with_part(template("x"), word__settingsDOTxml=settings)
    made = unzipped(compiled(tmp_path, content).document({}))["word/settings.xml"]
    assert b"mailMerge" not in made
    assert b"zoom" in made


def source(tmp_path: Path, rows: list[list[Any]], text: str, mode: Mode, **options: Any) -> Source:
    workbook, letter = tmp_path / "w.xlsx", tmp_path / "l.docx"
    workbook.write_bytes(xlsx({"S": rows}))
    letter.write_bytes(template(text))
    return Source(workbook, "w.xlsx", mode, Options(**options), letter)


def run(asked: Source, tmp_path: Path, done: int = 0) -> dict[str, bytes]:
    folder = tmp_path / f"out{done}"
    folder.mkdir()
    events: list[Any] = []
    finished = convert(asked, folder, Limits(), events.append, done)
    if finished.path:
        return {"result.docx": finished.path.read_bytes()}
    files: dict[str, bytes] = {}
    for part in sorted(folder.glob("*.zip")):
        files |= unzipped(part.read_bytes())
    return files


ROWS: list[list[Any]] = [["Full name", "Sum"], ["Ann", 1.5], ["Bob", 2], ["Ann", 3]]


def test_names_of_documents_are_safe_and_different(tmp_path: Path):
    rows = [["n"], ["a/../b"], ["A"], ["a"], [".."], ["CON"], ["  "], ["x" * 300]]
    asked = source(tmp_path, rows, "{{ n }}", Mode.PER_ROW, file_name="{{ n }}")
    names = list(run(asked, tmp_path))
    assert names[:5] == ["a_.._b.docx", "A.docx", "a (2).docx", "5.docx", "_CON.docx"]
    assert len({name.casefold() for name in names}) == 7
    assert max(map(len, names)) < 130


def test_columns_are_mapped_to_fields_by_header(tmp_path: Path):
    asked = source(
        tmp_path, ROWS, "{{ who }} {{ Sum }}", Mode.PER_ROW, mapping={"who": "Full name"}
    )
    assert paragraphs(run(asked, tmp_path)["2.docx"]) == ["Ann 1.5"]


def test_a_mapping_to_no_column_is_refused(tmp_path: Path):
    asked = source(tmp_path, ROWS, "{{ who }}", Mode.PER_ROW, mapping={"who": "Nobody"})
    with pytest.raises(Refused, match="COLUMN_UNKNOWN"):
        run(asked, tmp_path)


def test_a_resumed_conversion_gives_the_rest_under_the_same_names(tmp_path: Path):
    asked = source(tmp_path, ROWS, "{{ Sum }}", Mode.PER_ROW, file_name="{{ Full_name }}")
    whole = run(asked, tmp_path)
    rest = run(asked, tmp_path, done=2)
    assert list(rest) == ["Ann (2).docx"]
    assert rest["Ann (2).docx"] == whole["Ann (2).docx"] or paragraphs(rest["Ann (2).docx"]) == [
        "3"
    ]


@pytest.mark.parametrize("pattern", ["{{ gone }}", "{{ open", "x" * 501, "{{ 1/0 }}"])
def test_a_pattern_that_gives_no_name_is_refused(pattern: str, tmp_path: Path):
    asked = source(tmp_path, ROWS, "x", Mode.PER_ROW, file_name=pattern)
    with pytest.raises(Refused, match="FILE_NAME_PATTERN"):
        run(asked, tmp_path)


def test_a_pattern_that_fails_for_a_row_names_it(tmp_path: Path):
    pattern = "{{ 1 / (raw.Sum - 2) }}"
    asked = source(tmp_path, ROWS, "x", Mode.PER_ROW, file_name=pattern)
    with pytest.raises(Refused, match=r"sheet 'S', row 3: .*division by zero"):
        run(asked, tmp_path)


def test_modes_that_need_a_template_or_rows_say_so(tmp_path: Path):
    asked = source(tmp_path, ROWS, "x", Mode.SINGLE)
    without = Source(asked.workbook, "w.xlsx", Mode.SINGLE, Options())
    with pytest.raises(Refused, match="TEMPLATE_NEEDED"):
        run(without, tmp_path)
    with pytest.raises(Refused, match="NOTHING_TO_CONVERT"):
        run(source(tmp_path, [["only", "header"]], "x", Mode.PER_ROW), tmp_path, done=1)


def test_one_document_loops_over_no_more_rows_than_fit(tmp_path: Path):
    rows: list[list[Any]] = [["n"], *[[i] for i in range(20_001)]]
    with pytest.raises(Refused, match="TOO_MANY_ROWS"):
        run(source(tmp_path, rows, "x", Mode.SINGLE), tmp_path)


def test_dry_runs_of_every_mode(tmp_path: Path):
    single = source(
        tmp_path, ROWS, "{% for r in rows %}{{ r.Sum }} {{ r.x }}{% endfor %}", Mode.SINGLE
    )
    found = dry_run(single, Limits())
    assert (found.missing_fields, found.unused_columns) == (["x"], ["Full name"])
    assert found.previews[0].lines == ["1.5 2 3 "]
    table = Source(single.workbook, "w.xlsx", Mode.TABLE, Options(missing=Missing.BLANK))
    assert dry_run(table, Limits()).previews[0].lines[0] == "Ann | 1.5"


def test_tables_and_single_documents_in_process(tmp_path: Path):
    asked = source(tmp_path, ROWS, "{{ count }}: {{ rows|length }}", Mode.SINGLE)
    assert paragraphs(run(asked, tmp_path)["result.docx"]) == ["3: 3"]
    table = Source(asked.workbook, "w.xlsx", Mode.TABLE, Options())
    document = docx.Document(io.BytesIO(run(table, tmp_path, done=1)["result.docx"]))
    assert len(document.tables[0].rows) == 4


def test_a_refusal_names_the_row_and_previews_name_the_documents(tmp_path: Path):
    asked = source(tmp_path, ROWS, "{{ raw.Sum / 0 }}", Mode.PER_ROW)
    with pytest.raises(Refused, match="row 2"):
        run(asked, tmp_path)
    asked = source(tmp_path, ROWS, "{{ Sum }}", Mode.PER_ROW, file_name="{{ Full_name }}")
    previews = dry_run(asked, Limits()).previews
    assert [(p.name, p.lines) for p in previews][:2] == [("Ann.docx", ["1.5"]), ("Bob.docx", ["2"])]
