""".xlsx and .xlsm. Macros are never looked at."""

import html
import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from app.domain.archive import open_archive
from app.domain.limits import Limits
from app.domain.number_format.compiled import NumberFormat
from app.domain.refusal import Refused
from app.domain.values import CellError, Value, from_datetime
from app.domain.workbook import xlsx_parts
from app.domain.workbook.model import (
    Counter,
    Pictures,
    Row,
    SheetLayout,
    SheetName,
    temporal_columns,
)
from app.domain.workbook.pictures import read_pictures
from app.domain.workbook.places import cell_name, column_index, column_letters
from app.domain.workbook.remarks import Remarks
from app.domain.workbook.rich_text import read_shared_strings, read_theme, rich_text
from app.domain.workbook.sheet_xml import RICH_START, RawRow, read_layout, read_rows
from app.domain.xml_safe import parse


class XlsxReader:
    """See `WorkbookReader`. Shared strings and styles are in memory, rows are not."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._limits = limits
        self._archive = open_archive(path)
        try:
            self._workbook = xlsx_parts.read_workbook(self._archive)
            formats = xlsx_parts.read_formats(self._archive, self._workbook)
            themed = xlsx_parts.part_of_type(self._workbook, "/theme")
            self._theme = read_theme(self._archive, themed)
            self._strings = read_shared_strings(self._archive, self._workbook, self._theme)
        except BaseException:
            self._archive.close()
            raise
        self._formats = _Formats([f if f.is_special else None for f in formats])
        self._shapes = _Shapes(self._formats)
        self._remarks: dict[int, Remarks] = {}
        self._layout_remarks: dict[int, Remarks] = {}

    @property
    def sheets(self) -> list[SheetName]:
        return [part.sheet for part in self._workbook.sheets]

    def pictures(self, index: int) -> Pictures:
        part = self._workbook.sheets[index]
        return read_pictures(self._archive, part.path, part.sheet.name, self._limits)

    def layout(self, index: int) -> SheetLayout:
        part = self._workbook.sheets[index]
        self._layout_remarks[index] = Remarks()
        with self._archive.open(part.path) as stream:
            return read_layout(stream, self._layout_remarks[index])

    def rows(self, index: int) -> Iterator[Row]:
        part = self._workbook.sheets[index]
        counter = Counter(part.sheet.name, self._limits)
        remarks = self._remarks[index] = Remarks()
        with self._archive.open(part.path) as stream:
            for raw in read_rows(stream, f"sheet {part.sheet.name!r}"):
                row = self._plain_row(raw)
                if row is not None:
                    counter.add(row.index, len(row.raw))
                    yield row
                    continue
                row = self._row(raw, part.sheet.name, remarks)
                if row.raw:
                    cells = len(row.raw) - row.raw.count(None)
                    counter.add(row.index, len(row.raw), cells)
                    yield row

    def remarks(self, index: int) -> Remarks:
        together = Remarks()
        for each in (self._remarks.get(index), self._layout_remarks.get(index)):
            if each:
                together.take_over(each)
        return together

    def close(self) -> None:
        self._archive.close()

    @cached_property
    def _has_long(self) -> bool:
        return any(len(text) > self._limits.cell_characters for text in self._strings)

    def _plain_row(self, raw: RawRow) -> Row | None:
        """Most rows: no gap, numbers and shared strings alone. Any other is read cell by cell."""
        if raw.columns is None or self._has_long:
            return None
        letters, attributes, texts = raw.columns
        shape = self._shapes[attributes]
        if shape is None or letters != _LETTERS[: len(letters)] or b"" in texts:
            return None
        strings = self._strings
        try:
            values: list[Value] = [
                strings[int(text) if text[0] != _MINUS else _NOWHERE]
                if is_string
                else int(text)
                if text.isdigit() and len(text) < 16
                else _number(text)
                for is_string, text in zip(shape.strings, texts, strict=True)
            ]
        except (ValueError, IndexError):
            return None  # it is named where it is read cell by cell
        return Row(
            raw.number,
            values,
            shape.formats,
            shape.temporal,
            hidden=raw.hidden,
            date1904=self._workbook.date1904,
        )

    def _row(self, raw: RawRow, sheet: str, remarks: Remarks) -> Row:
        """Cell by cell. What is odd is remarked on; a cell without content is not there."""
        values: list[Value] = []
        formats: list[NumberFormat | None] = []
        column = -1
        for letters, style, kind, formula, text, inline in raw.cells:
            column = column_index(letters) if letters else column + 1
            value = self._value(kind, text, inline, remarks, (raw.number, column))
            if value is None:
                if formula and not text and kind != b"str":
                    remarks.add("FORMULA_UNCALCULATED", raw.number, column)
                continue
            if isinstance(value, str) and len(value) > self._limits.cell_characters:
                raise Refused(
                    "CELL_TOO_LONG",
                    f"sheet {sheet!r}, cell {cell_name(raw.number, column)} holds "
                    f"more than {self._limits.cell_characters} characters",
                )
            number_format = self._format(style, remarks, (raw.number, column))
            place = min(column, self._limits.columns)  # one more is enough to refuse it
            if place < len(values):
                if values[place] is not None:
                    remarks.add("CELL_TWICE", raw.number, column)
                values[place], formats[place] = value, number_format
                continue
            missing = place - len(values)
            values.extend([None] * missing)
            formats.extend([None] * missing)
            values.append(value)
            formats.append(number_format)
        return Row(raw.number, values, formats, hidden=raw.hidden, date1904=self._workbook.date1904)

    def _value(
        self, kind: bytes, text: bytes, inline: bytes, remarks: Remarks, place: tuple[int, int]
    ) -> Value:
        try:
            if kind == b"s":
                return self._strings[_index(text)] if text else None
            if not text and not inline:
                return None
            if kind in {b"", b"n"}:
                return int(text) if text.isdigit() and len(text) < 16 else _number(text)
            return self._other(kind, text, inline)
        except IndexError:
            if not self._strings:
                where = f"cell {cell_name(*place)}"
                raise Refused("CELL_DAMAGED", f"{where}: the workbook holds no texts") from None
            remarks.add("CELL_STRING_MISSING", *place)
            return None
        except (ValueError, OverflowError):
            shown = self._text(text or inline, "replace")
            remarks.add("CELL_VALUE_ODD", *place, detail=shown)
            return shown

    def _text(self, escaped: bytes, errors: str = "strict") -> str:
        if escaped.startswith(RICH_START):
            return rich_text(parse(escaped, "a cell"), self._theme)
        return xlsx_parts.unescape(html.unescape(escaped.decode("utf-8", errors)))

    def _format(
        self, style: bytes, remarks: Remarks, place: tuple[int, int]
    ) -> NumberFormat | None:
        try:
            return self._formats[style]
        except (IndexError, ValueError):
            remarks.add("CELL_STYLE_UNKNOWN", *place)
            return None

    def _other(self, kind: bytes, text: bytes, inline: bytes) -> Value:
        match kind:
            case b"str" | b"inlineStr":
                return self._text(inline or text)
            case b"b":
                return text.strip() in {b"1", b"true"}
            case b"e":
                return CellError(html.unescape(text.decode()))
            case b"d":
                return _serial(text.decode().strip(), date1904=self._workbook.date1904)
            case _:
                raise ValueError(f"cell type {kind.decode()!r}")


def _index(text: bytes) -> int:
    """Of a shared string. Raises: IndexError: also for one below nought."""
    try:
        index = int(text)
    except ValueError:
        raise IndexError(text) from None
    if index < 0:
        raise IndexError(index)
    return index


def _serial(text: str, *, date1904: bool) -> float:
    """Of a date, a time or both by ISO 8601."""
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        moment = datetime.fromisoformat(text).replace(tzinfo=None)
        return from_datetime(moment, date1904=date1904)
    since = timedelta(
        hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond
    )
    return since / timedelta(days=1)


# a row that is wider is read cell by cell
_LETTERS = tuple(column_letters(column).encode() for column in range(702))

_MINUS = ord("-")
_NOWHERE = 1 << 40
"""No list is as long: where an index below nought leads, and not to the last text."""
_PLAIN = frozenset({b"", b"n", b"s"})


class _Formats(dict[bytes, NumberFormat | None]):
    """Formats by the style of a cell as it is written there; a cell without one has the first."""

    def __init__(self, formats: list[NumberFormat | None]) -> None:
        super().__init__((str(style).encode(), each) for style, each in enumerate(formats))
        self[b""] = formats[0]

    def __missing__(self, style: bytes) -> NumberFormat | None:
        usual = str(int(style)).encode()
        if usual == style:
            raise IndexError(f"style {usual.decode()}")
        return self[usual]


class _Shape(NamedTuple):
    """What the attributes of a row's cells say of them, cell by cell."""

    formats: list[NumberFormat | None]
    strings: tuple[bool, ...]
    """Whether the value is the number of a shared string."""
    temporal: list[int]
    """See `temporal_columns`."""


