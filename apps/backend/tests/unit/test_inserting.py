"""`{{p insert("Terms") }}`: another document of the team's, by name, in a template."""

import io
import os
import time
import unicodedata
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml.ns import qn
from docx.shared import Pt
from docx.text.paragraph import Paragraph
from fastapi.testclient import TestClient

from app.core.database import session_factory
from app.domain.conversion import Mode, Options, Source
from app.domain.dry_run import dry_run
from app.domain.inserting import whole
from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.domain.template.compiled import compile_template
from app.services.context import get_services
from app.tables import Job
from app.worker.sweep import sweep
from tests.charts import charts_of
from tests.documents import finished, paragraphs, template, unzipped
from tests.letters import letter
from tests.pictures import pictures_of, png
from tests.unit.test_charts import document_of
from tests.unit.test_jobs_api import PEOPLE, submit, upload
from tests.unit.test_templates import with_part
from tests.workbooks import xlsx

TERMS = '{{p insert("Terms") }}'
ROWS: list[list[Any]] = [["Name", "Amount"], ["Ann", 1], ["Bo", 2]]


def saved(document: Document) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def asked(folder: Path, main: bytes, /, **inserted: bytes) -> Source:
    folder.mkdir(exist_ok=True)
    paths = {name: folder / f"{name}.docx" for name in inserted}
    for name, path in paths.items():
        path.write_bytes(inserted[name])
    (folder / "main.docx").write_bytes(main)
    (folder / "book.xlsx").write_bytes(xlsx({"S": ROWS}))
    book, letter_path = folder / "book.xlsx", folder / "main.docx"
    return Source(book, book.name, Mode.SINGLE, Options(), letter_path, inserted=paths)


def test_its_text_stands_in_the_tags_place_and_its_fields_are_filled(tmp_path: Path):
    source = asked(
        tmp_path, template("Dear {{ Name }}", TERMS, "Yours"), Terms=template("a {{ Amount }}", "b")
    )
    assert paragraphs(document_of(source)) == ["Dear Ann", "a 1", "b", "Yours"]
    found = compile_template(tmp_path / "main.docx", inserted=source.inserted).fields
    assert (found.inserts, found.single) == (("Terms",), ("Name", "Amount"))
    assert dry_run(source, Limits()).previews[0].lines == ["Dear Ann", "a 1", "b", "Yours"]


@pytest.mark.parametrize(
    "tag",
    [
        *("{{p insert('Terms') }}", "{{ insert( “Terms” ) }}", " {{p insert(‘Terms’)}}"),
        *("{{p insert(„Terms“)}}", "{{p insert(‚Terms‘)}}", '{{p insert("Terms.docx")}}'),
    ],
)
def test_it_is_written_as_people_and_word_write_it(tmp_path: Path, tag: str):
    assert paragraphs(document_of(asked(tmp_path, template(tag), Terms=template("a")))) == ["a"]


def test_loops_and_conditions_around_it_hold_for_what_it_brings(tmp_path: Path):
    main = template(
        "{%p for r in rows %}",
        TERMS,
        "{%p if r.raw.Amount > 1 %}",
        TERMS,
        "{%p endif %}",
        "{%p endfor %}",
    )
    source = asked(tmp_path, main, Terms=template("to {{ r.Name }}"))
    assert paragraphs(document_of(source)) == ["to Ann", "to Bo", "to Bo"]


def test_a_cell_holds_one_too_and_ends_with_a_paragraph(tmp_path: Path):
    main = docx.Document()
    main.add_table(1, 1).cell(0, 0).text = TERMS
    terms = docx.Document()
    terms.add_paragraph("in a cell")
    terms.add_table(1, 1).cell(0, 0).text = "{{ Name }}"
    made = docx.Document(io.BytesIO(document_of(asked(tmp_path, saved(main), Terms=saved(terms)))))
    cell = made.tables[0].cell(0, 0)
    assert (cell.paragraphs[0].text, cell.tables[0].cell(0, 0).text) == ("in a cell", "Ann")
    assert cell._tc[-1].tag == qn("w:p")


