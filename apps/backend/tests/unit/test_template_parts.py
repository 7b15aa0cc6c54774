"""Tags are filled wherever a document holds text, and fields of a mail merge are tags."""

import io
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from lxml import etree

from app.domain.conversion import Mode
from app.domain.dry_run import dry_run
from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.domain.template.fields import Fields
from tests.documents import paragraphs, template, unzipped
from tests.unit.test_templates import body, compiled, rendered, run, source, with_part

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
TYPE = "application/vnd.openxmlformats-officedocument"


def with_related(kind: str, content_type: str, name: str, xml: str, *, of: str) -> bytes:
    """A .docx with one more part, which `of` ("" is the package) refers to."""
    parts = unzipped(template("body"))
    rels = f"{of.rpartition('/')[0]}/_rels/{of.rpartition('/')[2]}.rels".lstrip("/")
    target = name.rpartition("/")[2] if of else name
    added = f'<Relationship Id="rNew" Type="{OFFICE}/relationships/{kind}" Target="{target}"/></Relationships>'
    parts[rels] = parts[rels].replace(b"</Relationships>", added.encode())
    override = f'<Override PartName="/{name}" ContentType="{content_type}"/></Types>'
    types = parts["[Content_Types].xml"]
    parts["[Content_Types].xml"] = types.replace(b"</Types>", override.encode())
    parts[name] = xml.encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    return out.getvalue()


def note(kind: str) -> str:
    text = '<w:p><w:r><w:t>{{ x</w:t></w:r><w:r><w:t xml:space="preserve"> }}!</w:t></w:r></w:p>'
    return f'<w:{kind}s xmlns:w="{W}"><w:{kind} w:id="2">{text}</w:{kind}></w:{kind}s>'


@pytest.mark.parametrize("kind", ["footnote", "endnote", "comment"])
def test_notes_and_comments_are_filled(kind: str, tmp_path: Path):
    name = f"word/{kind}s.xml"
    content_type = f"{TYPE}.wordprocessingml.{kind}s+xml"
    content = with_related(f"{kind}s", content_type, name, note(kind), of="word/document.xml")
    made = compiled(tmp_path, content)
    assert made.fields.single == ("x",)
    root = etree.fromstring(unzipped(made.document({"x": "A & B"}))[name])
    assert "".join(t.text or "" for t in root.iter("{*}t")) == "A & B!"


def test_properties_are_filled_and_stay_one_line(tmp_path: Path):
    document = docx.Document()
    document.add_paragraph("{{ Name }}")
    document.core_properties.title = "For {{ Name }}"
    document.core_properties.author = '{{ row["R & D"] }}{% if n > 1 %} <{{ n }}>{% endif %}'
    out = io.BytesIO()
    document.save(out)
    made = compiled(tmp_path, out.getvalue())
    assert set(made.fields.single) == {"Name", "R & D", "n"}
    filled = made.document({"Name": 'A\n"B" & <C>', "row": {"R & D": "x"}, "n": 2})
    found = docx.Document(io.BytesIO(filled)).core_properties
    assert (found.title, found.author) == ('For A "B" & <C>', "x <2>")


def test_properties_of_the_users_own_are_filled(tmp_path: Path):
    xml = (
        f'<Properties xmlns="{OFFICE}/custom-properties" xmlns:vt="{OFFICE}/docPropsVTypes">'
        '<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="2" name="Customer">'
        "<vt:lpwstr>{{ Name }}</vt:lpwstr></property></Properties>"
    )
    content_type = f"{TYPE}.custom-properties+xml"
    content = with_related("custom-properties", content_type, "docProps/custom.xml", xml, of="")
    filled = unzipped(compiled(tmp_path, content).document({"Name": "A&B"}))
    assert b"<vt:lpwstr>A&amp;B</vt:lpwstr>" in filled["docProps/custom.xml"]


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("{{ gone }}", "FIELD_MISSING"),
        ("{{ x|rich }}", "TEMPLATE_VALUE"),
        ("{{ x|picture }}", "TEMPLATE_VALUE"),
        ("{{ x.__class__ }}", "TEMPLATE_FORBIDDEN"),
        ("{{ x", "TEMPLATE_SYNTAX"),
    ],
)
def test_what_is_wrong_in_a_property_names_its_part(tag: str, code: str, tmp_path: Path):
    document = docx.Document()
    document.core_properties.title = tag
    out = io.BytesIO()
    document.save(out)
    with pytest.raises(Refused) as caught:
        compiled(tmp_path, out.getvalue()).document({"x": "a"})
    assert caught.value.code == code
    assert "docProps/core.xml" in caught.value.message


