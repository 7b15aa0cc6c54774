"""The three modes, from files to files."""

import zipfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.domain.contexts import Context, Contexts, file_name_pattern
from app.domain.conversion import (
    DEFAULT_FILE_NAME,
    DOCX,
    MAX_LOOPED_ROWS,
    PART_ROWS,
    ZIP,
    Finished,
    FinishedPart,
    Missing,
    Mode,
    Progress,
    Source,
    Tell,
)
from app.domain.docx_tables import write_tables
from app.domain.file_names import FileNames
from app.domain.limits import Limits
from app.domain.named_pictures import NamedPictures
from app.domain.other_sheets import Sheets, check_held
from app.domain.refusal import Refused
from app.domain.sheet_tables import to_table
from app.domain.sheet_view import Record, SheetView, records, view_sheets
from app.domain.template.compiled import CompiledTemplate, Rendered, compile_template
from app.domain.template.sandbox import RowSkipped
from app.domain.workbook.model import WorkbookReader
from app.domain.workbook.opening import open_workbook


def convert(
    source: Source, folder: Path, limits: Limits, tell: Tell, done_rows: int = 0
) -> Finished:
    """Convert into files in `folder`, telling how it goes.

    Args:
        done_rows: rows of mode `per-row` that an earlier attempt has finished.

    Raises:
        Refused: anything about the input.
    """
    with open_workbook(source.workbook, source.workbook_name, limits) as reader:
        views = view_sheets(reader, source.options.read_options())
        if source.mode is Mode.TABLE:
            return _tables(reader, views, folder, tell)
        documents = planned(reader, views[0], source, template_of(source))
        if source.mode is Mode.SINGLE:
            return _one_file(next(documents), folder, tell)
        return _archives(documents, views[0], folder, tell, done_rows)


def template_of(source: Source, *, note_missing: bool = False) -> CompiledTemplate:
    """The source's template; with `note_missing`, what its options make an error is noted.

    Raises:
        Refused: `TEMPLATE_NEEDED`, and what compiling raises.
    """
    if source.template is None:
        raise Refused("TEMPLATE_NEEDED", f"mode {source.mode.value!r} needs a template")
    blank = source.options.missing is Missing.BLANK
    return compile_template(
        source.template,
        blank_missing=blank,
        note_missing=note_missing,
        inserted=source.inserted,
    )


@contextmanager
def contexts(
    reader: WorkbookReader, view: SheetView, source: Source, template: CompiledTemplate
) -> Iterator[Contexts]:
    """The sheet's rows as the template sees them; pictures are looked for if it asks for any."""
    if not template.fields.uses_images:
        yield Contexts(view, source.options)
        return
    pictures = reader.pictures(view.index)
    if source.pictures is None:
        yield Contexts(view, source.options, pictures)
        return
    with closing(NamedPictures(source.pictures)) as named:
        yield Contexts(view, source.options, pictures, named)


def _tables(reader: WorkbookReader, views: list[SheetView], folder: Path, tell: Tell) -> Finished:
    path = folder / "result.docx"
    total = sum(view.total_rows for view in views)
    tell(Progress(0, total))
    with path.open("wb") as out:
        rows = write_tables(
            out,
            (to_table(reader, view) for view in views),
            lambda done: tell(Progress(done, total)),
        )
    return Finished(path, DOCX, rows)


@dataclass(frozen=True, slots=True)
class Planned:
    """A document that is not made yet.

    Attributes:
        rows: of the sheet, that it is made of.
        place: where they are, for refusals; "" for a document of all rows.
        record: the row, or the group's first one; None for a document of all rows.
    """

    name: str
    rows: int
    place: str
    context: Context
    template: CompiledTemplate
    record: Record | None = None

    def render(self) -> Rendered:
        """Raises: Refused, naming the place."""
        with naming(self.place):
            return self.template.render(self.context)


def planned(
    reader: WorkbookReader, view: SheetView, source: Source, template: CompiledTemplate
) -> Generator[Planned]:
    """The documents of a conversion in a mode with a template, in their order.

    Conversion and dry run both go this way, so that one tells what the other does.

    Raises:
        Refused: `TOO_MANY_ROWS`, `NOTHING_TO_CONVERT`, and what names and reading raise.
    """
    source.options.check(source.mode)
    sheets = {"sheets": Sheets(reader, source.options.include_hidden)}
    with contexts(reader, view, source, template) as context_of:
        match source.mode:
            case Mode.SINGLE:
                yield _single(reader, view, context_of, template, sheets)
            case Mode.PER_GROUP:
                yield from _per_group(reader, view, source, context_of, template, sheets)
            case _:
                yield from _per_row(reader, view, source, context_of, template, sheets)


