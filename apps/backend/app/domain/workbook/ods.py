""".ods and .fods, which store beside a value the text that was shown (OpenDocument 1.3, 9)."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from lxml import etree

from app.domain.archive import open_archive
from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.domain.values import CellError, Value
from app.domain.workbook.model import Counter, Merge, Pictures, Row, SheetLayout, SheetName
from app.domain.workbook.remarks import Remarks
from app.domain.xml_safe import elements, local, parse

_O = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_T = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_X = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_S = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_DURATION = re.compile(r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$")
_CONTENT = "content.xml"
_MAX_SPACES = 32_767


class OdsReader:
    """See `WorkbookReader`. Its content is one XML file, so a sheet is in memory whole."""

    def __init__(self, path: Path, limits: Limits, *, flat: bool = False) -> None:
        """`flat`: the file is the content itself, and no archive."""
        self._limits = limits
        self._path = path
        self._archive = None if flat else open_archive(path)
        self._loaded: tuple[int, etree._Element] | None = None
        try:
            self._refuse_encrypted()
            self._sheets = self._find_sheets()
        except BaseException:
            self.close()
            raise

    @property
    def sheets(self) -> list[SheetName]:
        return self._sheets

    def pictures(self, index: int) -> Pictures:
        return {}

    def remarks(self, index: int) -> Remarks:
        return Remarks()

    def layout(self, index: int) -> SheetLayout:
        layout = SheetLayout()
        table = self._table(index)
        column = 0
        for element in table.iter(f"{_T}table-column"):
            repeat = _repeat(element, "columns")
            if element.get(f"{_T}visibility", "visible") != "visible":
                layout.hidden_columns.update(range(column, min(column + repeat, 16_384)))
            column += repeat
        for number, _repeat_rows, row in _rows(table):
            for place, cell in _cells(row):
                down = int(cell.get(f"{_T}number-rows-spanned", "1"))
                across = int(cell.get(f"{_T}number-columns-spanned", "1"))
                if down > 1 or across > 1:
                    layout.merges.append(
                        Merge(number, place, number + down - 1, place + across - 1)
                    )
        return layout

    def rows(self, index: int) -> Iterator[Row]:
        counter = Counter(self._sheets[index].name, self._limits)
        for number, repeat, element in _rows(self._table(index)):
            values, shown = _row(element, self._limits)
            if not values:
                continue
            hidden = element.get(f"{_T}visibility", "visible") != "visible"
            for offset in range(repeat):
                counter.add(number + offset, len(values))
                yield Row.as_shown(number + offset, list(values), list(shown), hidden=hidden)

    def close(self) -> None:
        if self._archive:
            self._archive.close()

    def _content(self) -> IO[bytes]:
        return self._archive.open(_CONTENT) if self._archive else self._path.open("rb")

    def _refuse_encrypted(self) -> None:
        if not self._archive:
            return
        try:
            manifest = parse(self._archive.read("META-INF/manifest.xml"), "META-INF/manifest.xml")
        except KeyError:
            return
        if any(local(e) == "encryption-data" for e in manifest.iter()):
            raise Refused("ENCRYPTED", "the workbook is password-protected", "remove its password")

    def _find_sheets(self) -> list[SheetName]:
        """A sheet is hidden by its style, and styles stand before the sheets."""
        found = []
        hidden: set[str | None] = set()
        try:
            with self._content() as stream:
                for element in elements(stream, _CONTENT, f"{_S}style", f"{_T}table"):
                    if _is_sheet(element):
                        name = element.get(f"{_T}name") or "?"
                        found.append(SheetName(name, element.get(f"{_T}style-name") in hidden))
                    elif any(p.get(f"{_T}display") == "false" for p in element):
                        hidden.add(element.get(f"{_S}name"))
        except KeyError:
            raise Refused("WORKBOOK_DAMAGED", "the archive holds no spreadsheet") from None
        return found

    def _table(self, index: int) -> etree._Element:
        if self._loaded and self._loaded[0] == index:
            return self._loaded[1]
        with self._content() as stream:
            place = -1
            for table in elements(stream, _CONTENT, f"{_T}table"):
                place += _is_sheet(table)
                if place == index:
                    self._loaded = (index, table)
                    return table
        raise Refused("WORKBOOK_DAMAGED", "a sheet has gone")


def _is_sheet(table: etree._Element) -> bool:
    parent = table.getparent()
    return parent is not None and local(parent) == "spreadsheet"


def _repeat(element: etree._Element, what: str) -> int:
    text = element.get(f"{_T}number-{what}-repeated", "1")
    return max(int(text), 1) if text.isdigit() else 1


def _rows(table: etree._Element) -> Iterator[tuple[int, int, etree._Element]]:
    number = 0
    for row in table.iter(f"{_T}table-row"):
        repeat = _repeat(row, "rows")
        yield number, repeat, row
        number += repeat


def _cells(row: etree._Element) -> Iterator[tuple[int, etree._Element]]:
    place = 0
    for cell in row:
        if local(cell) in {"table-cell", "covered-table-cell"}:
            yield place, cell
            place += _repeat(cell, "columns")


def _row(row: etree._Element, limits: Limits) -> tuple[list[Value], list[str]]:
    """Without the empty cells at its end, which are repeated up to the last column of all."""
    values: list[Value] = []
    shown: list[str] = []
    for place, cell in _cells(row):
        value, text = _cell(cell)
        if value is None:
            continue
        gap = min(place, limits.columns) - len(values)  # one more is enough to refuse it
        values.extend([None] * gap)
        shown.extend([""] * gap)
        repeat = min(_repeat(cell, "columns"), limits.columns + 1)
        values.extend([value] * repeat)
        shown.extend([text] * repeat)
    return values, shown


def _cell(cell: etree._Element) -> tuple[Value, str]:
    text = "\n".join(_paragraph(p) for p in cell.iter(f"{_X}p") if not _in_note(p, cell))
    kind = cell.get(f"{_O}value-type")
    if kind is None:
        return (text or None), text
    try:
        value = _value(cell, kind, text)
    except (ValueError, OverflowError):
        value = text
    if kind in {"float", "string"} and text.startswith("#") and text.rstrip("!?").isupper():
        value = CellError(text)
    return value, text


def _value(cell: etree._Element, kind: str, text: str) -> Value:
    match kind:
        case "float" | "percentage" | "currency":
            number = float(cell.get(f"{_O}value") or "nan")
            if number - number != 0:
                raise ValueError(text)
            return int(number) if number.is_integer() and abs(number) < 1e15 else number
        case "boolean":
            return cell.get(f"{_O}boolean-value") == "true"
        case "date":
            stamp = (cell.get(f"{_O}date-value") or "")[:26]
            return datetime.fromisoformat(stamp).replace(tzinfo=None)
        case "time":
            return _duration(cell.get(f"{_O}time-value") or "")
        case _:
            return cell.get(f"{_O}string-value") or text


def _duration(text: str) -> timedelta:
    match = _DURATION.match(text)
    if match is None:
        raise ValueError(text)
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups()[1:])
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if match[1] else length


def _in_note(paragraph: etree._Element, cell: etree._Element) -> bool:
    parent = paragraph.getparent()
    while parent is not None and parent is not cell:
        if local(parent) in {"annotation", "shape", "frame", "custom-shape"}:
            return True
        parent = parent.getparent()
    return False


def _paragraph(element: etree._Element) -> str:
    parts = [element.text or ""]
    for child in element:
        match local(child):
            case "s":
                parts.append(" " * min(int(child.get(f"{_X}c", "1")), _MAX_SPACES))
            case "tab":
                parts.append("\t")
            case "line-break":
                parts.append("\n")
            case "annotation":
                pass
            case _:
                parts.append(_paragraph(child))
        parts.append(child.tail or "")
    return "".join(parts)