def test_a_style_of_the_same_name_is_the_templates_and_another_comes_along(tmp_path: Path):
    main, terms = docx.Document(), docx.Document()
    main.add_paragraph(TERMS)
    main.styles["Quote"].font.size = Pt(30)
    terms.styles["Quote"].font.size = Pt(6)
    base = terms.styles.add_style("Small print", WD_STYLE_TYPE.PARAGRAPH)
    base.font.size = Pt(7)
    own = terms.styles.add_style("Smaller print", WD_STYLE_TYPE.PARAGRAPH)
    own.base_style = base
    other = main.styles.add_style("Another", WD_STYLE_TYPE.PARAGRAPH)
    other.element.set(qn("w:styleId"), own.style_id)  # of another name, with the same id
    terms.add_paragraph("said", style="Quote")
    terms.add_paragraph("small", style="Smaller print")
    made = docx.Document(io.BytesIO(document_of(asked(tmp_path, saved(main), Terms=saved(terms)))))
    said, small = (_style(paragraph) for paragraph in made.paragraphs[:2])
    assert (said.name, said.font.size) == ("Quote", Pt(30))
    assert (small.name, small.base_style.font.size) == ("Smaller print", Pt(7))
    ids = [each.get(qn("w:styleId")) for each in made.styles.element.findall(qn("w:style"))]
    assert len(ids) == len(set(ids))


def _style(paragraph: Paragraph) -> Any:
    return paragraph.style


def numbered(text: str, start: int) -> Document:
    """A document whose one paragraph is in a list of its own that begins at `start`."""
    document = docx.Document()
    numbering = document.part.numbering_part.element
    for each in list(numbering):
        numbering.remove(each)
    w = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    for xml in (
        f'<w:abstractNum {w} w:abstractNumId="0"><w:nsid w:val="11111111"/><w:lvl w:ilvl="0">'
        f'<w:start w:val="{start}"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
        "</w:abstractNum>",
        f'<w:num {w} w:numId="1"><w:abstractNumId w:val="0"/></w:num>',
    ):
        numbering.append(docx.oxml.parse_xml(xml))
    properties: Any = document.add_paragraph(text)._p.get_or_add_pPr()
    properties.get_or_add_numPr().get_or_add_numId().val = 1
    return document


def test_its_lists_are_its_own(tmp_path: Path):
    main = numbered("first", 1)
    main.add_paragraph(TERMS)
    content = document_of(asked(tmp_path, saved(main), Terms=saved(numbered("fifth", 5))))
    made = docx.Document(io.BytesIO(content))
    numbering = made.part.numbering_part.element
    starts = []
    for paragraph in made.paragraphs[:2]:
        properties: Any = paragraph._p.pPr
        number = properties.numPr.numId.val
        abstract = numbering.num_having_numId(number).abstractNumId.val
        (level,) = numbering.xpath(f'./w:abstractNum[@w:abstractNumId="{abstract}"]/w:lvl/w:start')
        starts.append(level.get(qn("w:val")))
    assert starts == ["1", "5"]
    assert len(numbering.xpath("./w:abstractNum/w:nsid")) == 1  # or Word takes them for one list
    order = [each.tag for each in numbering]
    assert order == sorted(order)  # abstract ones before the others, as the schema has it


def test_a_list_that_comes_along_stands_before_what_ends_the_lists(tmp_path: Path):
    main = numbered("first", 1)
    last = main.part.numbering_part.element.makeelement(qn("w:numIdMacAtCleanup"))
    main.part.numbering_part.element.append(last)
    main.add_paragraph(TERMS)
    content = document_of(asked(tmp_path, saved(main), Terms=saved(numbered("fifth", 5))))
    numbering = docx.Document(io.BytesIO(content)).part.numbering_part.element
    names = [each.tag.rpartition("}")[2] for each in numbering]
    assert names == [*["abstractNum"] * 2, *["num"] * 2, "numIdMacAtCleanup"]


def test_pictures_links_bookmarks_and_notes_come_along_with_ids_of_their_own(tmp_path: Path):
    one, two = png(9, 9, 1), png(9, 9, 2)
    main = docx.Document(io.BytesIO(letter(one)))
    main.add_paragraph(TERMS)
    content = document_of(asked(tmp_path, saved(main), Terms=letter(two)))
    assert [each for each, *_ in pictures_of(content)] == [one, two]
    made = docx.Document(io.BytesIO(content))
    marks = made.element.body.xpath(".//w:bookmarkStart")
    assert len({each.get(qn("w:name")) for each in marks}) == len(marks) == 2
    notes = made.element.body.xpath(".//w:footnoteReference/@w:id")
    assert len(set(notes)) == len(notes) == 2
    part = unzipped(content)["word/footnotes.xml"].decode()
    assert all(f'w:id="{each}"' in part for each in notes)
    assert len(made.sections) == 1
    assert made.sections[0].header.paragraphs[0].text == "Header of Ann"


