"""LibreOffice opens a merged document, and each page in it is one of the single documents'."""

import shutil
from pathlib import Path

import pytest
from pypdf import PdfReader

from app.domain.limits import Limits
from app.domain.merging.documents import merge_documents
from app.domain.merging.pdfs import merge_pdfs
from app.services.isolation.office import find_office
from tests.letters import letter
from tests.pictures import png
from tests.unit.test_merging import NAMES, filled

pytestmark = pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice is not installed"
)


def pages(path: Path) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(path).pages]


@pytest.mark.parametrize("table_last", [False, True])
def test_a_merged_document_has_the_pages_of_the_single_ones(table_last: bool, tmp_path: Path):
    office = find_office(Limits())
    assert office is not None
    single = filled(tmp_path, letter(png(9, 9), table_last=table_last, notes=False))
    paths = [tmp_path / f"{number}.docx" for number in range(len(single))]
    for path, content in zip(paths, single, strict=True):
        path.write_bytes(content)
    whole = tmp_path / "whole.docx"
    merge_documents(single, whole, 1 << 28, lambda count: None)
    *made, merged = office.to_pdf([*paths, whole], tmp_path)
    expected = [page for path in made for page in pages(path)]
    assert [page.replace("SECTIONPAGES", "1") for page in pages(merged)] == expected
    assert all(any(name in page for page in expected) for name in NAMES)

    joined = tmp_path / "joined.pdf"
    named = [(path.stem, path.read_bytes()) for path in made]
    merge_pdfs(named, joined, lambda count: None)
    assert pages(joined) == expected
