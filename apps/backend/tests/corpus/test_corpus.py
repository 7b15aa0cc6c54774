"""Workbooks and documents that this repository did not make.

    npx nx run backend:corpus                     # or by hand:
    python -m tests.corpus.fetch FOLDER
    EXCEL2DOC_CORPUS=FOLDER/all pytest tests/corpus

Each is converted, or refused with a reason that is written down here, also by the API, which never
answers with a 500. LibreOffice, where it is installed, opens every result and must find the same
text.
"""

import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import docx
import pytest
import python_calamine
from fastapi.testclient import TestClient

from app.domain.conversion import Mode, Options, Source
from app.domain.limits import Limits
from app.domain.modes import convert
from app.domain.refusal import Refused
from app.domain.sheet_view import ReadOptions, view_sheets
from app.domain.template.compiled import compile_template
from app.domain.workbook.opening import open_workbook

if not os.environ.get("EXCEL2DOC_CORPUS"):
    pytest.exit("tests/corpus needs EXCEL2DOC_CORPUS; see its docstring", returncode=4)

FILES = Path(os.environ["EXCEL2DOC_CORPUS"])
REFUSED = {
    "agate_excel-0.4.2/examples/test_empty.xls": "NOTHING_TO_CONVERT",
    "agate_excel-0.4.2/examples/test_empty.xlsx": "NOTHING_TO_CONVERT",
    "csvkit-2.2.0/examples/empty.csv": "NOTHING_TO_CONVERT",
    "csvkit-2.2.0/examples/null_byte.csv": "UNKNOWN_KIND",
    "frictionless-5.21.0/data/column.csv": "TOO_MANY_ROWS",
    "frictionless-5.21.0/data/compression/implicit-gz.csv": "UNKNOWN_KIND",
    "frictionless-5.21.0/data/compression/implicit-zip.csv": "UNKNOWN_KIND",
    "frictionless-5.21.0/data/empty.csv": "NOTHING_TO_CONVERT",
    "frictionless-5.21.0/data/wide.csv": "TOO_MANY_COLUMNS",
    "python_docx-1.2.0/features/steps/test_files/shp-inline-shape-access.docx": "TEMPLATE_EXTERNAL",
    "xlcalculator-0.5.0/tests/resources/reader.xlsm": "TOO_MANY_COLUMNS",
}

CALAMINE_TRIMS = "formatted_inline_string.xlsx"
"""`Regular Bold` in the package's own expected .csv and here, `RegularBold` by calamine."""


def files(*suffixes: str) -> list[Any]:
    found = [p for p in sorted(FILES.rglob("*")) if p.suffix.lower() in suffixes]
    return [pytest.param(p, id=str(p.relative_to(FILES))) for p in found]


def refusal_of(path: Path) -> str | None:
    return REFUSED.get(str(path.relative_to(FILES)))


def to_document(path: Path, folder: Path) -> Path:
    source = Source(path, path.name, Mode.TABLE, Options())
    made = convert(source, folder, Limits(), lambda _event: None).path
    assert made
    return made


@pytest.mark.parametrize("path", files(".xlsx", ".xlsm", ".xls", ".ods", ".csv"))
def test_a_workbook_is_converted_or_refused_by_name(path: Path, tmp_path: Path):
    expected = refusal_of(path)
    if expected:
        with pytest.raises(Refused, match=expected):
            to_document(path, tmp_path)
        return
    document = docx.Document(str(to_document(path, tmp_path)))
    assert document.tables