def test_a_note_without_a_place_is_refused_and_says_what_to_do(tmp_path: Path):
    with pytest.raises(Refused, match=r"TEMPLATE_INSERT: 'Terms' has a footnote") as found:
        document_of(asked(tmp_path, template(TERMS), Terms=letter()))
    assert "write one footnote" in found.value.hint


def test_a_chart_in_it_is_drawn(tmp_path: Path):
    terms = template('{{ rows|chart("line", "Name", "Amount") }}')
    (chart,) = charts_of(document_of(asked(tmp_path, template(TERMS), Terms=terms)))
    assert chart.series == [("Amount", [1, 2])]


def test_documents_in_documents_have_an_end(tmp_path: Path):
    deep = {"A": "B", "B": "C", "C": "D"}
    inner = {name: template(f'{{{{p insert("{to}") }}}}') for name, to in deep.items()}
    main = template('{{p insert("A") }}')
    source = asked(tmp_path / "deep", main, **inner, D=template("x"))
    with pytest.raises(
        Refused, match=r"TEMPLATE_INSERT: 'D' is inserted more than 3 documents deep"
    ):
        document_of(source)
    source = asked(tmp_path / "less", main, **{**inner, "C": template("the {{ Name }}")})
    assert paragraphs(document_of(source)) == ["the Ann"]
    source = asked(tmp_path / "circle", main, **{**inner, "B": template('{{p insert("A") }}')})
    with pytest.raises(Refused, match=r"'A' inserts 'B' inserts 'A': there is no end"):
        document_of(source)


def test_many_and_large_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(whole, "MAX_INSERTED", 2)
    source = asked(tmp_path, template(TERMS, TERMS, TERMS), Terms=template("x"))
    with pytest.raises(Refused, match="TEMPLATE_INSERT: more than 2 documents"):
        document_of(source)
    largest = max(
        sum(map(len, unzipped(each).values())) for each in (template("x"), template(TERMS, TERMS))
    )
    source = asked(tmp_path, template(TERMS, TERMS), Terms=template("x"))
    with pytest.raises(Refused, match="TEMPLATE_INSERT: the inserted documents have more"):
        compile_template(
            tmp_path / "main.docx", inserted=source.inserted, max_unpacked_bytes=largest
        )


@pytest.mark.parametrize(
    ("main", "said"),
    [
        (template('{{p insert("Term") }}'), "TEMPLATE_INSERT: there is no document 'Term'"),
        (template('see {{ insert("Terms") }}'), "TEMPLATE_TAG: word/document.xml: insert"),
        (template(TERMS + TERMS), "TEMPLATE_TAG: word/document.xml: insert"),
        (template("{{p insert(\"Terms') }}"), "TEMPLATE_SYNTAX"),
        (template("{{p insert(Name) }}"), "TEMPLATE_TAG: word/document.xml: insert"),
    ],
)
def test_what_names_no_document_is_refused(tmp_path: Path, main: bytes, said: str):
    with pytest.raises(Refused, match=said):
        document_of(asked(tmp_path, main, Terms=template("x")))


def test_what_is_refused_in_a_template_is_refused_in_what_it_inserts(tmp_path: Path):
    (tmp_path / "Terms.docx").write_bytes(b"no zip")
    source = asked(tmp_path, template(TERMS))
    with pytest.raises(Refused, match="NOT_A_ZIP: inserted document 'Terms'"):
        compile_template(
            tmp_path / "main.docx", inserted={"Terms": tmp_path / "Terms.docx", **source.inserted}
        )


def put(client: TestClient, name: str, content: bytes, again: str = "") -> Any:
    path = f"/api/v1/templates/{again}/versions" if again else "/api/v1/templates"
    files = {"file": ("t.docx", content)}
    return client.post(path, files=files, data={} if again else {"name": name})


