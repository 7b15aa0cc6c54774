"""Sheets as tables: mode `table`."""

from collections.abc import Callable, Iterator

from app.domain.docx_tables import Span, Table, TableRow
from app.domain.sheet_view import SheetView, visible_rows
from app.domain.workbook.model import Merge, WorkbookReader


def to_table(reader: WorkbookReader, view: SheetView) -> Table:
    """All rows of the sheet as they stand, its merged cells merged."""
    return Table(view.name, view.width, _rows(reader, view))


def _rows(reader: WorkbookReader, view: SheetView) -> Callable[[], Iterator[TableRow]]:
    indices = [column.index for column in view.columns]
    plain = indices == list(range(len(indices)))
    place_of = {index: place for place, index in enumerate(indices)}
    header = view.header_row - 1 if view.header_row else -1
    repeats_header = header >= 0

    def rows() -> Iterator[TableRow]:
        merges = _Merges(view.layout.merges, place_of)
        first = True
        for row in visible_rows(reader, view):
            shown = row.shown
            texts = shown if plain else [shown[i] if i < len(shown) else "" for i in indices]
            # Word repeats header rows only from the top of a table
            yield TableRow(
                texts,
                merges.spans(row.index) if view.layout.merges else {},
                header=repeats_header and first and row.index == header,
            )
            first = False

    return rows


class _Merges:
    """Merged ranges as spans of the rows that are really written."""

    def __init__(self, merges: list[Merge], place_of: dict[int, int]) -> None:
        self._waiting = sorted(merges, key=lambda m: -m.top)
        self._open: list[Merge] = []
        self._begun: set[Merge] = set()
        self._place_of = place_of

    def spans(self, index: int) -> dict[int, Span]:
        while self._waiting and self._waiting[-1].top <= index:
            self._open.append(self._waiting.pop())
        self._open = [merge for merge in self._open if merge.bottom >= index]
        found: dict[int, Span] = {}
        for merge in self._open:
            places = [
                place
                for column in range(merge.left, merge.right + 1)
                if (place := self._place_of.get(column)) is not None
            ]
            if not places:
                continue
            tall = merge.bottom > merge.top
            begun = merge in self._begun
            self._begun.add(merge)
            found[places[0]] = Span(
                len(places), "none" if not tall else "continue" if begun else "start"
            )
        return found