def _per_row(
    reader: WorkbookReader,
    view: SheetView,
    source: Source,
    context_of: Contexts,
    template: CompiledTemplate,
    sheets: Context,
) -> Iterator[Planned]:
    names = FileNames(".docx")
    pattern = file_name_pattern(source.options.file_name)
    place = ""
    for record in records(reader, view):
        context = context_of.one_row(record) | sheets
        place = f"sheet {view.name!r}, row {record.row_number}: "
        with naming(place):
            name = names.take(pattern(context), str(record.row_number))
        yield Planned(name, 1, place, context, template, record)
    if not place:
        raise _no_rows(view)


def _per_group(
    reader: WorkbookReader,
    view: SheetView,
    source: Source,
    context_of: Contexts,
    template: CompiledTemplate,
    sheets: Context,
) -> Iterator[Planned]:
    """In the order in which the groups begin; rows without a group are one of their own."""
    check_held(view.name, view.row_count)
    column = context_of.find(source.options.group_by or "")
    groups: dict[str, list[Record]] = {}
    for record in records(reader, view):
        groups.setdefault(record.shown[column].strip(), []).append(record)
    if not groups:
        raise _no_rows(view)
    wanted = source.options.file_name
    pattern = file_name_pattern("{{ group }}" if wanted == DEFAULT_FILE_NAME else wanted)
    names = FileNames(".docx")
    for group, found in groups.items():
        place = f"sheet {view.name!r}, group {group[:80]!r}: "
        context = {**context_of.all_rows(found), "group": group, **sheets}
        with naming(place):
            check_looped(view.name, len(found))
            name = names.take(pattern(context), str(found[0].row_number))
        yield Planned(name, len(found), place, context, template, found[0])


def _no_rows(view: SheetView) -> Refused:
    return Refused("NOTHING_TO_CONVERT", f"sheet {view.name!r} has no row below its header")


def check_looped(sheet: str, rows: int) -> None:
    """Raises: Refused: `TOO_MANY_ROWS`."""
    if rows > MAX_LOOPED_ROWS:
        raise Refused(
            "TOO_MANY_ROWS",
            f"sheet {sheet!r} has {rows} rows; one document loops over at most {MAX_LOOPED_ROWS}",
            "use mode 'table' or 'per-row'",
        )


def _single(
    reader: WorkbookReader,
    view: SheetView,
    context_of: Contexts,
    template: CompiledTemplate,
    sheets: Context,
) -> Planned:
    check_looped(view.name, view.row_count)
    context = context_of.all_rows(list(records(reader, view))) | sheets
    return Planned("result.docx", view.row_count, "", context, template)


def _archives(
    documents: Iterator[Planned], view: SheetView, folder: Path, tell: Tell, done_rows: int
) -> Finished:
    """Documents into archives of `PART_ROWS` rows or so, but for those of an earlier attempt."""
    seen = 0
    part: zipfile.ZipFile | None = None
    path, first = folder, 0
    tell(Progress(done_rows, view.row_count))
    for document in documents:
        before, seen = seen, seen + document.rows
        if seen <= done_rows:  # its name is taken all the same
            continue
        if part is None:
            path, first = folder / f"part-{seen}.zip", before
            part = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)
        with suppress(RowSkipped):
            part.writestr(document.name, document.render().document())
        if seen - first >= PART_ROWS:
            part.close()
            part = None
            tell(FinishedPart(path, first, seen - first))
        if seen % 10 == 0:
            tell(Progress(seen, view.row_count))
    if part is not None:
        part.close()
        tell(FinishedPart(path, first, seen - first))
    return Finished(None, ZIP, seen)


def _one_file(document: Planned, folder: Path, tell: Tell) -> Finished:
    tell(Progress(0, document.rows))
    path = folder / "result.docx"
    try:
        path.write_bytes(document.render().document())
    except RowSkipped as error:
        raise one_document_skips() from error
    tell(Progress(document.rows, document.rows))
    return Finished(path, DOCX, document.rows)


def one_document_skips() -> Refused:
    """`skip_row()` in a document that is made of all rows."""
    return Refused(
        "TEMPLATE_VALUE",
        "skip_row() or SKIPIF leaves out the only document",
        "use mode 'per-row', or leave rows out of the loop: {% for r in rows if r.raw.Total > 0 %}",
    )


@contextmanager
def naming(place: str) -> Iterator[None]:
    """A refusal inside the block says where it was."""
    try:
        yield
    except Refused as refusal:
        refusal.message = place + refusal.message
        raise