def converted(client: TestClient, workbook: str, template_id: str) -> tuple[bool, list[str]]:
    body = {"workbook_id": workbook, "template_id": template_id, "mode": "single"}
    job = finished(client, submit(client, **body).json()["id"])
    assert job["status"] == "done", job
    result = client.get(f"/api/v1/jobs/{job['id']}/result").content
    return job["cached"], paragraphs(result)


def test_a_job_takes_the_newest_version_of_what_its_template_inserts(client: TestClient):
    name = f"Terms {uuid.uuid4().hex}"
    refused = put(client, "Letter", template(f'{{{{p insert("{name}") }}}}'))
    assert (refused.status_code, refused.json()["code"]) == (422, "TEMPLATE_INSERT")
    assert name in refused.json()["detail"]
    terms = put(client, name, template("old {{ Amount }}")).json()["id"]
    made = put(client, "Letter", template("Dear {{ Name }}", f'{{{{p insert("{name}") }}}}')).json()
    fields = made["versions"][0]["fields"]
    assert (fields["inserts"], fields["single"]) == ([name], ["Name", "Amount"])
    workbook = upload(client, PEOPLE)
    assert converted(client, workbook, made["id"]) == (False, ["Dear Ann & Co", "old 1234.5"])
    assert converted(client, workbook, made["id"])[0]
    assert put(client, name, template("new"), again=terms).status_code == 201
    assert converted(client, workbook, made["id"]) == (False, ["Dear Ann & Co", "new"])
    circle = put(client, name, template(f'{{{{p insert("{name}") }}}}'), again=terms)
    assert "there is no end" in circle.json()["detail"]
    second = put(client, name, template("another")).json()["id"]
    body = {"workbook_id": workbook, "template_id": made["id"], "mode": "single"}
    assert "2 templates are called" in submit(client, **body).json()["detail"]
    for each in (terms, second):
        client.delete(f"/api/v1/templates/{each}")
    gone = client.post("/api/v1/dry-runs", json=body)
    assert (gone.status_code, gone.json()["code"]) == (422, "TEMPLATE_INSERT")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_file_uploaded_without_a_name_is_inserted_without_its_ending(
    client: TestClient, form: Any
):
    name = f"Geschäftsbedingungen {uuid.uuid4().hex}"
    sent = unicodedata.normalize(form, f"{name}.DOCX")

    def put_file(content: bytes) -> Any:
        return client.post("/api/v1/templates", files={"file": (sent, content)})

    assert put_file(template("a {{ Amount }}")).json()["name"] == sent
    workbook = upload(client, PEOPLE)
    for written in (name, unicodedata.normalize("NFD", name), f"{name}.docx"):
        made = put(client, "Letter", template(f'{{{{p insert("{written}") }}}}')).json()
        assert made["versions"][0]["fields"]["inserts"] == [name]
        assert converted(client, workbook, made["id"])[1] == ["a 1234.5"]
    itself = put_file(template(f'{{{{p insert("{name}") }}}}')).json()
    assert f"'{name}' inserts '{name}': there is no end" in itself["detail"]
    put(client, name, template("another"))
    two = put(client, "Letter", template(f'{{{{p insert("{name}") }}}}')).json()
    assert f"2 templates are called '{name}'" in two["detail"]
    assert "delete all but one" in two["hint"]


def test_what_an_unfinished_job_inserts_is_not_swept(client: TestClient):
    services = get_services()
    terms, made = f"Terms {uuid.uuid4().hex}", None
    kept = put(client, terms, template(f"kept {terms}")).json()
    made = put(client, "Letter", template(f'{{{{p insert("{terms}") }}}}')).json()
    body = {"workbook_id": upload(client, PEOPLE), "template_id": made["id"], "mode": "single"}
    job = finished(client, submit(client, **body).json()["id"])
    client.delete(f"/api/v1/templates/{kept['id']}")
    sha256 = kept["versions"][0]["sha256"]
    with session_factory() as session, services.storage.local(sha256) as path:
        os.utime(path, (time.time() - 7200,) * 2)
        row = session.get_one(Job, uuid.UUID(job["id"]))
        for status, is_kept in (("running", True), ("done", False)):
            row.status, row.owner = status, "nobody"
            row.lease_until = row.created_at + timedelta(days=1)
            session.commit()
            sweep(session, services)
            assert services.storage.exists(sha256) is is_kept


