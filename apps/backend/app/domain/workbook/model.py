"""What every reader gives."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, cast

from app.domain.limits import Limits
from app.domain.number_format.compiled import NumberFormat
from app.domain.number_format.general import general
from app.domain.refusal import Refused
from app.domain.rich_text import RichText
from app.domain.values import Value, to_datetime
from app.domain.workbook.places import cell_name
from app.domain.workbook.remarks import Remarks


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged range; rows and columns count from 0, the last ones are inside."""

    top: int
    left: int
    bottom: int
    right: int


class Row:
    """One row that is there; what is asked of it is worked out once, when it is asked.

    Attributes:
        index: from 0, as in the sheet; rows without a cell are not there.
        raw: dates as serials, everything else as it is.
        formats: the number format of each cell, None for General.
    """

    __slots__ = ("_shown", "_temporal", "_values", "date1904", "formats", "hidden", "index", "raw")

    def __init__(
        self,
        index: int,
        raw: list[Value],
        formats: list[NumberFormat | None],
        temporal: list[int] | None = None,
        *,
        hidden: bool = False,
        date1904: bool = False,
    ) -> None:
        """`temporal`: what `temporal_columns` gives for `formats`; both may be other rows' too."""
        self.index, self.raw, self.formats = index, raw, formats
        self._temporal = temporal
        self.hidden, self.date1904 = hidden, date1904
        self._values: list[Value] | None = None
        self._shown: list[str] | None = None

    @classmethod
    def as_shown(
        cls, index: int, values: list[Value], shown: list[str], *, hidden: bool = False
    ) -> "Row":
        """A row of a format that stores its values as they are shown."""
        row = cls(index, values, [], hidden=hidden)
        row._values, row._shown = values, shown
        return row

    @property
    def values(self) -> list[Value]:
        """Values by type: a number under a date format is a `datetime`."""
        if self._values is None:
            if self._temporal is None:
                self._temporal = temporal_columns(self.formats)
            self._values = self.raw.copy()
            for column in self._temporal:
                value, number = self.raw[column], self.formats[column]
                if number is not None and value.__class__ in _NUMBERS:
                    self._values[column] = _typed(cast("float", value), number, self.date1904)
        return self._values

    @property
    def shown(self) -> list[str]:
        """What Excel shows, cell by cell."""
        if self._shown is None:
            self._shown = [
                _show(value, number) for value, number in zip(self.raw, self.formats, strict=True)
            ]
        return self._shown


_NUMBERS = frozenset({int, float})


def temporal_columns(formats: Sequence[NumberFormat | None]) -> list[int]:
    """Where a number is a point in time or a length of time."""
    return [
        column
        for column, number in enumerate(formats)
        if number is not None and (number.is_date or number.is_elapsed)
    ]


def _typed(value: float, number: NumberFormat, date1904: bool) -> Value:
    if number.is_elapsed:
        return timedelta(days=max(-999_999_999, min(value, 999_999_999)))
    return to_datetime(value, date1904=date1904) or value


def _show(value: Value, number: NumberFormat | None) -> str:
    if value is None:
        return ""
    kind = value.__class__
    if kind is str:
        return cast("str", value) if number is None else number.text(cast("str", value))
    if kind in _NUMBERS:
        return (general if number is None else number.number)(cast("float", value))
    if kind is bool:
        return "TRUE" if value else "FALSE"
    if kind is RichText:
        text = cast("str", value) if number is None else number.text(cast("str", value))
        return cast("str", value) if text == value else text
    return str(value)


@dataclass(frozen=True, slots=True)
class SheetName:
    name: str
    hidden: bool = False


@dataclass(slots=True)
class SheetLayout:
    """What is known of a sheet before its first row."""

    merges: list[Merge] = field(default_factory=list)
    hidden_columns: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture whose top left corner is in a cell; read when it is needed."""

    read: Callable[[], bytes]
    place: str
    """For messages: sheet and cell."""

    def __str__(self) -> str:
        return ""  # a template that prints it without the filter


Pictures = Mapping[tuple[int, int], Picture]
"""By row and column, from 0."""


class WorkbookReader(Protocol):
    """An open workbook. Rows are read as they are asked for; memory stays flat."""

    @property
    def sheets(self) -> list[SheetName]: ...

    def layout(self, index: int) -> SheetLayout: ...

    def rows(self, index: int) -> Iterator[Row]: ...

    def remarks(self, index: int) -> Remarks:
        """On the sheet as it was read last."""

    def pictures(self, index: int) -> Pictures:
        """None for formats whose pictures are not read."""

    def close(self) -> None: ...


class Counter:
    """Holds a sheet to its limits, row by row."""

    __slots__ = ("_cells", "_limits", "_name", "_rows")

    def __init__(self, name: str, limits: Limits) -> None:
        self._name, self._limits = name, limits
        self._rows = self._cells = 0

    def add(self, row: int, width: int, cells: int | None = None) -> None:
        """`width`: up to the last cell with content; `cells`: those with content, if not all are.

        Raises:
            Refused: `TOO_MANY_ROWS`, `TOO_MANY_COLUMNS`, `TOO_MANY_CELLS`.
        """
        self._rows += 1
        self._cells += width if cells is None else cells
        limits = self._limits
        if width > limits.columns:
            self._refuse("COLUMNS", cell_name(row, limits.columns), limits.columns)
        if self._rows > limits.rows:
            self._refuse("ROWS", cell_name(row, 0), limits.rows)
        if self._cells > limits.cells:
            self._refuse("CELLS", cell_name(row, 0), limits.cells)

    def _refuse(self, what: str, place: str, limit: int) -> None:
        raise Refused(
            f"TOO_MANY_{what}",
            f"sheet {self._name!r} has more than {limit} {what.lower()}, seen at {place}",
            "split the workbook",
        )


class CellsAlone:
    """Of a reader whose format has cells, and nothing about or beside them."""

    def pictures(self, index: int) -> Pictures:
        return {}

    def remarks(self, index: int) -> Remarks:
        return Remarks()

    def layout(self, index: int) -> SheetLayout:
        return SheetLayout()
