"""A few documents of a conversion, made as they will be, to be looked at."""

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from app.domain.contexts import Context
from app.domain.conversion import Mode, Source
from app.domain.docx_tables import Table, TableRow, write_tables
from app.domain.dry_run import PREVIEWED_DOCUMENTS, PREVIEWED_LINES
from app.domain.limits import Limits
from app.domain.modes import Planned, one_document_skips, planned, template_of
from app.domain.refusal import Refused
from app.domain.sheet_tables import to_table
from app.domain.sheet_view import SheetView, view_sheets
from app.domain.template.compiled import Rendered
from app.domain.template.fields import Fields
from app.domain.template.sandbox import RowSkipped
from app.domain.workbook.model import WorkbookReader
from app.domain.workbook.opening import open_workbook

_MAX_BYTES = 20 << 20
_TABLE_ROWS = 200
"""Of each sheet, in mode `table`: more than the pages that are looked at have."""
_MAX_VALUES = 100
_MAX_CHARACTERS = 200
_MAX_LINE = 500


@dataclass(frozen=True, slots=True)
class SampledDocument:
    """A document in a file.

    Attributes:
        position: which one it is of all that are planned, from 0; skipped rows count.
        lines: its text, for those who see no pictures.
        values: what the template's fields are for it, by field.
    """

    name: str
    position: int
    path: Path
    lines: list[str]
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sampled:
    """`following` is the position of the next document; None after the last."""

    documents: list[SampledDocument]
    following: int | None


def sample(source: Source, limits: Limits, folder: Path, first: int = 0) -> Sampled:
    """The documents from `first` on, in `folder`; fields without a value are blank.

    Raises:
        Refused: `PREVIEW_TOO_LARGE`, `NOTHING_TO_CONVERT`: there is none from `first` on; and what
            the conversion would refuse on the way there.
    """
    with open_workbook(source.workbook, source.workbook_name, limits) as reader:
        views = view_sheets(reader, source.options.read_options())
        if source.mode is Mode.TABLE:
            return _tables(reader, views, folder)
        return _templated(reader, views[0], source, folder, first)


def _tables(reader: WorkbookReader, views: list[SheetView], folder: Path) -> Sampled:
    path = folder / "0.docx"
    with path.open("wb") as out:
        write_tables(out, (_beginning(to_table(reader, view)) for view in views))
    _check_size(path.stat().st_size)
    lines = [" | ".join(row.shown) for view in views for row in view.sample]
    return Sampled([SampledDocument("result.docx", 0, path, _short(lines), {})], None)


def _beginning(table: Table) -> Table:
    rows: Callable[[], Iterable[TableRow]] = table.rows
    return replace(table, rows=lambda: islice(rows(), _TABLE_ROWS))


def _templated(
    reader: WorkbookReader, view: SheetView, source: Source, folder: Path, first: int
) -> Sampled:
    template = template_of(source, note_missing=True)
    made: list[SampledDocument] = []
    following = None
    total_bytes = 0
    with closing(planned(reader, view, source, template)) as documents:
        for position, document in enumerate(documents):
            if position < first:
                continue
            if len(made) == PREVIEWED_DOCUMENTS:
                following = position
                break
            rendered = _rendered(document, source.mode)
            if rendered is None:
                continue
            content = rendered.document()
            total_bytes += len(content)
            if made and total_bytes > _MAX_BYTES:
                following = position
                break
            _check_size(total_bytes)
            path = folder / f"{position}.docx"
            path.write_bytes(content)
            values = _values(document.context, template.fields)
            lines = _short(rendered.text())
            made.append(SampledDocument(document.name, position, path, lines, values))
    if not made:
        raise Refused("NOTHING_TO_CONVERT", f"no document is made from number {first + 1} on")
    return Sampled(made, following)


def _rendered(document: Planned, mode: Mode) -> Rendered | None:
    """None for a row of which no document is made."""
    try:
        return document.render()
    except RowSkipped as error:
        if mode is Mode.SINGLE:
            raise one_document_skips() from error
        return None


def _short(lines: list[str]) -> list[str]:
    return [line[:_MAX_LINE] for line in lines[:PREVIEWED_LINES]]


def _check_size(size: int) -> None:
    if size > _MAX_BYTES:
        raise Refused(
            "PREVIEW_TOO_LARGE",
            f"one document has more than {_MAX_BYTES >> 20} MiB",
            "convert the workbook, and look at the result",
        )


def _values(context: Context, fields: Fields) -> dict[str, str]:
    """What stands beside the pages: each field of the row, as it is printed."""
    names = [name for name in fields.single if isinstance(context.get(name), str)]
    return {name: str(context[name])[:_MAX_CHARACTERS] for name in names[:_MAX_VALUES]}
