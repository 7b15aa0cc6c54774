"""XML Spreadsheet 2003 (.xml), which Excel and many reporting tools still write."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from lxml import etree

from app.domain.limits import Limits
from app.domain.number_format.builtin import BUILTIN
from app.domain.number_format.compiled import NumberFormat, compile_format
from app.domain.refusal import Refused
from app.domain.values import CellError, Value, from_datetime
from app.domain.workbook.model import Counter, Merge, Pictures, Row, SheetLayout, SheetName
from app.domain.workbook.remarks import Remarks
from app.domain.xml_safe import elements

NAMESPACE = "urn:schemas-microsoft-com:office:spreadsheet"
_S = f"{{{NAMESPACE}}}"
_X = "{urn:schemas-microsoft-com:office:excel}"
_NAMED = {
    "General Number": "General",
    "General Date": BUILTIN[22],
    "Long Date": "dddd, mmmm d, yyyy",
    "Medium Date": BUILTIN[15],
    "Short Date": BUILTIN[14],
    "Long Time": BUILTIN[19],
    "Medium Time": BUILTIN[18],
    "Short Time": BUILTIN[20],
    "Currency": BUILTIN[8],
    "Euro Currency": "[$€-2]#,##0.00_);[Red]([$€-2]#,##0.00)",
    "Fixed": BUILTIN[2],
    "Standard": BUILTIN[4],
    "Percent": BUILTIN[10],
    "Scientific": BUILTIN[11],
    "Yes/No": '"Yes";"Yes";"No"',
    "True/False": '"True";"True";"False"',
    "On/Off": '"On";"On";"Off"',
}
_DEFAULT = "Default"


class Xml2003Reader:
    """See `WorkbookReader`. A sheet is in memory whole."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path, self._limits = path, limits
        self._formats: dict[str, NumberFormat | None] = {}
        self._sheets: list[SheetName] = []
        self._loaded: tuple[int, etree._Element] | None = None
        self._remarks: dict[int, Remarks] = {}
        self._date1904 = False
        codes: dict[str, str] = {}
        tags = [f"{_S}Style", f"{_S}Worksheet", f"{_X}Date1904"]
        with path.open("rb") as stream:
            for element in elements(stream, path.name, *tags):
                if element.tag == f"{_S}Style":
                    _read_style(element, codes)
                elif element.tag == f"{_X}Date1904":
                    self._date1904 = True
                else:
                    self._sheets.append(_sheet_name(element))
        for style, code in codes.items():
            number = compile_format(_NAMED.get(code, code), date1904=self._date1904)
            self._formats[style] = number if number.is_special else None

    @property
    def sheets(self) -> list[SheetName]:
        return self._sheets

    def pictures(self, index: int) -> Pictures:
        return {}

    def remarks(self, index: int) -> Remarks:
        return self._remarks.setdefault(index, Remarks())

    def layout(self, index: int) -> SheetLayout:
        layout = SheetLayout()
        column = -1
        sheet = self._sheet(index)
        for element in sheet.iter(f"{_S}Column"):
            column = _place(element, column)
            last = column + _number(element, "Span")
            if element.get(f"{_S}Hidden") == "1":
                layout.hidden_columns.update(range(column, min(last + 1, 16_384)))
            column = last
        for row, _element, cells in _rows(sheet):
            for place, cell in cells:
                down, across = _number(cell, "MergeDown"), _number(cell, "MergeAcross")
                if down or across:
                    layout.merges.append(Merge(row, place, row + down, place + across))
        return layout

    def rows(self, index: int) -> Iterator[Row]:
        counter = Counter(self._sheets[index].name, self._limits)
        remarks = self._remarks[index] = Remarks()
        columns = _column_styles(self._sheet(index))
        for number, element, cells in _rows(self._sheet(index)):
            row_style = element.get(f"{_S}StyleID")
            values: list[Value] = []
            formats: list[NumberFormat | None] = []
            filled = 0
            for place, cell in cells:
                value = self._value(cell, remarks, number, place)
                if value is None:
                    continue
                missing = min(place, self._limits.columns) - len(values)
                values.extend([None] * missing)
                formats.extend([None] * missing)
                values.append(value)
                style = cell.get(f"{_S}StyleID") or row_style or columns.get(place, _DEFAULT)
                formats.append(self._formats.get(style))
                filled += 1
            if values:
                counter.add(number, len(values), filled)
                hidden = element.get(f"{_S}Hidden") == "1"
                yield Row(number, values, formats, hidden=hidden, date1904=self._date1904)

    def close(self) -> None:
        """Nothing is held open."""

    def _sheet(self, index: int) -> etree._Element:
        if self._loaded and self._loaded[0] == index:
            return self._loaded[1]
        with self._path.open("rb") as stream:
            sheets = elements(stream, self._path.name, f"{_S}Worksheet")
            for place, sheet in enumerate(sheets):
                if place == index:
                    self._loaded = (index, sheet)
                    return sheet
        raise Refused("WORKBOOK_DAMAGED", "a sheet has gone")

    def _value(self, cell: etree._Element, remarks: Remarks, row: int, column: int) -> Value:
        data = cell.find(f"{_S}Data")
        text = "" if data is None else "".join(str(part) for part in data.itertext())
        if data is None or not text:
            if data is None and cell.get(f"{_S}Formula"):
                remarks.add("FORMULA_UNCALCULATED", row, column)
            return None
        try:
            match data.get(f"{_S}Type"):
                case "Number":
                    return _as_number(text)
                case "DateTime":
                    moment = datetime.fromisoformat(text).replace(tzinfo=None)
                    return from_datetime(moment, date1904=self._date1904)
                case "Boolean":
                    return text.strip() == "1"
                case "Error":
                    return CellError(text)
        except (ValueError, OverflowError):
            remarks.add("CELL_VALUE_ODD", row, column, detail=text)
        if len(text) > self._limits.cell_characters:
            raise Refused(
                "CELL_TOO_LONG", f"a cell holds more than {self._limits.cell_characters} characters"
            )
        return text


