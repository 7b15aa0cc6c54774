"""What others have published, as cases: `python -m tests.display_text.harvest FOLDER...`

Writes `formats.tsv` (every number format of the workbooks, with values of cells that have it) and
`stored.tsv` (format, value, and the text that Excel itself wrote for them: the result that a
workbook keeps of `TEXT(value, "format")`, and the .csv that Excel saved of a workbook in its XML
of 2003, which is how https://github.com/SheetJS/test_files is made).

Both are kept in the repository, so that the comparison needs no download. Run it again to add
workbooks: what is there stays.
"""

import csv
import re
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from lxml import etree

from app.domain.limits import Limits
from app.domain.number_format.builtin import BUILTIN
from app.domain.refusal import Refused
from app.domain.values import from_datetime
from app.domain.workbook import xlsx_parts
from app.domain.xml_safe import parse
from app.domain.zip_guard import check_zip

HERE = Path(__file__).parent
_VALUES_OF_A_FORMAT = 3
_TEXTS_OF_A_FORMAT = 12
_S = "{urn:schemas-microsoft-com:office:spreadsheet}"
_NAMED = {
    "Fixed": "0.00",
    "Standard": "#,##0.00",
    "Percent": "0.00%",
    "Scientific": "0.00E+00",
    "General Number": "General",
}
_TEXT_CALL = re.compile(r'TEXT\((-?[\d.]+(?:E[+-]?\d+)?|\$?[A-Z]{1,3}\$?\d+),"((?:[^"]|"")*)"\)')

_Styles = dict[str | None, tuple[etree._Element | None, str | None]]
Case = tuple[str, str, str]
"""Format, value, text."""


def formats_of(path: Path) -> Iterator[tuple[str, str]]:
    """Each format of an .xlsx and a number that it stands on; an empty one where there is none."""
    with zipfile.ZipFile(path) as archive:
        workbook = xlsx_parts.read_workbook(archive)
        codes = _codes(archive, workbook)
        yield from ((code, "") for code in codes)
        for sheet in workbook.sheets:
            for cell in _cells(archive, sheet.path):
                style, number = int(cell.get("s") or 0), _number(cell)
                if number and style < len(codes):
                    yield codes[style], number


def texts_of(path: Path) -> Iterator[Case]:
    """The results of `TEXT()` that an .xlsx keeps."""
    with zipfile.ZipFile(path) as archive:
        workbook = xlsx_parts.read_workbook(archive)
        for sheet in workbook.sheets:
            numbers: dict[str, str] = {}
            calls: list[tuple[str, str, str]] = []
            for cell in _cells(archive, sheet.path):
                if number := _number(cell):
                    numbers[cell.get("r") or ""] = number
                formula = cell.findtext("{*}f") or ""
                call = _TEXT_CALL.fullmatch(formula)
                text = cell.findtext("{*}v")
                if call and text is not None and cell.get("t") == "str":
                    calls.append((call[2].replace('""', '"'), call[1].replace("$", ""), text))
            for code, argument, text in calls:
                value = argument if argument[:1] in "-.0123456789" else numbers.get(argument)
                if value:
                    yield code, value, text


def saved_texts(path: Path) -> Iterator[Case]:
    """The cells of a workbook in Excel's XML of 2003, with the .csv of each sheet beside it."""
    root = parse(path.read_bytes(), path.name)
    codes: _Styles = {
        style.get(f"{_S}ID"): (style.find(f"{_S}NumberFormat"), style.get(f"{_S}Parent"))
        for style in root.iter(f"{_S}Style")
    }
    if next(root.iter("{*}Date1904"), None) is not None:
        return
    for index, sheet in enumerate(root.iter(f"{_S}Worksheet")):
        texts = path.with_name(f"{path.name.removesuffix('.xml')}.{index}.csv")
        if not texts.exists():
            continue
        rows = list(csv.reader(texts.read_text("mac_roman").splitlines(keepends=True)))
        found: list[Case] = []
        alike = [0, 0]
        for row, column, style, value in _cells_2003(sheet):
            text = rows[row][column] if row < len(rows) and column < len(rows[row]) else ""
            if style is None:
                alike[text == value] += 1
            elif code := _code_2003(codes, style):
                found.append((code, value, text))
        if alike[1] > 10 * alike[0]:  # the .csv is of this very sheet: its words are the same
            yield from found