def test_a_job_whose_inserted_document_is_gone_says_so_and_so_does_its_retry(client: TestClient):
    services, name = get_services(), f"Terms {uuid.uuid4().hex}"
    terms = put(client, name, template(f"a {name}")).json()
    made = put(client, "Letter", template(f'{{{{p insert("{name}") }}}}')).json()
    services.storage.delete(terms["versions"][0]["sha256"])
    body = {"workbook_id": upload(client, PEOPLE), "template_id": made["id"], "mode": "single"}
    job = finished(client, submit(client, **body).json()["id"])
    assert (job["status"], job["error"]["code"]) == ("failed", "INPUT_GONE")
    said = f"the template '{name}', which the job's template inserts, is gone"
    assert job["error"]["message"] == said
    again = client.post(f"/api/v1/jobs/{job['id']}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "TEMPLATE_GONE")
    assert again.json()["detail"] == said


def test_before_it_is_known_it_is_named_and_left_out(tmp_path: Path):
    (tmp_path / "t.docx").write_bytes(template("Dear {{ Name }}", TERMS))
    made = compile_template(tmp_path / "t.docx")
    assert made.fields.inserts == ("Terms",)
    assert paragraphs(made.document({"Name": "Ann"})) == ["Dear Ann"]


def test_a_template_without_styles_and_lists_gets_those_that_are_brought(tmp_path: Path):
    main = docx.Document()
    main.add_paragraph(TERMS)
    for key, each in list(main.part.rels.items()):
        if each.reltype.endswith(("/styles", "/numbering")):
            del main.part.rels[key]
    terms = numbered("fifth", 5)
    terms.paragraphs[0].style = terms.styles.add_style("Own", WD_STYLE_TYPE.PARAGRAPH)
    made = docx.Document(io.BytesIO(document_of(asked(tmp_path, saved(main), Terms=saved(terms)))))
    assert _style(made.paragraphs[0]).name == "Own"
    assert len(made.part.numbering_part.element.findall(qn("w:num"))) == 1


def test_comments_and_sections_are_left_out(tmp_path: Path):
    terms = docx.Document()
    terms.add_paragraph("one")
    terms.add_section()
    terms.add_comment(terms.add_paragraph("two").runs, "why?")
    made = docx.Document(
        io.BytesIO(document_of(asked(tmp_path, template(TERMS), Terms=saved(terms))))
    )
    assert [paragraph.text for paragraph in made.paragraphs if paragraph.text] == ["one", "two"]
    assert len(made.sections) == 1
    assert made.element.body.xpath(".//w:commentReference") == []


def test_a_document_of_the_strict_kind_is_refused(tmp_path: Path):
    old = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    content = template("x")
    text = unzipped(content)["word/document.xml"]
    strict = text.replace(old, b"http://purl.oclc.org/ooxml/wordprocessingml/main")
    terms = with_part(content, word__documentDOTxml=strict)
    with pytest.raises(Refused, match="TEMPLATE_INSERT: 'Terms' is of a kind of Word's"):
        document_of(asked(tmp_path, template(TERMS), Terms=terms))


def with_xml(content: bytes, before: str, after: str) -> bytes:
    """With a change in the source of its text."""
    text = unzipped(content)["word/document.xml"].decode()
    assert before in text
    return with_part(content, word__documentDOTxml=text.replace(before, after, 1).encode())


TAG_RUN = '<w:r><w:t>{{p insert("Terms") }}</w:t></w:r>'


def test_a_section_that_ends_with_the_tags_paragraph_keeps_its_page_and_header(tmp_path: Path):
    main = docx.Document()
    main.sections[0].page_width = Pt(300)
    main.sections[0].header.paragraphs[0].text = "of the first"
    last = main.add_paragraph(TERMS)
    main.add_section().header.is_linked_to_previous = False
    main.sections[1].page_width = Pt(600)
    main.add_paragraph("end")
    (broken,) = main.element.body.xpath("./w:p[w:pPr/w:sectPr]")
    last._p.insert(0, broken.pPr)  # as Word has it; python-docx ends sections in empty paragraphs
    broken.getparent().remove(broken)
    for inserted in (template("a", "b"), None):
        source = asked(tmp_path, saved(main), **({"Terms": inserted} if inserted else {}))
        made = docx.Document(
            io.BytesIO(
                document_of(source)
                if inserted
                else compile_template(tmp_path / "main.docx").document({})
            )
        )
        assert [each.page_width for each in made.sections] == [Pt(300), Pt(600)]
        assert made.sections[0].header.paragraphs[0].text == "of the first"
        assert not made.sections[1].header.paragraphs[0].text
        texts = [each.text for each in made.paragraphs if each.text]
        assert texts == [*(["a", "b"] if inserted else []), "end"]


@pytest.mark.parametrize(
    ("written", "order"),
    [
        ('<w:r><w:br w:type="page"/></w:r>' + TAG_RUN, ["br", "a"]),
        (TAG_RUN + '<w:r><w:br w:type="column"/></w:r>', ["a", "br"]),
        ("<w:pPr><w:pageBreakBefore/></w:pPr>" + TAG_RUN, ["pageBreakBefore", "a"]),
        ('<w:pPr><w:pageBreakBefore w:val="0"/></w:pPr>' + TAG_RUN, ["a"]),
        ("<w:r><w:br/></w:r>" + TAG_RUN, ["a"]),
        ('<w:bookmarkStart w:id="7" w:name="_GoBack"/>' + TAG_RUN, ["a"]),
    ],
)
def test_breaks_of_the_tags_paragraph_stay_where_they_are(
    tmp_path: Path, written: str, order: list[str]
):
    main = with_xml(template(TERMS, "x"), TAG_RUN, written)
    main = with_xml(main, "<w:t>x</w:t></w:r>", '<w:t>x</w:t></w:r><w:bookmarkEnd w:id="7"/>')
    made = docx.Document(io.BytesIO(document_of(asked(tmp_path, main, Terms=template("a")))))
    body = made.element.body
    found = body.xpath(".//w:br | .//w:pageBreakBefore | .//w:t | .//w:bookmarkStart")
    names = [each.text or each.tag.rpartition("}")[2] for each in found]
    assert names == [*order, "x"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("<w:r><w:drawing/></w:r>", "a picture or a shape"),
        ('<w:r><w:footnoteReference w:id="2"/></w:r>', "a note"),
        ('<w:bookmarkStart w:id="7" w:name="terms"/>', "the bookmark 'terms'"),
        ('<w:r><w:fldChar w:fldCharType="begin"/></w:r>', "a field of Word's"),
        ("<w:del/>", "a tracked change"),
        ('<w:r><w:sym w:char="F021"/></w:r>', r"what is no text \(sym\)"),
    ],
)
def test_what_would_be_lost_with_the_tags_paragraph_is_refused_at_the_upload_already(
    tmp_path: Path, written: str, said: str
):
    source = asked(
        tmp_path, with_xml(template(TERMS), TAG_RUN, TAG_RUN + written), Terms=template("a")
    )
    for inserted in (None, source.inserted):
        with pytest.raises(Refused, match=f"TEMPLATE_TAG: the paragraph of .* holds {said}") as no:
            compile_template(tmp_path / "main.docx", inserted=inserted)
        assert no.value.hint == (
            "the tag stands alone in its paragraph: put the rest into another one"
        )


def test_a_text_box_with_the_tag_in_it_is_not_replaced(tmp_path: Path):
    box = (
        "<w:r><w:pict><w:txbxContent><w:p>" + TAG_RUN + "</w:p></w:txbxContent></w:pict></w:r>"
        "<w:r><w:t>beside</w:t></w:r>"
    )
    for written in (box, box.replace("beside", "")):
        main = with_xml(template(TERMS), TAG_RUN, written)
        with pytest.raises(Refused, match=r"TEMPLATE_TAG: word/document\.xml"):
            document_of(asked(tmp_path, main, Terms=template("a")))


def test_a_cell_ends_with_a_paragraph_whatever_is_inserted(tmp_path: Path):
    cell = "<w:tbl><w:tr><w:tc><w:p>" + TAG_RUN + "</w:p></w:tc></w:tr></w:tbl>"
    main = with_xml(template(TERMS), f"<w:p>{TAG_RUN}</w:p>", cell)
    empty = docx.Document()
    content = document_of(asked(tmp_path, main, Terms=saved(empty)))
    (made,) = docx.Document(io.BytesIO(content)).element.body.xpath(".//w:tc")
    assert [each.tag for each in made] == [qn("w:p")]