@pytest.mark.parametrize("path", files(".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".docx"))
def test_the_api_takes_it_or_refuses_it_by_name(client: TestClient, path: Path):
    kind = "templates" if path.suffix.lower() == ".docx" else "workbooks"
    response = client.post(f"/api/v1/{kind}", files={"file": (path.name, path.read_bytes())})
    expected = refusal_of(path)
    if expected is None:
        assert response.status_code == 201, response.text
        return
    # an upload looks for rows, a conversion for something to convert
    codes = {expected} | ({"WORKBOOK_EMPTY"} if expected == "NOTHING_TO_CONVERT" else set())
    if path.stat().st_size == 0:
        codes = {"UPLOAD_EMPTY"}
    assert (response.status_code, response.json()["code"] in codes) == (422, True), response.text


@pytest.mark.parametrize("path", files(".xlsx", ".xlsm"))
def test_values_are_those_that_calamine_reads(path: Path):
    if refusal_of(path) or path.name == CALAMINE_TRIMS:
        pytest.skip("refused, or known to differ")
    with (
        python_calamine.load_workbook(path) as theirs,
        open_workbook(path, path.name, Limits()) as ours,
    ):
        for index, sheet in enumerate(ours.sheets):
            expected = theirs.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
            for row in ours.rows(index):
                for column, value in enumerate(row.values):
                    if isinstance(value, str | bool):
                        assert expected[row.index][column] == value, (sheet.name, row.index, column)
                    elif isinstance(value, int | float) and isinstance(
                        expected[row.index][column], int | float
                    ):
                        assert expected[row.index][column] == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("path", files(".docx"))
def test_a_document_is_a_template_and_loses_nothing(path: Path):
    expected = refusal_of(path)
    if expected:
        with pytest.raises(Refused, match=expected):
            compile_template(path)
        return
    made = docx.Document(io.BytesIO(compile_template(path, blank_missing=True).document({})))
    before = docx.Document(str(path))
    assert [p.text for p in made.paragraphs] == [p.text for p in before.paragraphs]
    assert len(made.tables) == len(before.tables)


needs_libreoffice = pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice is not installed"
)

OPENED_BYTES = 64 * 1024
"""Of a .csv: LibreOffice takes minutes over the table of a larger one."""


def texts_by_libreoffice(documents: Path, tmp_path: Path) -> dict[str, str]:
    """The text of each document of a folder, by its name without the suffix, white space as one."""
    home = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", home, "--headless", "--convert-to", "txt:Text (encoded):UTF8"]
    made = sorted(str(path) for path in documents.glob("*.docx"))
    # given some hundreds at once it ends before the last, and with status 0
    for start in range(0, len(made), 100):
        subprocess.run(
            [*command, "--outdir", str(tmp_path / "text"), *made[start : start + 100]],
            check=True,
            capture_output=True,
            timeout=900,
        )
    texts = (tmp_path / "text" / f"{Path(each).stem}.txt" for each in made)
    return {text.stem: " ".join(text.read_text("utf-8-sig").split()) for text in texts}


@needs_libreoffice
def test_libreoffice_opens_every_result_and_finds_its_text(tmp_path: Path):
    sample = [p.values[0] for p in files(".xlsx", ".xlsm", ".xls", ".ods", ".csv")]
    folder = tmp_path / "made"
    folder.mkdir()
    expected: dict[str, set[str]] = {}
    for number, path in enumerate(sample):
        is_long = path.suffix.lower() == ".csv" and path.stat().st_size > OPENED_BYTES
        if refusal_of(path) or is_long:
            continue
        to_document(path, tmp_path).rename(folder / f"{number}.docx")
        with open_workbook(path, path.name, Limits()) as reader:
            expected[str(number)] = {
                " ".join(text.split())
                for view in view_sheets(reader, ReadOptions())
                for row in view.sample
                for column in view.columns
                for text in row.shown[column.index : column.index + 1]
                if text.strip()
            }
    found = texts_by_libreoffice(folder, tmp_path)
    for name, texts in expected.items():
        missing = [text for text in texts if text not in found[name]]
        assert not missing, (sample[int(name)], missing[:5])


@needs_libreoffice
def test_libreoffice_opens_every_rendered_template_and_finds_its_paragraphs(tmp_path: Path):
    sample = [p.values[0] for p in files(".docx") if not refusal_of(p.values[0])]
    folder = tmp_path / "made"
    folder.mkdir()
    for number, path in enumerate(sample):
        made = compile_template(path, blank_missing=True).document({})
        (folder / f"{number}.docx").write_bytes(made)
    found = texts_by_libreoffice(folder, tmp_path)
    for number, path in enumerate(sample):
        texts = {" ".join(p.text.split()) for p in docx.Document(str(path)).paragraphs}
        missing = [text for text in texts if text not in found[str(number)]]
        assert not missing, (path, missing[:5])