def _cells_2003(sheet: etree._Element) -> Iterator[tuple[int, int, str | None, str]]:
    """Row, column, style and value; no style for a word."""
    row = -1
    for line in sheet.iter(f"{_S}Row"):
        row = int(line.get(f"{_S}Index") or row + 2) - 1
        column = -1
        for cell in line.iter(f"{_S}Cell"):
            column = int(cell.get(f"{_S}Index") or column + 2) - 1
            data = cell.find(f"{_S}Data")
            style = cell.get(f"{_S}StyleID") or line.get(f"{_S}StyleID") or "Default"
            if data is not None and data.text:
                if data.get(f"{_S}Type") == "Number":
                    yield row, column, style, data.text
                elif data.get(f"{_S}Type") == "String" and data.text.isascii():
                    yield row, column, None, data.text
                elif data.get(f"{_S}Type") == "DateTime":
                    moment = datetime.fromisoformat(data.text)
                    if moment.year > 1900:
                        yield row, column, style, repr(from_datetime(moment, date1904=False))
            column += int(cell.get(f"{_S}MergeAcross") or 0)


def _code_2003(codes: _Styles, style: str | None) -> str:
    while style is not None and style in codes:
        element, style = codes[style]
        if element is not None:
            code = element.get(f"{_S}Format") or "General"
            return _NAMED.get(
                code, "" if re.fullmatch(r"[A-Z][\w /]+", code) and code != "General" else code
            )
    return "General"


def _codes(archive: zipfile.ZipFile, workbook: xlsx_parts.WorkbookPart) -> list[str]:
    path = next((p for k, p in workbook.relationships.values() if k.endswith("/styles")), None)
    if path is None or path not in archive.namelist():
        return []
    root = parse(archive.read(path), path)
    codes = dict(BUILTIN)
    for element in root.iter("{*}numFmt"):
        if (number := element.get("numFmtId") or "").isdigit() and element.get("formatCode"):
            codes[int(number)] = element.get("formatCode") or ""
    numbers = [x.get("numFmtId") or "0" for h in root.iter("{*}cellXfs") for x in h.iter("{*}xf")]
    return [codes.get(int(n) if n.isdigit() else 0, "General") for n in numbers]


def _cells(archive: zipfile.ZipFile, path: str) -> Iterator[etree._Element]:
    if archive.getinfo(path).file_size < 20_000_000:
        yield from parse(archive.read(path), path).iter("{*}c")


def _number(cell: etree._Element) -> str:
    text = cell.findtext("{*}v") or ""
    try:
        return text if cell.get("t", "n") == "n" and abs(float(text)) < 1e300 else ""
    except ValueError:
        return ""


def read_table(name: str, width: int) -> list[tuple[str, ...]]:
    """A table of this folder; tabs and line ends in it are escaped as in Python."""
    path = HERE / name
    if not path.exists():
        return []
    lines = path.read_text("utf-8").split("\n")
    table = [tuple(_plain(field) for field in line.split("\t")) for line in lines if line]
    return [row for row in table if len(row) == width]


def _write_table(name: str, rows: list[tuple[str, ...]]) -> None:
    text = "".join("\t".join(_escaped(field) for field in row) + "\n" for row in sorted(rows))
    (HERE / name).write_text(text, "utf-8")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _plain(text: str) -> str:
    plain = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
    return re.sub(r"\\[\\tnr]", lambda match: plain[match[0]], text)


def main(folders: list[Path]) -> None:
    values: dict[str, set[str]] = defaultdict(set)
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    for code, value in read_table("formats.tsv", 2):
        values[code].add(value)
    for code, value, text in read_table("stored.tsv", 3):
        texts[code][value] = text
    read = 0
    for path in sorted(p for folder in folders for p in folder.rglob("*") if p.is_file()):
        try:
            if path.suffix.lower() in {".xlsx", ".xlsm"}:
                check_zip(path, Limits().unpacked_bytes)
                for code, value in formats_of(path):
                    if len(values[code]) < _VALUES_OF_A_FORMAT:
                        values[code].add(value)
                found = list(texts_of(path))
            elif (
                path.suffix.lower() == ".xml" and b"office:spreadsheet" in path.read_bytes()[:2000]
            ):
                found = list(saved_texts(path))
            else:
                continue
        except (Refused, ValueError, KeyError, zipfile.BadZipFile, LookupError) as error:
            sys.stderr.write(f"{path.name}: {error}\n")
            continue
        read += 1
        for code, value, text in found:
            known = text and set(text) != {"#"} and (code + text).isascii()
            if (
                known
                and "[$-F" not in code
                and (len(texts[code]) < _TEXTS_OF_A_FORMAT or value in texts[code])
            ):
                texts[code].setdefault(value, text)
    _write_table("formats.tsv", [(c, v) for c, found in values.items() for v in found if c])
    _write_table(
        "stored.tsv", [(c, v, t) for c, found in texts.items() for v, t in found.items() if c]
    )
    sys.stdout.write(f"{read} workbooks, {len(values)} formats, {len(texts)} with Excel's text\n")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
