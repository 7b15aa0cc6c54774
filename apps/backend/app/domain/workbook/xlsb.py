""".xlsb: the parts of an .xlsx in Excel's binary form."""

import struct
from collections.abc import Iterator
from pathlib import Path

from app.domain.archive import open_archive
from app.domain.limits import Limits
from app.domain.number_format.builtin import BUILTIN
from app.domain.number_format.compiled import NumberFormat, compile_format
from app.domain.refusal import Refused
from app.domain.values import CellError, Value, binary_number
from app.domain.workbook import biff12
from app.domain.workbook.biff12 import records, rk_number, text_at
from app.domain.workbook.model import Counter, Merge, Pictures, Row, SheetLayout, SheetName
from app.domain.workbook.pictures import read_pictures
from app.domain.workbook.remarks import Remarks
from app.domain.workbook.xlsx_parts import SheetPart, read_relationships

_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}


class XlsbReader:
    """See `WorkbookReader`. Shared strings and styles are in memory, rows are not."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._limits = limits
        self._archive = open_archive(path)
        self._remarks: dict[int, Remarks] = {}
        self._date1904 = False
        try:
            self._read_workbook()
        except struct.error as error:
            self._archive.close()
            raise _damaged("the workbook") from error
        except BaseException:
            self._archive.close()
            raise

    @property
    def sheets(self) -> list[SheetName]:
        return [part.sheet for part in self._parts]

    def pictures(self, index: int) -> Pictures:
        part = self._parts[index]
        return read_pictures(self._archive, part.path, part.sheet.name, self._limits)

    def remarks(self, index: int) -> Remarks:
        return self._remarks.setdefault(index, Remarks())

    def layout(self, index: int) -> SheetLayout:
        layout = SheetLayout()
        for number, content in self._records(self._parts[index].path):
            if number == biff12.MERGE:
                top, bottom, left, right = struct.unpack_from("<4I", content)
                layout.merges.append(Merge(top, left, bottom, right))
            elif number == biff12.COLUMN:
                first, last = struct.unpack_from("<2I", content)
                if content[16] & 1:
                    layout.hidden_columns.update(range(first, min(last + 1, 16_384)))
        return layout

    def rows(self, index: int) -> Iterator[Row]:
        counter = Counter(self.sheets[index].name, self._limits)
        remarks = self._remarks[index] = Remarks()
        row: Row | None = None
        for number, content in self._records(self._parts[index].path):
            if number == biff12.ROW:
                if row is not None and row.raw:
                    counter.add(row.index, len(row.raw), len(row.raw) - row.raw.count(None))
                    yield row
                (place,) = struct.unpack_from("<I", content)
                hidden = bool(content[11] & 0x10)
                row = Row(place, [], [], hidden=hidden, date1904=self._date1904)
            elif row is not None and number in _CELLS:
                self._add(row, number, content, remarks)
        if row is not None and row.raw:
            counter.add(row.index, len(row.raw), len(row.raw) - row.raw.count(None))
            yield row

    def close(self) -> None:
        self._archive.close()

    def _add(self, row: Row, number: int, content: memoryview, remarks: Remarks) -> None:
        column, style = struct.unpack_from("<2I", content)
        try:
            value = self._value(number, content)
        except IndexError:
            remarks.add("CELL_STRING_MISSING", row.index, column)
            return
        if value is None or value == "":
            return
        if isinstance(value, str) and len(value) > self._limits.cell_characters:
            raise Refused(
                "CELL_TOO_LONG", f"a cell holds more than {self._limits.cell_characters} characters"
            )
        missing = max(min(column, self._limits.columns) - len(row.raw), 0)
        row.raw.extend([None] * missing)
        row.formats.extend([None] * missing)
        row.raw.append(value)
        style &= 0xFFFFFF
        if style < len(self._formats):
            row.formats.append(self._formats[style])
        else:
            row.formats.append(None)
            remarks.add("CELL_STYLE_UNKNOWN", row.index, column)

    def _value(self, number: int, content: memoryview) -> Value:
        match number:
            case biff12.RK:
                return binary_number(rk_number(struct.unpack_from("<I", content, 8)[0]))
            case biff12.REAL | biff12.FORMULA_REAL:
                return binary_number(struct.unpack_from("<d", content, 8)[0])
            case biff12.SHARED:
                (place,) = struct.unpack_from("<I", content, 8)
                return self._strings[int(place)]
            case biff12.TEXT | biff12.FORMULA_TEXT:
                return text_at(content, 8)[0]
            case biff12.RICH_TEXT:
                return text_at(content, 9)[0]
            case biff12.BOOL | biff12.FORMULA_BOOL:
                return bool(content[8])
            case biff12.ERROR | biff12.FORMULA_ERROR:
                return CellError(_ERRORS.get(content[8], "#N/A"))
            case _:
                return None

    def _read_workbook(self) -> None:
        path = self._part("", "/officeDocument") or "xl/workbook.bin"
        relationships = read_relationships(self._archive, path)
        self._parts: list[SheetPart] = []
        for number, content in self._records(path):
            if number == biff12.PROPERTIES:
                self._date1904 = bool(content[0] & 1)
            elif number == biff12.SHEET:
                (state,) = struct.unpack_from("<I", content)
                target, end = text_at(content, 8)
                name, _ = text_at(content, end)
                kind, part = relationships.get(target, ("", ""))
                if kind.endswith("/worksheet") and part in self._archive.namelist():
                    self._parts.append(SheetPart(SheetName(name, state != 0), part))
        if not self._parts:
            raise Refused(
                "WORKBOOK_DAMAGED", "the workbook holds no sheet of cells", "save it as .xlsx"
            )
        self._strings = self._read_strings(self._part(path, "/sharedStrings"))
        self._formats = self._read_formats(self._part(path, "/styles"))

    def _read_strings(self, path: str | None) -> list[str]:
        if path is None:
            return []
        found = self._records(path)
        return [
            text_at(content, 1)[0] for number, content in found if number == biff12.SHARED_STRING
        ]

    def _read_formats(self, path: str | None) -> list[NumberFormat | None]:
        codes = dict(BUILTIN)
        styles: list[int] = []
        inside = False
        for number, content in self._records(path) if path else ():
            if number == biff12.FORMAT:
                (key,) = struct.unpack_from("<H", content)
                codes[key] = text_at(content, 2)[0]
            elif number in {biff12.BEGIN_STYLES, biff12.END_STYLES}:
                inside = number == biff12.BEGIN_STYLES
            elif number == biff12.STYLE and inside:
                styles.append(struct.unpack_from("<H", content, 2)[0])
        compiled = [
            compile_format(codes.get(key, "General"), date1904=self._date1904) for key in styles
        ]
        return [number if number.is_special else None for number in compiled]

    def _part(self, of: str, suffix: str) -> str | None:
        parts = read_relationships(self._archive, of).values()
        names = self._archive.namelist()
        return next((p for kind, p in parts if kind.endswith(suffix) and p in names), None)

    def _records(self, path: str) -> Iterator[tuple[int, memoryview]]:
        try:
            with self._archive.open(path) as stream:
                yield from records(stream, path)
        except (struct.error, ValueError, IndexError, KeyError) as error:
            raise _damaged(path) from error


_CELLS = frozenset({*range(biff12.RK, biff12.FORMULA_ERROR + 1), biff12.RICH_TEXT})


def _damaged(what: str) -> Refused:
    return Refused(
        "WORKBOOK_DAMAGED",
        f"{what} cannot be read: it is damaged",
        "save it as .xlsx and try again",
    )