class _Shapes(dict[tuple[bytes, ...], _Shape | None]):
    """Shapes by the attributes of all cells of a row, which are the same in most rows of a sheet.

    None: the attributes of a cell are not a style and a type alone, or are not plain.
    """

    def __init__(self, formats: _Formats) -> None:
        super().__init__()
        self._formats = formats
        self._cell = lru_cache(_MAX_SHAPES)(self._read)

    def __missing__(self, attributes: tuple[bytes, ...]) -> _Shape | None:
        if len(self) >= _MAX_SHAPES:
            self.clear()
        cells = [self._cell(each) for each in attributes]
        shape = None
        if None not in cells:
            formats, strings = zip(*(cell for cell in cells if cell), strict=True)
            shape = _Shape(list(formats), strings, temporal_columns(formats))
        self[attributes] = shape
        return shape

    def _read(self, attributes: bytes) -> tuple[NumberFormat | None, bool] | None:
        match = _ATTRIBUTES.fullmatch(attributes)
        if match is None:
            return None
        style, kind = match.groups(b"")
        if kind not in _PLAIN:
            return None
        try:
            return self._formats[style], kind == b"s"
        except (ValueError, IndexError):
            return None


_ATTRIBUTES = re.compile(rb'(?: s="(\d+)")?(?: t="(\w+)")?')
_MAX_SHAPES = 4096


def _number(text: bytes) -> Value:
    number = float(text)
    if number.is_integer() and abs(number) < 1e15:
        return int(number)
    if number - number != 0:
        raise ValueError(f"the number {text.decode()!r}")
    return number
