"""The documents of a job as one: nothing of a document is lost, and nothing is another's."""

import io
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from app.domain.conversion import DOCX, Mode, Options, Progress
from app.domain.limits import Limits
from app.domain.merging.documents import merge_documents
from app.domain.merging.growing import Growing
from app.domain.merging.package import Package, Relationship
from app.domain.merging.parts import merge_parts
from app.domain.refusal import Refused
from tests.documents import finished, paragraphs, template, unzipped
from tests.letters import element, field, letter
from tests.pictures import png
from tests.unit.test_jobs_api import submit, upload, upload_template
from tests.unit.test_template_parts import with_related
from tests.unit.test_templates import compiled

NAMES = ["Ann & Co", "客户", "Bo"]


def filled(tmp_path: Path, content: bytes, names: list[str] = NAMES) -> list[bytes]:
    made = compiled(tmp_path, content)
    return [made.document({"Name": name, "Amount": f"{len(name)} €"}) for name in names]


def merged(tmp_path: Path, documents: list[bytes], max_bytes: int = 1 << 28) -> bytes:
    path = tmp_path / "merged.docx"
    merge_documents(documents, path, max_bytes, lambda count: None)
    return path.read_bytes()


def opened(content: bytes) -> Any:
    return docx.Document(io.BytesIO(content))


def texts(content: bytes, part: str = "word/document.xml") -> list[str]:
    root = opened(content).element if part == "word/document.xml" else None
    if root is None:
        from lxml import etree

        root = etree.fromstring(unzipped(content)[part])
    return ["".join(t.text or "" for t in p.iter(qn("w:t"))) for p in root.iter(qn("w:p"))]


def values(root: Any, path: str) -> list[str]:
    return [str(value) for value in root.xpath(path)]


@pytest.mark.parametrize("table_last", [False, True])
def test_all_text_is_there_in_order_each_document_under_its_own_header(
    table_last: bool, tmp_path: Path
):
    single = filled(tmp_path, letter(table_last=table_last))
    whole = merged(tmp_path, single)
    expected = [text for content in single for text in texts(content) if text]
    assert [text for text in texts(whole) if text] == expected
    sections = opened(whole).sections
    assert [s.header.paragraphs[0].text for s in sections] == [f"Header of {n}" for n in NAMES]
    starts = values(opened(whole).element, "//w:sectPr/w:pgNumType/@w:start")
    assert starts == ["1"] * len(NAMES)


def test_every_document_begins_on_a_page_of_its_own(tmp_path: Path):
    document = docx.Document()
    document.add_paragraph("{{ Name }}")
    document.element.body.sectPr.insert(0, element('<w:type w:val="continuous"></w:type>'))
    out = io.BytesIO()
    document.save(out)
    whole = opened(merged(tmp_path, filled(tmp_path, out.getvalue())))
    kinds = values(whole.element, "//w:sectPr/w:type/@w:val")
    assert kinds == ["continuous", "nextPage", "nextPage"]  # before the first there is nothing


def test_no_empty_page_follows_a_document_that_ends_in_a_table(tmp_path: Path):
    whole = opened(merged(tmp_path, filled(tmp_path, letter(table_last=True))))
    ends = whole.element.xpath("//w:p[w:pPr/w:sectPr]")
    assert [values(end, "w:pPr/w:spacing/@w:line") for end in ends] == [["20"], ["20"]]


def test_lists_begin_at_one_in_every_document(tmp_path: Path):
    whole = opened(merged(tmp_path, filled(tmp_path, letter())))
    lists = values(
        whole.element, "//w:p[w:pPr/w:pStyle[@w:val='ListNumber']]/w:pPr/w:numPr/w:numId/@w:val"
    )
    assert [lists.count(each) for each in dict.fromkeys(lists)] == [
        2,
        2,
    ]  # the first has its style's
    numbering = whole.part.numbering_part.element
    for each in set(lists):
        starts = values(
            numbering, f"//w:num[@w:numId='{each}']/w:lvlOverride/w:startOverride/@w:val"
        )
        assert starts == ["1"] * 9


