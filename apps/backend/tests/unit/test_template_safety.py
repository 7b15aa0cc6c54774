"""Templates made to reach outside, or to take all there is."""

from pathlib import Path

import pytest
from lxml import etree

from app.domain.refusal import Refused
from app.domain.template.compiled import CompiledTemplate, compile_template
from tests.documents import template, unzipped
from tests.unit.test_templates import W, body, with_part


def compiled(tmp_path: Path, content: bytes) -> CompiledTemplate:
    path = tmp_path / "t.docx"
    path.write_bytes(content)
    return compile_template(path)


def document_of(tmp_path: Path, xml: str, **context: str) -> bytes:
    """The document that a template with `xml` in its paragraph becomes."""
    made = compiled(tmp_path, body(f"<w:p>{xml}</w:p>")).document(context)
    return unzipped(made)["word/document.xml"]


def field(*instructions: str) -> str:
    texts = "".join(f"<w:instrText>{text}</w:instrText>" for text in instructions)
    return f'<w:r><w:fldChar w:fldCharType="begin"/>{texts}<w:fldChar w:fldCharType="end"/></w:r>'


NESTED = (
    '<w:r><w:fldChar w:fldCharType="begin"/>' + field("QUOTE INCLUDEPICTURE") + "<w:instrText>"
    '"http://x/y"</w:instrText><w:fldChar w:fldCharType="end"/></w:r>'
).replace("<w:r><w:r>", "<w:r>")
STRICT = (
    '<s:fldSimple xmlns:s="http://purl.oclc.org/ooxml/wordprocessingml/main" '
    's:instr="INCLUDETEXT http://x/y"/>'
)
VML = (
    '<w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml">'
    '<v:imagedata src="http://x/y"/></v:shape></w:pict></w:r>'
)


@pytest.mark.parametrize(
    "xml",
    [
        field("{% if 1 %}INCLUDE{% endif %}PICTURE ", '"http://x/y"'),
        field('DATABASE \\d "http://x/y"'),
        field('"INCLUDEPICTURE" http://x/y'),
        '<w:fldSimple w:instr="{{ Evil }}"/>',
        NESTED,
        STRICT,
        VML,
    ],
    ids=["conditional", "database", "quoted", "from a cell", "nested", "strict", "vml"],
)
def test_nothing_that_reaches_outside_is_left_however_it_is_written(tmp_path: Path, xml: str):
    made = document_of(tmp_path, xml, Evil="INCLUDEPICTURE http://x/y")
    assert b"http://x/y" not in made


def test_a_field_that_reaches_nowhere_stays(tmp_path: Path):
    assert b"http://x/y" in document_of(tmp_path, field('HYPERLINK "http://x/y"'))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_parts_beside_the_document_are_cut_too(tmp_path: Path, encoding: str):
    comments = f'<w:comments {W}><w:fldSimple w:instr="LINK http://x/y"/></w:comments>'
    comments = f'<?xml version="1.0" encoding="{encoding}"?>{comments}'
    settings = (
        f"<w:settings {W}><w:mailMerge><w:query>http://x/y</w:query></w:mailMerge></w:settings>"
    )
    content = with_part(
        template(),
        word__commentsDOTxml=comments.encode(encoding),
        word__otherDOTxml=settings.encode(),
    )
    made = unzipped(compiled(tmp_path, content).document({}))
    assert b"http://x/y" not in made["word/comments.xml"] + made["word/other.xml"]


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("documentDOTxmlDOTrels", 'TargetMode="external"'),
        ("header9DOTxmlDOTRELS", 'TargetMode="External"'),
        ("header9DOTxmlDOTrels", ""),
    ],
)
def test_a_relationship_to_elsewhere_is_refused_however_it_is_spelled(
    tmp_path: Path, name: str, mode: str
):
    rels = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="x/image" Target="http://x/y" {mode}/></Relationships>'
    )
    with pytest.raises(Refused, match="TEMPLATE_EXTERNAL"):
        compiled(tmp_path, with_part(template(), **{f"word___rels__{name}": rels}))


def test_two_parts_whose_names_differ_in_case_are_refused(tmp_path: Path):
    with pytest.raises(Refused, match="TEMPLATE_NOT_DOCX"):
        compiled(tmp_path, with_part(template(), word__DocumentDOTxml="<x/>"))


def test_a_value_with_quotes_fits_an_attribute(tmp_path: Path):
    xml = '<w:bookmarkStart w:id="1" w:name="{{ Name }}"/>'
    root = etree.fromstring(document_of(tmp_path, xml, Name='a" b="c <&>'))
    assert next(root.iter("{*}bookmarkStart")).values() == ["1", 'a" b="c <&>']


@pytest.mark.parametrize(
    "text",
    ["{{ 9**(9**9) }}", "{{ 'a' * 10**9 }}", "{{ 10**9 * 'a' }}", "{{ [0] * 10**9 }}"],
)
def test_what_would_fill_the_memory_is_refused_when_it_is_used_and_not_worked_out_before(
    tmp_path: Path, text: str
):
    looked_at = compiled(tmp_path, template(text))
    with pytest.raises(Refused, match="TEMPLATE_FORBIDDEN"):
        looked_at.document({})


@pytest.mark.parametrize("first", [True, False])
def test_a_file_that_names_two_documents_is_refused(tmp_path: Path, first: bool):
    related = unzipped(template("x"))["_rels/.rels"].decode()
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    other = f'<Relationship Id="other" Type="{kind}" Target="docProps/core.xml"/>'
    at = related.index("<Relationship ") if first else related.index("</Relationships>")
    content = with_part(template("x"), _rels__DOTrels=related[:at] + other + related[at:])
    (tmp_path / "t.docx").write_bytes(content)
    with pytest.raises(Refused, match="TEMPLATE_NOT_DOCX: two parts"):
        compile_template(tmp_path / "t.docx")
