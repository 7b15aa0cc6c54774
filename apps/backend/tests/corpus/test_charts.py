"""LibreOffice draws each kind of chart with its labels, its numbers and its title."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from app.domain.limits import Limits
from app.domain.template.chart_parts import KINDS
from app.services.isolation.office import find_office
from tests.documents import template
from tests.unit.test_charts import charted, document_of
from tests.unit.test_inserting import TERMS, asked

pytestmark = pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice is not installed"
)

ROWS: list[list[Any]] = [["Month", "Total"], ["007", 1234.5], ["Feb", None], ["Mar", 4321]]
LOOK = 'title="Sales of " ~ rows[0].Month, fmt="#,##0.00", numbers=true'


def texts_of(documents: dict[str, bytes], folder: Path) -> dict[str, str]:
    """What the pages of each document say, by LibreOffice."""
    office = find_office(Limits())
    assert office is not None
    paths = {name: folder / f"{name}.docx" for name in documents}
    for name, path in paths.items():
        path.write_bytes(documents[name])
    made = office.to_pdf(list(paths.values()), folder)
    return {
        name: " ".join(page.extract_text() for page in PdfReader(pdf).pages)
        for name, pdf in zip(paths, made, strict=True)
    }


def test_each_kind_is_drawn(tmp_path: Path):
    documents = {
        kind: document_of(
            charted(tmp_path, f'{{{{ rows|chart("{kind}", "Month", "Total", {LOOK}) }}}}', ROWS)
        )
        for kind in KINDS
    }
    for kind, text in texts_of(documents, tmp_path).items():
        for said in ("Sales of 007", "1,234.50", "4,321.00", "Mar"):
            assert said in text, (kind, said, text)


def test_a_chart_in_an_inserted_document_is_drawn(tmp_path: Path):
    chart = '{{ rows|chart("column", "Name", "Amount", title="Inserted") }}'
    source = asked(tmp_path, template("before", TERMS, "after"), Terms=template(chart))
    text = texts_of({"whole": document_of(source)}, tmp_path)["whole"]
    for said in ("before", "Inserted", "Ann", "Bo", "after"):
        assert said in text, text