def test_a_list_that_starts_at_five_does_so_in_every_document(tmp_path: Path):
    document = docx.Document()
    document.add_paragraph("{{ Name }}", style="List Number")
    numbering = document.part.numbering_part.element
    for start in numbering.xpath("//w:start"):
        start.set(qn("w:val"), "5")
    out = io.BytesIO()
    document.save(out)
    whole = opened(merged(tmp_path, filled(tmp_path, out.getvalue())))
    new = whole.part.numbering_part.element.xpath("//w:num")[-1]
    assert values(new, "w:lvlOverride[@w:ilvl='0']/w:startOverride/@w:val") == ["5"]


def test_ids_and_bookmarks_are_there_once_and_references_follow_their_own(tmp_path: Path):
    whole = opened(merged(tmp_path, filled(tmp_path, letter(png(3, 3))))).element
    for path in ("//w:bookmarkStart/@w:id", "//w:bookmarkStart/@w:name", "//wp:docPr/@id"):
        found = Counter(values(whole, path))
        assert len(found) == len(NAMES), path
        assert set(found.values()) == {1}, path
    names = values(whole, "//w:bookmarkStart/@w:name")
    assert values(whole, "//w:hyperlink/@w:anchor") == names
    fields = [text.text.strip() for text in whole.xpath("//w:instrText[contains(., 'REF')]")]
    assert fields == [f"REF {name}" for name in names]
    assert len(values(whole, "//w:sdtPr/w:id/@w:val")) == 1


def test_footnotes_keep_their_own_text_and_count_from_one(tmp_path: Path):
    content = merged(tmp_path, filled(tmp_path, letter()))
    whole = opened(content).element
    assert [t for t in texts(content, "word/footnotes.xml") if t] == [
        f"note for {n}" for n in NAMES
    ]
    assert values(whole, "//w:footnoteReference/@w:id") == ["2", "3", "4"]
    assert values(whole, "//w:sectPr/w:footnotePr/w:numRestart/@w:val") == ["eachSect"] * 3


def test_what_was_the_files_own_is_text_and_no_document_has_anothers_title(tmp_path: Path):
    content = merged(tmp_path, filled(tmp_path, letter()))
    whole = opened(content)
    assert not whole.element.xpath("//w:dataBinding")
    assert not whole.element.xpath("//w:instrText[contains(., 'TITLE')]")
    titles = [t for t in texts(content) if "Letter to" in t]
    assert [name in title for name, title in zip(NAMES, titles, strict=True)] == [True] * 3
    assert (whole.core_properties.title, whole.core_properties.subject) == ("", "Letters")


@pytest.mark.parametrize(
    ("instruction", "value"),
    [
        ("TITLE", "On Ann & Co"),
        ("author \\* MERGEFORMAT", "python-docx"),
        ('DOCPROPERTY "Author"', "python-docx"),
        ("DOCPROPERTY Unknown", "old"),
        ("FILENAME", "old"),
        ("REF x", "old"),
    ],
)
@pytest.mark.parametrize("simple", [False, True])
def test_a_field_of_a_property_becomes_what_the_property_is(
    instruction: str, value: str, simple: bool, tmp_path: Path
):
    document = docx.Document()
    document.core_properties.title = "On {{ Name }}"
    xml = field(instruction, "old")
    if simple:
        words = instruction.replace('"', "&quot;")
        xml = f'<w:fldSimple w:instr="{words}"><w:r><w:t>old</w:t></w:r></w:fldSimple>'
    document.element.body.insert(0, element(f"<w:p>{xml}</w:p>"))
    out = io.BytesIO()
    document.save(out)
    content = merged(tmp_path, filled(tmp_path, out.getvalue()))
    assert texts(content)[0] == value
    stays = instruction == "REF x"
    assert bool(opened(content).element.xpath("//w:fldChar | //w:fldSimple")) == stays


def test_the_number_of_pages_is_the_documents_own(tmp_path: Path):
    whole = opened(merged(tmp_path, filled(tmp_path, letter())))
    footers = [section.footer._element for section in whole.sections]
    fields = [[t.text.strip() for t in f.xpath(".//w:instrText")] for f in footers]
    assert fields == [["PAGE", "SECTIONPAGES"]] * 3


