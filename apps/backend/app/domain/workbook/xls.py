""".xls (BIFF 2 to 8), by xlrd, which keeps number formats, hidden rows and errors."""

import struct
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xlrd
import xlrd.book
from xlrd.biffh import XLRDError, error_text_from_code
from xlrd.compdoc import CompDocError

from app.domain.limits import Limits
from app.domain.number_format.compiled import NumberFormat, compile_format
from app.domain.refusal import Refused
from app.domain.values import CellError, Value, binary_number
from app.domain.workbook.model import Counter, Merge, Pictures, Row, SheetLayout, SheetName
from app.domain.workbook.remarks import Remarks

_DAMAGE = (
    XLRDError,
    CompDocError,
    struct.error,
    IndexError,
    KeyError,
    ValueError,
    TypeError,
    AssertionError,
    AttributeError,
    OverflowError,
    NotImplementedError,
    MemoryError,
)


def _leave_names(_book: Any) -> None:
    """Defined names are asked for by nobody, and a formula in one may be beyond xlrd."""


xlrd.book.Book.names_epilogue = _leave_names


class _Silent:
    def write(self, _text: str) -> None:
        """xlrd tells its troubles to a log file; they come to us as errors."""

    def flush(self) -> None: ...


class XlsReader:
    """See `WorkbookReader`. Sheets are loaded one at a time."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._limits = limits
        try:
            self._book: Any = xlrd.open_workbook(
                str(path),
                formatting_info=True,
                on_demand=True,
                ragged_rows=True,  # else each row is filled up to the widest one
                ignore_workbook_corruption=True,  # of the container; the workbook is often whole
                logfile=_Silent(),
            )
        except _DAMAGE as error:
            raise _refusal(error) from error
        self._date1904 = bool(self._book.datemode)
        self._formats: dict[int, NumberFormat | None] = {}
        self._remarks: dict[int, Remarks] = {}

    @property
    def sheets(self) -> list[SheetName]:
        names, states = self._book.sheet_names(), self._book._sheet_visibility
        return [SheetName(name, bool(state)) for name, state in zip(names, states, strict=True)]

    def pictures(self, index: int) -> Pictures:
        return {}

    def remarks(self, index: int) -> Remarks:
        return self._remarks.setdefault(index, Remarks())

    def layout(self, index: int) -> SheetLayout:
        sheet = self._sheet(index)
        merges = [
            Merge(top, left, bottom - 1, right - 1)
            for top, bottom, left, right in sheet.merged_cells
        ]
        hidden = {i for i, info in sheet.colinfo_map.items() if info.hidden}
        return SheetLayout(merges, hidden)

    def rows(self, index: int) -> Iterator[Row]:
        sheet = self._sheet(index)
        counter = Counter(sheet.name, self._limits)
        remarks = self._remarks[index] = Remarks()
        for number in range(sheet.nrows):
            types = sheet.row_types(number)
            filled = len(types) - types.count(_EMPTY) - types.count(_BLANK)
            if not filled:
                continue
            width = _width(types)
            counter.add(number, width, filled)
            values: list[Value] = []
            formats: list[NumberFormat | None] = []
            for column, cell in enumerate(sheet.row_slice(number, 0, width)):
                values.append(self._value(cell))
                try:
                    formats.append(self._format(cell.xf_index) if cell.ctype else None)
                except (LookupError, TypeError):
                    formats.append(None)
                    remarks.add("CELL_STYLE_UNKNOWN", number, column)
            info = sheet.rowinfo_map.get(number)
            yield Row(
                number,
                values,
                formats,
                hidden=bool(info and info.hidden),
                date1904=self._date1904,
            )

    def close(self) -> None:
        self._book.release_resources()

    def _sheet(self, index: int) -> Any:
        try:
            return self._book.sheet_by_index(index)
        except _DAMAGE as error:
            name = self._book.sheet_names()[index]
            raise _refusal(error, f"sheet {name!r} cannot be read") from error

    def _value(self, cell: Any) -> Value:
        match cell.ctype:
            case xlrd.XL_CELL_TEXT:
                return str(cell.value)
            case xlrd.XL_CELL_NUMBER | xlrd.XL_CELL_DATE:
                return binary_number(float(cell.value))
            case xlrd.XL_CELL_BOOLEAN:
                return bool(cell.value)
            case xlrd.XL_CELL_ERROR:
                return CellError(error_text_from_code.get(cell.value, "#N/A"))
            case _:
                return None

    def _format(self, style: int | None) -> NumberFormat | None:
        if style is None:
            return None
        if style not in self._formats:
            key = self._book.xf_list[style].format_key
            code = self._book.format_map[key].format_str
            number = compile_format(_code(key, code), date1904=self._date1904)
            self._formats[style] = number if number.is_special else None
        return self._formats[style]


def _code(key: int, code: str) -> str:
    """The formats that follow the reader's system are shown as in an .xlsx."""
    from app.domain.number_format.builtin import BUILTIN

    return BUILTIN[key] if key in {14, 22} else code


_EMPTY, _BLANK = int(xlrd.XL_CELL_EMPTY), int(xlrd.XL_CELL_BLANK)


def _width(types: "array[int]") -> int:
    """Up to the last cell with content, of which there is one."""
    width = len(types)
    while types[width - 1] in (_EMPTY, _BLANK):
        width -= 1
    return width


_REASONS = (  # of what xlrd says, in lower case
    ("bof record", "it does not begin as a workbook does"),
    ("ole2 compound document", "it holds no workbook: it may be a Word document or a message"),
    ("biff version", "it is of a version of Excel that nobody reads any more"),
    ("not supported", "it is of a version of Excel that nobody reads any more"),
    ("end of file", "its end is missing"),
    ("eof", "its end is missing"),
    ("truncated", "its end is missing"),
    ("unpack", "its end is missing"),
)


def _refusal(error: BaseException, what: str = "the .xls cannot be read") -> Refused:
    """In the user's words; the library's are in the log, as the error's cause."""
    text = str(error).lower()
    if "encrypted" in text or "password" in text:
        return Refused("ENCRYPTED", "the workbook is password-protected", "remove its password")
    reason = next((reason for mark, reason in _REASONS if mark in text), "it is damaged")
    return Refused(
        "WORKBOOK_DAMAGED",
        f"{what}: {reason}",
        "open it in Excel or LibreOffice and save it as .xlsx",
    )
