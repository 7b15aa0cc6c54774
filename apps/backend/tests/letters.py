"""A template with all that a merged document can get wrong, as Word writes it."""

import io
import zipfile

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from tests.documents import unzipped

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"

_NOTE = '<w:r><w:footnoteReference w:id="2"/></w:r>'


def field(instruction: str, shown: str) -> str:
    return (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve"> {instruction} </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        f"<w:r><w:t>{shown}</w:t></w:r>"
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def element(xml: str):
    return parse_xml(xml.replace(">", f" {nsdecls('w', 'r')}>", 1))


def letter(picture: bytes | None = None, *, table_last: bool = False, notes: bool = True) -> bytes:
    """Header and footer with fields, a numbered list, a bookmark, a footnote, bound controls."""
    document = docx.Document()
    section = document.sections[0]
    section.header.paragraphs[0].text = "Header of {{ Name }}"
    section.footer.paragraphs[0]._p.append(element("<w:r><w:t>Page </w:t></w:r>"))
    for part in (field("PAGE", "1"), field("NUMPAGES", "1")):
        for run in element(f"<w:p>{part}</w:p>"):
            section.footer.paragraphs[0]._p.append(run)
    document.core_properties.title = "Letter to {{ Name }}"
    document.core_properties.subject = "Letters"
    document.add_paragraph("Dear {{ Name }}")
    for text in ("first of {{ Name }}", "second"):
        document.add_paragraph(text, style="List Number")
    body = document.element.body
    marked = (
        '<w:p><w:bookmarkStart w:id="7" w:name="Total"/><w:r><w:t>{{ Amount }}</w:t></w:r>'
        f'<w:bookmarkEnd w:id="7"/>{field("REF Total", "see above")}'
        '<w:hyperlink w:anchor="Total"><w:r><w:t>up</w:t></w:r></w:hyperlink>'
        f"{field('TITLE', 'Letter to {{ Name }}')}"
        f"{_NOTE if notes else ''}</w:p>"
    )
    bound = (
        '<w:sdt><w:sdtPr><w:id w:val="99"/><w:dataBinding w:xpath="/x" w:storeItemID="{1}"/></w:sdtPr>'
        "<w:sdtContent><w:p><w:r><w:t>bound to {{ Name }}</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    for xml in (marked, bound):
        body.insert(len(body) - 1, element(xml))
    if picture:
        document.add_picture(io.BytesIO(picture))
    if table_last:
        document.add_table(1, 1).cell(0, 0).text = "table of {{ Name }}"
    out = io.BytesIO()
    document.save(out)
    return _with_footnotes(out.getvalue()) if notes else out.getvalue()


def _with_footnotes(content: bytes) -> bytes:
    parts = unzipped(content)
    rels = "word/_rels/document.xml.rels"
    added = f'<Relationship Id="rNotes" Type="{_KIND}" Target="footnotes.xml"/></Relationships>'
    parts[rels] = parts[rels].replace(b"</Relationships>", added.encode())
    override = f'<Override PartName="/word/footnotes.xml" ContentType="{_TYPE}"/></Types>'
    types = parts["[Content_Types].xml"]
    parts["[Content_Types].xml"] = types.replace(b"</Types>", override.encode())
    parts["word/footnotes.xml"] = (
        f'<w:footnotes xmlns:w="{W}">'
        '<w:footnote w:type="separator" w:id="0"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
        '<w:footnote w:id="2"><w:p><w:r><w:t>note for {{ Name }}</w:t></w:r></w:p></w:footnote>'
        "</w:footnotes>"
    ).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()