def test_equal_parts_are_kept_once_and_different_ones_all(tmp_path: Path):
    parts = unzipped(merged(tmp_path, filled(tmp_path, letter(png(4, 4)))))
    assert sum(name.startswith("word/media/") for name in parts) == 1
    assert sum(name.startswith("word/header") for name in parts) == 3
    assert sum(name.startswith("word/footer") for name in parts) == 1
    assert sum(name == "word/styles.xml" for name in parts) == 1


def test_a_first_section_without_a_header_gets_none_of_the_document_before(tmp_path: Path):
    document = docx.Document()
    document.add_paragraph("cover of {{ Name }}")
    section = document.add_section()
    section.header.is_linked_to_previous = False
    section.header.paragraphs[0].text = "Header of {{ Name }}"
    document.add_paragraph("letter")
    out = io.BytesIO()
    document.save(out)
    sections = opened(merged(tmp_path, filled(tmp_path, out.getvalue()))).sections
    heads = [s.header.paragraphs[0].text for s in sections]
    assert heads == [t for n in NAMES for t in ("", f"Header of {n}")]


def test_the_package_is_whole(tmp_path: Path):
    """Every relationship has its part, every part its type, and no name is there twice."""
    content = merged(tmp_path, filled(tmp_path, letter(png(4, 4), table_last=True)))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    for part in opened(content).part.package.iter_parts():
        assert part.partname.lstrip("/") in names
        assert part.content_type
    used = set(values(opened(content).element, "//@r:id | //@r:embed"))
    assert used <= set(opened(content).part.rels)


@settings(max_examples=8)
@given(st.lists(st.text("ab&<客 ", min_size=1, max_size=5), min_size=1, max_size=4))
def test_merging_keeps_the_paragraphs_of_any_documents(tmp_path_factory, names: list[str]):
    folder = tmp_path_factory.mktemp("merging")
    single = filled(folder, template("{{ Name }}", "-", "{{ Amount }}"), names)
    expected = [text for content in single for text in texts(content)]
    assert texts(merged(folder, single)) == expected


def test_one_document_stays_as_it_is(tmp_path: Path):
    single = filled(tmp_path, letter(), ["Ann"])
    assert paragraphs(merged(tmp_path, single)) == paragraphs(single[0])


def test_a_reference_to_a_part_that_is_not_there_stays_one(tmp_path: Path):
    content = with_related(
        "header", "application/xml", "word/gone.xml", "<x/>", of="word/document.xml"
    )
    broken = io.BytesIO()
    with zipfile.ZipFile(broken, "w") as archive:
        for name, data in unzipped(content).items():
            if name != "word/gone.xml":
                archive.writestr(name, data)
    single = filled(tmp_path, broken.getvalue())
    names = unzipped(merged(tmp_path, single))
    assert "word/gone.xml" not in names
    assert names["word/document.xml"].count(b"body</w:t>") == len(NAMES)


def test_too_large_a_document_says_what_to_take_instead(tmp_path: Path):
    with pytest.raises(Refused, match="MERGED_TOO_LARGE") as caught:
        merged(tmp_path, filled(tmp_path, letter()), max_bytes=5_000)
    assert "ZIP" in caught.value.hint


