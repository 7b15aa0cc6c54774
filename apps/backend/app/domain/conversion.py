"""What a conversion is asked for, and what it tells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.domain.refusal import Refused
from app.domain.sheet_view import ReadOptions

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ZIP = "application/zip"
PDF = "application/pdf"
MAX_LOOPED_ROWS = 20_000
"""Rows of mode `single`: its rows are all in one document, and in memory while it is made."""
MAX_HELD_ROWS = 100_000
"""Rows of a sheet that is grouped or looked up in: they are all in memory, as values."""
PART_ROWS = 200
"""Rows whose documents are finished, and recorded, together."""


DEFAULT_FILE_NAME = "{{ row_number }}"
"""In mode `per-group` the group's own name goes before it."""


class Mode(StrEnum):
    TABLE = "table"
    PER_ROW = "per-row"
    PER_GROUP = "per-group"
    SINGLE = "single"


class Missing(StrEnum):
    ERROR = "error"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Options:
    """What a user chooses.

    Attributes:
        sheets: their names; None for all visible ones (`table`) or the first (else).
        mapping: field of the template to column of the sheet, by header or by field name.
        merged: the documents of the modes of many as one, instead of an archive.
        group_by: column whose equal cells make a document of mode `per-group`.
        pdf: the documents as PDF; what makes them one is no part of the domain.
        uncalculated: what a formula without a stored value is.
        file_name: pattern of a document's name in the modes of many, in the template's syntax.
    """

    sheets: tuple[str, ...] | None = None
    header_row: int | None = None
    include_hidden: bool = False
    mapping: dict[str, str] = field(default_factory=dict)
    file_name: str = DEFAULT_FILE_NAME
    missing: Missing = Missing.ERROR
    pdf: bool = False
    uncalculated: Missing = Missing.BLANK
    group_by: str | None = None
    merged: bool = False

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Options":
        """As JSON keeps them; what is not there has its default. Raises: TypeError: one unknown."""
        options = dict(kept)
        if options.get("sheets") is not None:
            options["sheets"] = tuple(options["sheets"])
        for name in ("missing", "uncalculated"):
            if name in options:
                options[name] = Missing(options[name])
        return cls(**options)

    def check(self, mode: Mode) -> None:
        """Raises: Refused: `GROUP_BY_NEEDED`, `MERGED_NEEDS_MANY`."""
        if self.merged and mode not in (Mode.PER_ROW, Mode.PER_GROUP):
            raise Refused(
                "MERGED_NEEDS_MANY",
                f"mode {mode.value!r} makes one document already",
                "leave out the option merged",
            )
        if mode is Mode.PER_GROUP and not self.group_by:
            raise Refused("GROUP_BY_NEEDED", "mode 'per-group' needs the column to group by")

    def read_options(self) -> ReadOptions:
        return ReadOptions(
            self.sheets,
            self.header_row,
            self.include_hidden,
            refuse_uncalculated=self.uncalculated is Missing.ERROR,
        )


@dataclass(frozen=True, slots=True)
class Source:
    """The input of a conversion. The workbook's name tells a .csv from any other text.

    Attributes:
        pictures: an archive of pictures that cells name.
        inserted: documents that the template, or one of them, names.
    """

    workbook: Path
    workbook_name: str
    mode: Mode
    options: Options
    template: Path | None = None
    pictures: Path | None = None
    inserted: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class FinishedPart:
    """Documents of the modes of many for `rows` rows, after the `first` ones, in an archive."""

    path: Path
    first: int
    rows: int


@dataclass(frozen=True, slots=True)
class Finished:
    """`path` is None when the result is made of parts."""

    path: Path | None
    media_type: str
    rows: int


Tell = Callable[[Progress | FinishedPart], None]
