"""A sheet as it is converted: hidden rows and columns left out, header and columns known."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.domain.columns import (
    SEARCHED_ROWS,
    Column,
    detect_header,
    name_columns,
    with_kinds,
)
from app.domain.refusal import Refused
from app.domain.values import Value
from app.domain.workbook.model import Merge, Row, SheetLayout, WorkbookReader
from app.domain.workbook.remarks import Remarks

_SAMPLE_ROWS = 100


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How sheets are looked at.

    Attributes:
        sheets: their names; None for all that are visible.
        header_row: counted from 1; 0 for none; None to find it.
        refuse_uncalculated: a formula without a stored value is no empty cell, but a refusal.
    """

    sheets: tuple[str, ...] | None = None
    header_row: int | None = None
    include_hidden: bool = False
    refuse_uncalculated: bool = False


@dataclass(slots=True)
class SheetView:
    """One sheet, measured.

    Attributes:
        header_row: counted from 1 as in the sheet, None when there is none.
        row_count: rows below the header, hidden ones only if they are wanted.
        total_rows: all rows that are converted, those above the header too.
    """

    index: int
    name: str
    columns: list[Column]
    header_row: int | None
    row_count: int
    total_rows: int
    layout: SheetLayout
    include_hidden: bool
    sample: list[Row] = field(default_factory=list)
    remarks: Remarks = field(default_factory=Remarks)

    @property
    def width(self) -> int:
        return len(self.columns)


@dataclass(frozen=True, slots=True)
class Record:
    """One row below the header, by field."""

    row_number: int
    shown: dict[str, str]
    raw: dict[str, Value]


def every_view(reader: WorkbookReader) -> list[SheetView]:
    """All sheets that hold anything; those with hidden rows alone, too."""
    views = [_view(reader, i, sheet.name, ReadOptions()) for i, sheet in enumerate(reader.sheets)]
    return [view for view in views if view.total_rows or view.remarks.get("ONLY_HIDDEN_ROWS")]


def view_sheets(reader: WorkbookReader, options: ReadOptions) -> list[SheetView]:
    """The sheets that `options` name, each read once to be measured; empty ones are left out.

    Raises:
        Refused: `SHEET_UNKNOWN`, `NOTHING_TO_CONVERT`, `HEADER_ROW_EMPTY`, or what reading raises.
    """
    views = []
    only_hidden = []
    names = [sheet.name for sheet in reader.sheets]
    for wanted in options.sheets or ():
        if wanted not in names:
            raise Refused("SHEET_UNKNOWN", f"there is no sheet {wanted!r}", f"there is: {names}")
    for index, sheet in enumerate(reader.sheets):
        if options.sheets is not None:
            if sheet.name not in options.sheets:
                continue
        elif sheet.hidden and not options.include_hidden:
            continue
        view = _view(reader, index, sheet.name, options)
        if view.total_rows:
            views.append(view)
        elif view.remarks.get("ONLY_HIDDEN_ROWS"):
            only_hidden.append(view)
    if not views and only_hidden:
        raise Refused(
            "NOTHING_TO_CONVERT",
            f"sheet {only_hidden[0].name!r} has data in hidden rows only",
            "show the rows, or include hidden ones",
        )
    if not views:
        raise Refused("NOTHING_TO_CONVERT", "no sheet that is to be converted holds a row")
    return views


def visible_rows(reader: WorkbookReader, view: SheetView) -> Iterator[Row]:
    for row in reader.rows(view.index):
        if view.include_hidden or not row.hidden:
            yield row


def records(reader: WorkbookReader, view: SheetView, skip: int = 0) -> Iterator[Record]:
    """The rows below the header; a merged range gives its value to each of its cells."""
    filler = _MergeFiller(view.layout.merges)
    number = 0
    for row in visible_rows(reader, view):
        filler.see(row)
        if view.header_row is not None and row.index < view.header_row:
            continue
        number += 1
        if number <= skip:
            continue
        shown, raw = row.shown, row.values
        if filler.touches(row.index):
            shown, raw = filler.fill(row, view.width)
        yield Record(
            row.index + 1,
            {c.field: shown[c.index] if c.index < len(shown) else "" for c in view.columns},
            {c.field: raw[c.index] if c.index < len(raw) else None for c in view.columns},
        )


def _view(reader: WorkbookReader, index: int, name: str, options: ReadOptions) -> SheetView:
    layout = reader.layout(index)
    if options.include_hidden:
        layout.hidden_columns.clear()
    head: list[Row] = []
    width = total = below = hidden = 0
    chosen = options.header_row
    for row in reader.rows(index):
        if row.hidden and not options.include_hidden:
            hidden += 1
            continue
        total += 1
        width = max(width, len(row.raw))
        if len(head) < _SAMPLE_ROWS:
            head.append(row)
        if chosen and row.index >= chosen:
            below += 1
    remarks = reader.remarks(index)
    _refuse_uncalculated(remarks, name, options)
    if hidden and not total:
        remarks.add_at("ONLY_HIDDEN_ROWS", "")
    place = _header_place(head, chosen, name) if total else None
    if place is None:
        below = total
    elif not chosen:
        below = total - place - 1
    header = head[place] if place is not None else None
    sample = head if place is None else head[place + 1 :]
    columns = [
        column
        for column in name_columns(header, width)
        if column.index not in layout.hidden_columns
    ]
    return SheetView(
        index=index,
        name=name,
        columns=with_kinds(columns, sample),
        header_row=header.index + 1 if header else None,
        row_count=below,
        total_rows=total,
        layout=layout,
        include_hidden=options.include_hidden,
        sample=sample[:SEARCHED_ROWS],
        remarks=remarks,
    )


def _refuse_uncalculated(remarks: Remarks, sheet: str, options: ReadOptions) -> None:
    found = remarks.get("FORMULA_UNCALCULATED")
    if found and options.refuse_uncalculated:
        raise Refused("FORMULA_UNCALCULATED", f"sheet {sheet!r}, {found.message}", found.hint)


def _header_place(head: list[Row], chosen: int | None, sheet: str) -> int | None:
    if chosen == 0:
        return None
    if chosen is None:
        return detect_header(head)
    for place, row in enumerate(head):
        if row.index == chosen - 1:
            return place
    raise Refused(
        "HEADER_ROW_EMPTY",
        f"sheet {sheet!r}: row {chosen} is empty, hidden or not among the first {_SAMPLE_ROWS}",
    )


class _MergeFiller:
    """Remembers the value at the top left of each merged range for the rows below."""

    def __init__(self, merges: list[Merge]) -> None:
        self._starting: dict[int, list[Merge]] = {}
        for merge in merges:
            self._starting.setdefault(merge.top, []).append(merge)
        self._open: list[tuple[Merge, Value, str]] = []

    def see(self, row: Row) -> None:
        if self._open:
            self._open = [entry for entry in self._open if entry[0].bottom >= row.index]
        for merge in self._starting.get(row.index, ()):
            if merge.left < len(row.raw):
                self._open.append((merge, row.values[merge.left], row.shown[merge.left]))

    def touches(self, index: int) -> bool:
        return any(merge.top <= index <= merge.bottom for merge, _, _ in self._open)

    def fill(self, row: Row, width: int) -> tuple[list[str], list[Value]]:
        shown = row.shown + [""] * (width - len(row.shown))
        values = row.values + [None] * (width - len(row.values))
        for merge, value, text in self._open:
            for column in range(merge.left, min(merge.right + 1, len(values))):
                shown[column], values[column] = text, value
        return shown, values
