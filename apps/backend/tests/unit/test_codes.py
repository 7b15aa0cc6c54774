"""QR codes and barcodes in documents, read back by a reader of others."""

import io
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.domain.refusal import Refused
from app.domain.template.codes import barcode, qr_code
from app.domain.template.compiled import CompiledTemplate, compile_template
from tests.documents import paragraphs, template, unzipped


def read(png: bytes) -> list[str]:
    with Image.open(io.BytesIO(png)) as picture:
        return [found.text for found in zxingcpp.read_barcodes(picture.convert("L"))]


def letter(folder: Path, *lines: str, blank_missing: bool = False) -> CompiledTemplate:
    path = folder / "t.docx"
    path.write_bytes(template(*lines))
    return compile_template(path, blank_missing=blank_missing)


def codes_in(document: bytes) -> list[str]:
    parts = unzipped(document)
    return [text for name in sorted(parts) if name.endswith(".png") for text in read(parts[name])]


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=80)
)
def test_a_qr_code_says_what_it_is_given(text: str):
    assert read(qr_code(text, "M")) == [text]


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40))
def test_a_code_128_says_what_it_is_given(text: str):
    assert read(barcode(text, "code128")) == [text]


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("ean13", "4006381333931", "4006381333931"),
        ("ean13", "400638133393", "4006381333931"),
        ("ean8", "96385074", "96385074"),
        ("upca", "036000291452", "0036000291452"),  # as the reader writes all of them
        ("code39", "ABC-123", "ABC-123"),
        ("itf", "123456", "123456"),
        *(("code128", text, text) for text in ("9999", "99", "99a", "a99", "1299", "7", "~ !")),
    ],
)
def test_each_kind_is_read_by_another_program(kind: str, text: str, found: str):
    assert read(barcode(text, kind)) == [found]


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        ("ean13", "4006381333932", "wrong check digit: it would be '4006381333931'"),
        ("upca", "036000291453", "wrong check digit"),
        ("ean13", "4.00638E+12", "has not 13 digits"),
        ("ean8", "١٢٣٤٥٦٧", "has not 8 digits"),
        ("itf", "12345", "odd number of digits"),
        ("itf", "12a4", "cannot be written"),
        ("code39", "abc", "cannot be written|wrong"),
        ("code128", "客户", "cannot be written"),
        ("code128", "x" * 121, "too long"),
        ("aztec", "1", "no kind"),
    ],
)
def test_what_a_kind_cannot_say_is_refused_and_not_changed(kind: str, text: str, why: str):
    with pytest.raises(Refused, match=f"TEMPLATE_VALUE: barcode: .*({why})"):
        barcode(text, kind)


def test_a_qr_code_has_an_end():
    with pytest.raises(Refused, match="fits into no code"):
        qr_code("x" * 3_000, "M")
    with pytest.raises(Refused, match="no level"):
        qr_code("x", "Z")


def test_they_stand_in_a_document_as_any_picture_does(tmp_path: Path):
    lines = ("{{ Id|qr(width=30) }}", '{{ Number|barcode("ean13") }}', "{{ Id|barcode }}")
    made = letter(tmp_path, *lines).document({"Id": "A-7 & Co", "Number": 4006381333931})
    assert sorted(codes_in(made)) == ["4006381333931", "A-7 & Co", "A-7 & Co"]


def test_an_empty_cell_has_no_code_and_a_missing_field_is_named(tmp_path: Path):
    made = letter(tmp_path, "code: {{ Id|qr }}{{ Other|barcode }}.")
    document = made.document({"Id": None, "Other": ""})
    assert (codes_in(document), paragraphs(document)) == ([], ["code: ."])
    with pytest.raises(Refused, match="FIELD_MISSING"):
        made.document({"Id": "x"})
    blank = letter(tmp_path, "code: {{ Id|qr }}.", blank_missing=True)
    assert codes_in(blank.document({})) == []


def test_a_refusal_names_the_paragraph(tmp_path: Path):
    made = letter(tmp_path, "first", '{{ Id|barcode("ean13") }}')
    with pytest.raises(Refused, match=r"paragraph 2.*has not 13 digits"):
        made.document({"Id": "x"})


@pytest.mark.parametrize(("wrong", "right"), [("qrcode", "qr"), ("code128", "barcode")])
def test_names_that_others_use_lead_to_ours(tmp_path: Path, wrong: str, right: str):
    with pytest.raises(Refused) as refused:
        letter(tmp_path, f"{{{{ Id|{wrong} }}}}")
    assert f"|{right}(" in refused.value.hint
