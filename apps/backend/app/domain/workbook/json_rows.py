""".json: a list of objects is a sheet, an object of such lists a workbook of several."""

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.domain.values import Value
from app.domain.workbook.model import CellsAlone, Counter, Row, SheetName

_EXACT = 10**15
"""Beyond it Excel shows zeros for the last digits: such a number is a text, with all of them."""
_HINT = 'send [{"Name": "Ann", "Amount": 12.5}, …], or {"Orders": […], "Lines": […]}'


class JsonReader(CellsAlone):
    """See `WorkbookReader`. The first row of a sheet are the names in its objects."""

    def __init__(self, path: Path, limits: Limits, name: str) -> None:
        self._limits = limits
        content = _parse(path)
        whole = content if isinstance(content, dict) else {name: content}
        self._sheets: dict[str, list[dict[str, Value]]] = {
            sheet: _records(rows, sheet if isinstance(content, dict) else "")
            for sheet, rows in whole.items()
        }

    @property
    def sheets(self) -> list[SheetName]:
        return [SheetName(name) for name in self._sheets]

    def rows(self, index: int) -> Iterator[Row]:
        name, records = list(self._sheets.items())[index]
        counter = Counter(name, self._limits)
        columns = list(dict.fromkeys(key for record in records for key in record))
        if not columns:
            return
        counter.add(0, len(columns))
        heads: list[Value] = [*columns]
        yield Row.as_shown(0, heads, columns)
        for number, record in enumerate(records, 1):
            counter.add(number, len(columns), len(record))
            values = [record.get(column) for column in columns]
            shown = [_shown(value) for value in values]
            for text in shown:
                if len(text) > self._limits.cell_characters:
                    most = self._limits.cell_characters
                    raise Refused(
                        "CELL_TOO_LONG",
                        f"sheet {name!r}, object {number}: a text of more than {most} characters",
                    )
            yield Row.as_shown(number, values, shown)

    def close(self) -> None:
        """Nothing is held open."""


def _parse(path: Path) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"the name {twice[:80]!r} is twice in one object")
        return made

    def no_number(text: str) -> Any:
        raise ValueError(f"{text} is no number")

    try:
        text = path.read_text("utf-8-sig")
        return json.loads(text, object_pairs_hook=once, parse_constant=no_number)
    except RecursionError as error:
        raise _damaged("it is nested too deeply") from error
    except ValueError as error:  # also of what is not UTF-8, and of the parser's own
        raise _damaged(str(error)[:200]) from error


def _records(rows: Any, sheet: str) -> list[dict[str, Value]]:
    place = f"{sheet!r}, " if sheet else ""
    if not isinstance(rows, list):
        raise _damaged(f"{place or 'the file '}is no list of objects")
    records: list[dict[str, Value]] = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise _damaged(f"{place}item {number} is no object")
        record: dict[str, Value] = {}
        _flatten(row, "", f"{place}item {number}", record)
        records.append(record)
    return records


def _flatten(row: dict[str, Any], before: str, place: str, record: dict[str, Value]) -> None:
    """An object in an object gives columns like `address.town`."""
    for key, value in row.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            _flatten(value, f"{name}.", place, record)
        elif isinstance(value, list):
            raise _damaged(f"{place}: {name[:80]!r} is a list, which no cell holds")
        elif name in record:
            raise _damaged(f"{place}: the name {name[:80]!r} is there twice")
        else:
            record[name] = _value(value, name, place)


def _value(value: Any, name: str, place: str) -> Value:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value or None if isinstance(value, str) else value
    if isinstance(value, float) and not math.isfinite(value):
        raise _damaged(f"{place}: {name[:80]!r} is larger than any number of Excel's")
    if isinstance(value, int) and abs(value) >= _EXACT:
        return str(value)
    number: int | float = value
    return number


def _shown(value: Value) -> str:
    """As it is written: no format of Excel's rounds it to eleven characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if not isinstance(value, float):
        return str(value)
    return f"{Decimal(repr(value)):f}".removesuffix(".0") if abs(value) < _EXACT else repr(value)


def _damaged(what: str) -> Refused:
    return Refused("JSON_DAMAGED", f"the JSON cannot be read as a workbook: {what}", _HINT)