def text_box(inner: str) -> str:
    return (
        '<w:p><w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        '<mc:Choice xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" Requires="wps">'
        f"<w:drawing><wps:txbx><w:txbxContent>{inner}</w:txbxContent></wps:txbx></w:drawing></mc:Choice>"
        '<mc:Fallback><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:textbox>'
        f"<w:txbxContent>{inner}</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>"
    )


def test_text_boxes_are_filled_in_both_of_their_forms(tmp_path: Path):
    inner = (
        "<w:p><w:r><w:t>{{ Na</w:t></w:r><w:r><w:t>me }}</w:t></w:r></w:p>"
        "<w:p><w:r><w:t>{%p for x in xs %}</w:t></w:r></w:p><w:p><w:r><w:t>[{{ x }}]</w:t></w:r></w:p>"
        "<w:p><w:r><w:t>{%p endfor %}</w:t></w:r></w:p>"
    )
    made = compiled(tmp_path, body(text_box(inner)))
    root = etree.fromstring(
        unzipped(made.document({"Name": "A&B", "xs": "12"}))["word/document.xml"]
    )
    boxes = ["".join(t.text or "" for t in box.iter("{*}t")) for box in root.iter("{*}txbxContent")]
    assert boxes == ["A&B[1][2]"] * 2


def char(kind: str) -> str:
    return f'<w:r><w:rPr><w:b/></w:rPr><w:fldChar w:fldCharType="{kind}"/></w:r>'


def instruction(*parts: str) -> str:
    """Texts, and fields between them."""
    return "".join(
        part if part.startswith("<") else f'<w:r><w:instrText xml:space="preserve">{part}</w:instrText></w:r>'
        for part in parts
    )  # fmt: skip


def field(*parts: str, shown: str = "«old»") -> str:
    result = f"<w:r><w:rPr><w:i/></w:rPr><w:t>{shown}</w:t></w:r>"
    return char("begin") + instruction(*parts) + char("separate") + result + char("end")


def merged(tmp_path: Path, xml: str, **context: Any) -> list[str]:
    return paragraphs(compiled(tmp_path, body(f"<w:p>{xml}</w:p>")).document(context))


SEX = field(" MERGEFIELD Sex ")
MERGE: list[tuple[str, str]] = [
    (field(" MERGEFIELD First_Name "), "Ann"),
    (field(' MERGE', 'FIELD "First Name" \\* MERGEFORMAT '), "Ann"),
    ('<w:fldSimple w:instr=" MERGEFIELD First_Name "><w:r><w:t>«old»</w:t></w:r></w:fldSimple>', "Ann"),
    (field(" MERGEFIELD First_Name \\* Upper "), "ANN"),
    (field(" MERGEFIELD lower \\* FirstCap "), "Ab Cd"[:1] + "b cd"),
    (field(' MERGEFIELD Total \\# "#,##0.00" '), "1,234.50"),
    (field(' MERGEFIELD Day \\@ "dd. MMMM yyyy" '), "01. February 2026"),
    (field(' MERGEFIELD Title \\b "Dr. " \\f "!" ') + "<w:r><w:t>x</w:t></w:r>", "x"),
    (field(' MERGEFIELD First_Name \\b "Dr. " \\f "!" '), "Dr. Ann!"),
    (field(" IF ", SEX, ' = "f" "Ms" "Mr" '), "Ms"),
    (field(" IF ", SEX, ' &lt;&gt; "f" "Ms" "Mr" '), "Mr"),
    (field(" IF ", SEX, ' = "F" "Ms" "Mr" '), "Mr"),
    (field(" IF ", SEX, ' = "m" "Ms" ') + "<w:r><w:t>x</w:t></w:r>", "x"),
    (field(" IF ", field(" MERGEFIELD Total "), " >= 1000 ", '"more than 1,000" "less"'), "more than 1,000"),
    (field(" IF ", field(" MERGEFIELD Total "), ' &lt; "300" "less" "more"'), "more"),
    (field(" IF ", field(" MERGEFIELD First_Name "), ' = "A*" "A…" "-"'), "A…"),
    (field(" IF ", SEX, ' = "f" "Dear ', field(" MERGEFIELD First_Name "), ',"  ""'), "Dear Ann,"),
    (field(" IF ", SEX, ' = "f" "', field(" IF ", field(" MERGEFIELD Total "), ' > 1 "a" "b"'), '" "c"'), "a"),
]  # fmt: skip


