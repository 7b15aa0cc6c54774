"""What LibreOffice shows: a workbook of the cases, saved by it as .csv."""

import csv
import shutil
import subprocess
import tempfile
from pathlib import Path

import xlsxwriter

from tests.display_text.cases import Case

_ROWS = 4000
_FILTER = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false"
"""Comma, quotes, UTF-8, from the first line, in English, cells as they are shown."""


def shown_by_libreoffice(cases: list[Case]) -> list[str | None] | None:
    """A text a case, None where a workbook cannot hold the value; None without LibreOffice."""
    soffice = shutil.which("soffice")
    if soffice is None:
        return None
    texts: list[str | None] = []
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, len(cases), _ROWS):
            texts.extend(_convert(soffice, Path(folder), cases[start : start + _ROWS]))
    return texts


def _convert(soffice: str, folder: Path, cases: list[Case]) -> list[str | None]:
    path = folder / "cases.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.set_column(0, 0, 120)
    styles = {code: book.add_format({"num_format": code}) for code in {c.code for c in cases}}
    for row, case in enumerate(cases):
        sheet.write_number(row, 0, case.value, styles[case.code])
        sheet.write_string(row, 1, "|")  # a line of its own for an empty text, too
    book.close()
    home = f"-env:UserInstallation=file://{folder}/profile"
    command = [
        soffice,
        home,
        "--headless",
        "--convert-to",
        _FILTER,
        "--outdir",
        str(folder),
        str(path),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    with path.with_suffix(".csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    if len(lines) != len(cases):
        raise ValueError(f"LibreOffice wrote {len(lines)} lines for {len(cases)} cells")
    return [line[0] for line in lines]