def _as_number(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError(text)
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _read_style(style: etree._Element, codes: dict[str, str]) -> None:
    """Its format, or that of the style that it builds on, which stands before it."""
    name = style.get(f"{_S}ID") or _DEFAULT
    parent = style.get(f"{_S}Parent") or _DEFAULT
    element = style.find(f"{_S}NumberFormat")
    code = element.get(f"{_S}Format") if element is not None else codes.get(parent)
    codes[name] = code or "General"


def _sheet_name(sheet: etree._Element) -> SheetName:
    visible = next((e.text for e in sheet.iter(f"{_X}Visible")), "SheetVisible")
    return SheetName(sheet.get(f"{_S}Name") or "?", visible != "SheetVisible")


def _column_styles(sheet: etree._Element) -> dict[int, str]:
    """Of cells that name none, in a row that names none."""
    styles: dict[int, str] = {}
    column = -1
    for element in sheet.iter(f"{_S}Column"):
        column = _place(element, column)
        last = column + _number(element, "Span")
        if style := element.get(f"{_S}StyleID"):
            styles.update(dict.fromkeys(range(column, min(last + 1, 16_384)), style))
        column = last
    return styles


def _rows(
    sheet: etree._Element,
) -> Iterator[tuple[int, etree._Element, list[tuple[int, etree._Element]]]]:
    number = -1
    for row in sheet.iter(f"{_S}Row"):
        number = _place(row, number)
        column = -1
        cells = []
        for cell in row.iterchildren(f"{_S}Cell"):
            column = _place(cell, column)
            cells.append((column, cell))
            column += _number(cell, "MergeAcross")
        yield number, row, cells
        number += _number(row, "Span")


def _place(element: etree._Element, previous: int) -> int:
    index = _number(element, "Index")
    return max(index - 1, previous + 1) if index else previous + 1


def _number(element: etree._Element, name: str) -> int:
    text = element.get(f"{_S}{name}") or "0"
    return int(text) if text.isdigit() and len(text) < 8 else 0
