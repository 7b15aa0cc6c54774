"""Rows as a template sees them: by any name of a column, as shown and as they are."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.columns import RESERVED
from app.domain.sheet_view import Record
from app.domain.shown import is_kind, shown_as


class Cells(Mapping[str, Any]):
    """One row's cells, under every name that their columns have.

    All rows of a sheet share one table of names, so that a row costs what its cells do.
    """

    __slots__ = ("_cells", "_names")

    def __init__(self, names: Mapping[str, str], cells: Mapping[str, Any]) -> None:
        self._names, self._cells = names, cells

    def __getitem__(self, name: str) -> Any:
        return self._cells[self._names[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Row(Cells):
    """A row in a loop: `r.Name`, `r["Unit price (€)"]`, and beside them `r.raw`, `r.row_number`."""

    __slots__ = ("_beside", "_raw")

    def __init__(self, names: Mapping[str, str], record: Record, beside: dict[str, Any]) -> None:
        super().__init__(names, record.shown)
        self._raw = record.raw
        raw = Cells(names, record.raw)
        self._beside = {**beside, "raw": raw, "row_number": record.row_number}

    def __getitem__(self, name: str) -> Any:
        if name in self._beside:
            return self._beside[name]
        field = self._names[name]
        raw = self._raw[field]
        return shown_as(self._cells[field], raw, field) if is_kind(raw) else self._cells[field]

    def as_context(self) -> dict[str, Any]:
        """The row's own names, for a document that is made for it."""
        own = {name: self[name] for name in self._names if name not in RESERVED}
        return {**own, **self._beside}