def archive_of(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_nothing_is_refused_and_an_archive_of_skipped_rows_is_no_matter(tmp_path: Path):
    empty = archive_of(tmp_path / "0.zip", {})
    for pdf in (False, True):
        with pytest.raises(Refused, match="NOTHING_TO_CONVERT"):
            merge_parts([empty], tmp_path, 3, Limits(), lambda event: None, pdf=pdf)
    full = archive_of(tmp_path / "1.zip", {"a.docx": filled(tmp_path, letter(), ["Ann"])[0]})
    told: list[Any] = []
    made = merge_parts([empty, *[full] * 10], tmp_path, 12, Limits(), told.append, pdf=False)
    assert (made.media_type, made.rows, told) == (DOCX, 12, [Progress(12, 12)])


def blank_pdf(*widths: int) -> bytes:
    writer = PdfWriter()
    for width in widths:
        writer.add_blank_page(width, 100)
    writer.add_metadata({"/Title": "one"})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_pdfs_follow_each_other_and_an_outline_names_them(tmp_path: Path):
    part = archive_of(tmp_path / "1.zip", {"客户.pdf": blank_pdf(11, 12), "b.pdf": blank_pdf(13)})
    other = archive_of(tmp_path / "2.zip", {"c.pdf": blank_pdf(14)})
    made = merge_parts([part, other], tmp_path, 3, Limits(), lambda event: None, pdf=True)
    assert made.path is not None
    reader = PdfReader(made.path)
    assert [page.mediabox.width for page in reader.pages] == [11, 12, 13, 14]
    items: list[Any] = list(reader.outline)
    outline = [(item.title, reader.get_destination_page_number(item)) for item in items]
    assert outline == [("客户", 0), ("b", 2), ("c", 3)]
    assert reader.metadata is None or reader.metadata.title is None


@pytest.mark.parametrize("mode", [Mode.TABLE, Mode.SINGLE])
def test_one_document_is_not_merged(mode: Mode):
    with pytest.raises(Refused, match="MERGED_NEEDS_MANY"):
        Options(merged=True).check(mode)


ROWS: list[list[Any]] = [["Name", "Amount"], *[[f"n{i}", i] for i in range(210)]]


def test_a_job_gives_one_document_of_all_its_parts(client: TestClient):
    asked = {
        "workbook_id": upload(client, ROWS, "letters.xlsx"),
        "template_id": upload_template(client, letter()),
    }
    response = submit(client, **asked, mode="per-row", options={"merged": True})
    job = finished(client, response.json()["id"])
    assert job["status"] == "done", job
    assert (job["result_name"], job["result_type"]) == ("letters.docx", DOCX)
    content = client.get(f"/api/v1/jobs/{job['id']}/result").content
    dear = [text for text in paragraphs(content) if text.startswith("Dear")]
    assert dear == [f"Dear n{i}" for i in range(210)]
    refused = submit(client, **asked, mode="single", options={"merged": True})
    assert (refused.status_code, refused.json()["code"]) == (422, "MERGED_NEEDS_MANY")


def growing_of(content: bytes) -> Growing:
    return Growing(Package(content))


def test_a_new_part_and_a_new_reference_get_names_that_are_free():
    taken = {f"word/media/Image1_m{number}.png": b"old" for number in (1, 2)}
    parts = unzipped(letter(png(4, 4))) | taken
    related = parts["word/_rels/document.xml.rels"].decode()
    for number in range(1, 30):
        link = f'<Relationship Id="rIdM{number}" Type="x" Target="media/Image1_m1.png"/>'
        related = related.replace("</Relationships>", f"{link}</Relationships>")
    parts["word/_rels/document.xml.rels"] = related.encode()
    growing = growing_of(packed(parts))
    before = growing.first.relationships("word/document.xml")
    other = Package(letter(png(5, 5)))
    placed = growing.place(other, "word/media/image1.png")
    assert placed.lower() not in {name.lower() for name in parts}
    key = growing.relate("word/document.xml", Relationship("image", placed, external=False))
    assert key not in before


def packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_parts_that_refer_to_each_other_in_many_ways_are_compared_in_time():
    """Each of 40 refers to the next twice: 2**40 ways, and a circle at the end."""
    parts = unzipped(template("x"))
    for number in range(40):
        to = (number + 1) % 40
        parts[f"word/x{number}.xml"] = b"<x/>"
        parts[f"word/_rels/x{number}.xml.rels"] = (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="a" Type="x" Target="x{to}.xml"/>'
            f'<Relationship Id="b" Type="x" Target="x{to}.xml"/></Relationships>'
        ).encode()
    growing = growing_of(packed(parts))
    assert growing.place(Package(packed(parts)), "word/x7.xml") in parts
