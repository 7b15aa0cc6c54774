"""The numbers of a chart, from rows: what is no number is refused, not drawn as nothing."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from jinja2 import Undefined

from app.domain.refusal import Refused
from app.domain.rows import Row
from app.domain.shown import Shown
from app.domain.template.filters import text_of_value
from app.domain.template.sandbox import Sandbox
from app.domain.word_text import legal

_MAX_ROWS = 20_000
_MAX_SERIES = 50
_MAX_LABEL = 255
_NUMBER = re.compile(r"\s*[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*")
"""As CSV files have them, in which every cell is a text."""


@dataclass(frozen=True, slots=True)
class Series:
    """One column; None is an empty cell, and a gap in the chart."""

    name: str
    values: list[float | None]


@dataclass(frozen=True, slots=True)
class ChartData:
    """`labels` are as many as each series has values."""

    labels: list[str]
    series: list[Series]

    @property
    def points(self) -> int:
        return len(self.labels) * len(self.series)


def chart_data(sandbox: Sandbox, rows: Any, labels: str, columns: Sequence[str]) -> ChartData:
    """The columns of `rows`, by field or by header; a column that is missing by choice is left out.

    Raises:
        Refused: `TEMPLATE_VALUE`: there are no rows, or a cell is no number, with its column and
            row; FieldMissing: there is no such column.
    """
    found = _rows(rows)
    if not 1 <= len(columns) <= _MAX_SERIES:
        raise _refused(f"a chart shows 1 to {_MAX_SERIES} columns, not {len(columns)}")
    names = [_label(_cell(sandbox, row, labels)) for row in found]
    series = [
        Series(one_line(column.removeprefix("raw.")), _values(sandbox, found, column))
        for column in columns
        if _is_there(_cell(sandbox, found[0], column))
    ]
    for each in series:
        if all(value is None for value in each.values):
            raise _refused(f"column {each.name!r} has no number in any of its {len(found)} rows")
    return ChartData(names, series)


def _rows(value: Any) -> list[Row]:
    if isinstance(value, Mapping | str) or not isinstance(value, Iterable):
        raise _refused("this is no list of rows", 'write rows|chart("column", "Month", "Total")')
    found = list(islice(value, _MAX_ROWS + 1))
    if not found:
        raise _refused("there are no rows", "put {%p if rows %} before it, {%p endif %} after it")
    if len(found) > _MAX_ROWS:
        raise _refused(f"there are more than {_MAX_ROWS} rows")
    if not all(isinstance(row, Row) for row in found):
        hint = "it takes rows, sheets.Name.rows, or the rows of one group: g.list"
        raise _refused("this is no list of rows", hint)
    return found


def _cell(sandbox: Sandbox, row: Row, column: str) -> Any:
    """By its name; `raw.Total`, as filters over attributes have it, is the same column."""
    return sandbox.getitem(row, column if column in row else column.removeprefix("raw."))


def _is_there(value: Any) -> bool:
    """A missing field is said when it is used, or is nothing by choice."""
    return not isinstance(value, Undefined) or bool(str(value))


def _label(value: Any) -> str:
    text = "" if value is None else str(value) if isinstance(value, Undefined) else one_line(value)
    return text if len(text) <= _MAX_LABEL else f"{text[: _MAX_LABEL - 1]}…"


def one_line(value: Any) -> str:
    """A value as a text that stands in a chart."""
    return " ".join(legal(text_of_value(value)).split())


def _values(sandbox: Sandbox, rows: list[Row], column: str) -> list[float | None]:
    return [_number(_cell(sandbox, row, column), column, row["row_number"]) for row in rows]


def _number(value: Any, column: str, row: int) -> float | None:
    raw = value.raw if isinstance(value, Shown) else value
    if isinstance(raw, Undefined):
        raw = str(raw)
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if isinstance(raw, str) and _NUMBER.fullmatch(raw):
        raw = float(raw)
    if isinstance(raw, int | float) and not isinstance(raw, bool) and math.isfinite(raw):
        return raw
    what = "no number"
    if isinstance(raw, datetime | timedelta):
        what = "a date or a time, and no number"
    raise _refused(
        f"{str(value)[:40]!r} in column {column!r}, row {row}, is {what}",
        "correct the cell, or empty it: an empty cell is a gap in the chart",
    )


def _refused(message: str, hint: str = "") -> Refused:
    return Refused("TEMPLATE_VALUE", f"chart: {message}", hint)