@pytest.mark.parametrize(("xml", "text"), MERGE)
def test_a_field_of_a_mail_merge_prints_what_word_would(xml: str, text: str, tmp_path: Path):
    import datetime

    context = {"First_Name": "Ann", "Sex": "f", "Total": "1,234.50", "Title": "", "lower": "ab cd"}
    raw = {"Total": 1234.5, "Day": datetime.datetime(2026, 2, 1)}
    assert merged(tmp_path, xml, **context, raw=raw) == [text]


def fields(tmp_path: Path, content: bytes) -> Fields:
    return compiled(tmp_path, content).fields


def test_it_keeps_the_look_of_what_it_showed(tmp_path: Path):
    made = compiled(tmp_path, body(f"<w:p>{MERGE[0][0]}</w:p>")).document({"First_Name": "Ann"})
    [run_of_it] = [r for r in docx.Document(io.BytesIO(made)).paragraphs[0].runs if r.text]
    assert (run_of_it.text, run_of_it.italic, run_of_it.bold) == ("Ann", True, None)
    assert b"MERGEFIELD" not in unzipped(made)["word/document.xml"]


def test_the_upload_says_what_was_taken_over_and_what_was_not(tmp_path: Path):
    unknown = field(" IF ", field(" DATE "), ' = "x" "a" "b" ', field(" MERGEFIELD Lost "))
    xml = "".join(
        f"<w:p>{f}</w:p>" for f in (MERGE[0][0], field(" ADDRESSBLOCK "), unknown, field(" PAGE "))
    )
    found = fields(tmp_path, body(xml))
    assert found.single == ("First_Name",)
    assert [(w.code, w.names) for w in found.warnings] == [
        ("MERGE_FIELDS_TAKEN_OVER", ("First_Name",)),
        ("MERGE_FIELDS_LEFT", ("ADDRESSBLOCK", "IF")),
    ]


def test_a_template_without_a_field_says_so(tmp_path: Path):
    assert [w.code for w in fields(tmp_path, template("Hello")).warnings] == ["NO_FIELDS"]
    assert fields(tmp_path, template("{{ Name }}")).warnings == ()
    assert fields(tmp_path, template("{{ count }}")).warnings == ()


ROWS: list[list[Any]] = [["Name", "Due"], ["Ann", 5], ["Bob", 0], ["Cy", 7]]


def test_skipif_leaves_out_its_rows(tmp_path: Path):
    asked = source(tmp_path, ROWS, "{{ Name }}", Mode.PER_ROW, file_name="{{ Name }}")
    skip = field(" SKIPIF ", field(" MERGEFIELD Due "), ' = "0" ')
    assert asked.template
    asked.template.write_bytes(body(f"<w:p>{skip}{field(' MERGEFIELD Name ')}</w:p>"))
    assert {name: paragraphs(c) for name, c in run(asked, tmp_path).items()} == {
        "Ann.docx": ["Ann"],
        "Cy.docx": ["Cy"],
    }
    told = dry_run(asked, Limits())
    assert ([p.name for p in told.previews], told.checked_rows) == (["Ann.docx", "Cy.docx"], 3)


def test_the_only_document_is_not_left_out(tmp_path: Path):
    asked = source(tmp_path, ROWS, "{{ skip_row() }}", Mode.SINGLE)
    with pytest.raises(Refused, match="leaves out the only"):
        run(asked, tmp_path)
    with pytest.raises(Refused, match="leaves out the only"):
        dry_run(asked, Limits())


def test_parts_without_tags_stay_as_they_are(tmp_path: Path):
    content = with_part(template("{{ x }}"), docProps__appDOTxml="<Properties/>")
    assert (
        unzipped(compiled(tmp_path, content).document({"x": 1}))["docProps/app.xml"]
        == b"<Properties/>"
    )
    assert rendered(tmp_path, "{{ x }}", x=1) == ["1"]
