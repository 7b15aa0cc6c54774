"""The workbook's other sheets in a template: `sheets.Lines.rows`, look-ups by key."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from app.domain.columns import to_field
from app.domain.contexts import Contexts
from app.domain.conversion import MAX_HELD_ROWS, Options
from app.domain.refusal import Refused
from app.domain.rows import Row
from app.domain.sheet_view import ReadOptions, records, view_sheets
from app.domain.shown import Shown
from app.domain.template.absent import NoRow
from app.domain.workbook.model import WorkbookReader


class Sheets(Mapping[str, "SheetRows"]):
    """By name as it stands, or made a field's name. A sheet is read when it is first asked for."""

    def __init__(self, reader: WorkbookReader, include_hidden: bool) -> None:
        self._reader, self._include_hidden = reader, include_hidden
        self._names: dict[str, str] = {}
        for sheet in reader.sheets:
            self._names.setdefault(to_field(sheet.name), sheet.name)
        self._names |= {sheet.name: sheet.name for sheet in reader.sheets}
        self._read: dict[str, SheetRows] = {}

    def __getitem__(self, name: str) -> "SheetRows":
        sheet = self._names[name]
        if sheet not in self._read:
            self._read[sheet] = SheetRows(sheet, self._rows(sheet))
        return self._read[sheet]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _rows(self, name: str) -> list[Row]:
        """Raises: Refused: `TOO_MANY_ROWS`, and what reading raises."""
        options = ReadOptions((name,), None, self._include_hidden)
        try:
            view = view_sheets(self._reader, options)[0]
        except Refused as refusal:
            if refusal.code == "NOTHING_TO_CONVERT":
                return []
            raise
        check_held(name, view.row_count)
        context_of = Contexts(view, Options())
        return [context_of.row(record) for record in records(self._reader, view)]


class SheetRows(Mapping[str, Any]):
    """`rows`, `count`, and rows by key: `find("Id", Customer)`, `where("Order", Id)`."""

    def __init__(self, name: str, rows: list[Row]) -> None:
        self._name, self._rows = name, rows
        self._by_key: dict[str, dict[Any, list[Row]]] = {}
        offered: dict[str, Callable[..., Any]] = {"where": self.where, "find": self.find}
        self._offered: dict[str, Any] = {"name": name, "rows": rows, "count": len(rows), **offered}

    def __getitem__(self, name: str) -> Any:
        return self._offered[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._offered)

    def __len__(self) -> int:
        return len(self._offered)

    def where(self, column: str, key: Any) -> list[Row]:
        """The rows whose cell in `column` is `key`: the same number, date or text.

        Raises:
            Refused: `COLUMN_UNKNOWN`.
        """
        if column not in self._by_key:
            self._by_key[column] = self._index(column)
        index = self._by_key[column]
        for wanted in _keys(key):
            if wanted in index:
                return index[wanted]
        return []

    def find(self, column: str, key: Any) -> Row | NoRow:
        """The first of them."""
        found = self.where(column, key)
        return found[0] if found else NoRow(f'{self._name}.find("{column}", "{str(key)[:60]}")')

    def _index(self, column: str) -> dict[Any, list[Row]]:
        if self._rows and column not in self._rows[0]:
            raise Refused("COLUMN_UNKNOWN", f"sheet {self._name!r} has no column {column!r}")
        index: dict[Any, list[Row]] = {}
        for row in self._rows:
            for key in dict.fromkeys(_keys(row[column])):
                index.setdefault(key, []).append(row)
        return index


def check_held(sheet: str, rows: int) -> None:
    """Raises: Refused: `TOO_MANY_ROWS`."""
    if rows > MAX_HELD_ROWS:
        raise Refused(
            "TOO_MANY_ROWS",
            f"sheet {sheet!r} has {rows} rows; at most {MAX_HELD_ROWS} are grouped or looked up",
            "split the workbook",
        )


def _keys(value: Any) -> list[Any]:
    """A cell answers to its value, however it is formatted, and to the text that it shows."""
    if isinstance(value, Shown):
        return [value.raw, str(value).strip()]
    if isinstance(value, str):
        return [value.strip()]
    return [] if value is None else [value, str(value)]
