""".xls (BIFF 2 to 8), by xlrd, which keeps number formats, hidden rows and errors."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xlrd
from xlrd.biffh import XLRDError, error_text_from_code
from xlrd.compdoc import CompDocError

from app.domain.limits import Limits
from app.domain.number_format.compiled import NumberFormat, compile_format
from app.domain.refusal import Refused
from app.domain.values import CellError, Value
from app.domain.workbook.model import Counter, Merge, Pictures, Row, SheetLayout, SheetName

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
                str(path), formatting_info=True, on_demand=True, logfile=_Silent()
            )
        except _DAMAGE as error:
            if "encrypted" in str(error).lower():
                raise Refused(
                    "ENCRYPTED", "the workbook is password-protected", "remove its password"
                ) from error
            raise _damaged(error) from error
        self._date1904 = bool(self._book.datemode)
        self._formats: dict[int, NumberFormat | None] = {}

    @property
    def sheets(self) -> list[SheetName]:
        names, states = self._book.sheet_names(), self._book._sheet_visibility
        return [SheetName(name, bool(state)) for name, state in zip(names, states, strict=True)]

    def pictures(self, index: int) -> Pictures:
        return {}

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
        for number in range(sheet.nrows):
            try:
                values = [self._value(cell) for cell in sheet.row(number)]
                formats = [self._format(cell.xf_index) for cell in sheet.row(number)]
            except _DAMAGE as error:
                raise _damaged(error, f"sheet {sheet.name!r}, row {number + 1}") from error
            while values and values[-1] is None:
                values.pop()
            if not values:
                continue
            counter.add(number, len(values))
            info = sheet.rowinfo_map.get(number)
            yield Row(
                number,
                values,
                formats[: len(values)],
                hidden=bool(info and info.hidden),
                date1904=self._date1904,
            )

    def close(self) -> None:
        self._book.release_resources()

    def _sheet(self, index: int) -> Any:
        try:
            return self._book.sheet_by_index(index)
        except _DAMAGE as error:
            raise _damaged(error) from error

    def _value(self, cell: Any) -> Value:
        match cell.ctype:
            case xlrd.XL_CELL_TEXT:
                return str(cell.value)
            case xlrd.XL_CELL_NUMBER | xlrd.XL_CELL_DATE:
                number = float(cell.value)
                return int(number) if number.is_integer() and abs(number) < 1e15 else number
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


def _damaged(error: BaseException, place: str = "the workbook") -> Refused:
    return Refused(
        "WORKBOOK_DAMAGED",
        f"{place} cannot be read: {type(error).__name__}: {str(error)[:200]}",
        "open it in Excel or LibreOffice and save it as .xlsx",
    )
