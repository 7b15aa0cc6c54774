""".csv and its kin: text, and nothing but text."""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.domain.values import Value
from app.domain.workbook.model import CellsAlone, Counter, Row, SheetName

_SAMPLE_BYTES = 256 * 1024
_DELIMITERS = ",;\t|"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ENCODINGS = ("utf-8", "gb18030", "cp1252")
"""Tried in this order. Any bytes are some cp1252 or latin-1, so it comes last."""


class DelimitedReader(CellsAlone):
    """See `WorkbookReader`. The file is its only sheet."""

    def __init__(self, path: Path, limits: Limits, name: str) -> None:
        self._path, self._limits, self._name = path, limits, name
        self.encoding = detect_encoding(path)
        with path.open(encoding=self.encoding, errors="replace", newline="") as file:
            self.delimiter = detect_delimiter(file.read(_SAMPLE_BYTES))

    @property
    def sheets(self) -> list[SheetName]:
        return [SheetName(self._name)]

    def rows(self, index: int) -> Iterator[Row]:
        counter = Counter(self._name, self._limits)
        csv.field_size_limit(self._limits.cell_characters * 4)
        with self._path.open(encoding=self.encoding, errors="replace", newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter)
            try:
                for number, fields in enumerate(reader):
                    while fields and not fields[-1]:
                        fields.pop()
                    if not fields:
                        continue
                    counter.add(number, len(fields))
                    values: list[Value] = [field or None for field in fields]
                    yield Row.as_shown(number, values, fields)
            except csv.Error as error:
                raise Refused(
                    "CSV_DAMAGED", f"line {reader.line_num} of the file: {error}"
                ) from error

    def close(self) -> None:
        """Nothing is held open."""


def detect_encoding(path: Path) -> str:
    """By its mark, else the first that fits all of the file; UTF-8 is never another by chance."""
    with path.open("rb") as file:
        head = file.read(4)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    for name in _ENCODINGS:
        decoder = codecs.getincrementaldecoder(name)()
        try:
            with path.open("rb") as file:
                while chunk := file.read(1 << 20):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return name
    return "latin-1"


def detect_delimiter(sample: str) -> str:
    """The one that splits most lines into the same number of fields, more than one."""
    first = sample.split("\n", 1)[0].strip().lower()
    if first.startswith("sep=") and len(first) == 5:
        return first[4]
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        try:
            lines = sample.splitlines(keepends=True)[:200]
            widths = [len(r) for r in csv.reader(lines, delimiter=delimiter) if r]
        except csv.Error:
            continue
        common = max(set(widths), key=widths.count, default=1)
        if common > 1:
            score = (widths.count(common) / len(widths), common)
            if score > best_score:
                best, best_score = delimiter, score
    return best
