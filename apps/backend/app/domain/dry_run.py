"""What would a conversion do? The first rows, and what is missing or unused."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePath

from app.domain.contexts import Contexts
from app.domain.conversion import Missing, Mode, Source
from app.domain.limits import Limits
from app.domain.modes import Planned, one_document_skips, planned, template_of
from app.domain.refusal import Refused
from app.domain.sheet_view import SheetView, view_sheets
from app.domain.template.sandbox import RowSkipped
from app.domain.workbook.model import WorkbookReader
from app.domain.workbook.opening import open_workbook

PREVIEWED_DOCUMENTS = 3
PREVIEWED_LINES = 200
CHECKED_ROWS = 1_000
"""Rows for which documents are made, and thrown away: somebody waits for a dry run."""


@dataclass(frozen=True, slots=True)
class Preview:
    """One document: its name, and the text of its paragraphs or of its table's rows."""

    name: str
    lines: list[str]


@dataclass(frozen=True, slots=True)
class DryRun:
    """What the conversion would do.

    Attributes:
        checked_rows: for as many the documents were made; those after them may still be refused.
        missing_fields: used without a value; those that only a row after the checked ones may use
            are among them, and those that are left blank by choice.
    """

    sheet: str
    rows: int
    checked_rows: int
    missing_fields: list[str]
    unused_columns: list[str]
    previews: list[Preview]


def dry_run(source: Source, limits: Limits) -> DryRun:
    """The conversion, without its result.

    Missing fields are listed, not refused, and left blank in the previews.

    Raises:
        Refused: what the conversion itself would raise on the checked rows.
    """
    with open_workbook(source.workbook, source.workbook_name, limits) as reader:
        views = view_sheets(reader, source.options.read_options())
        if source.mode is Mode.TABLE:
            return _tables(views)
        return _templated(reader, views[0], source)


def _tables(views: list[SheetView]) -> DryRun:
    rows = sum(view.total_rows for view in views)
    previews = [
        Preview(v.name, [" | ".join(row.shown) for row in v.sample[:PREVIEWED_DOCUMENTS]])
        for v in views
    ]
    return DryRun(views[0].name, rows, rows, [], [], previews)


def _templated(reader: WorkbookReader, view: SheetView, source: Source) -> DryRun:
    template = template_of(source, note_missing=True)
    wanted = template.fields.looped if source.mode is not Mode.PER_ROW else ()
    wanted = (*template.fields.single, *wanted)
    known = Contexts(view, source.options)
    used = {known.column_of(field) for field in wanted}
    suffix = ".pdf" if source.options.pdf else ".docx"
    previews: list[Preview] = []
    checked = 0
    try:
        with closing(planned(reader, view, source, template)) as documents:
            for document in documents:
                checked += document.rows
                lines = _lines(document, source.mode)
                if lines is not None and len(previews) < PREVIEWED_DOCUMENTS:
                    previews.append(Preview(PurePath(document.name).stem + suffix, lines))
                if checked >= CHECKED_ROWS:
                    break
    except Refused:
        if not template.missing:  # else the job comes no further than that field
            raise
    missing = dict(template.missing)
    if checked < view.row_count or source.options.missing is Missing.BLANK:
        missing |= dict.fromkeys(field for field in wanted if field not in known.fields)
    return DryRun(
        view.name,
        view.row_count,
        checked,
        list(missing),
        [column.name for column in view.columns if column.field not in used],
        previews,
    )


def _lines(document: Planned, mode: Mode) -> list[str] | None:
    """None for a row of which no document is made."""
    try:
        return document.render().text()[:PREVIEWED_LINES]
    except RowSkipped as error:
        if mode is Mode.SINGLE:
            raise one_document_skips() from error
        return None
