"""The three modes, from files to files."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.contexts import Contexts, file_name_pattern
from app.domain.conversion import (
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
from app.domain.refusal import Refused
from app.domain.sheet_tables import to_table
from app.domain.sheet_view import SheetView, records, view_sheets
from app.domain.template.compiled import CompiledTemplate, compile_template
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
        match source.mode:
            case Mode.TABLE:
                return _tables(reader, views, folder, tell)
            case Mode.PER_ROW:
                return _per_row(reader, views[0], source, folder, tell, done_rows)
            case Mode.SINGLE:
                return _single(reader, views[0], source, folder, tell)


def template_of(source: Source, missing: Missing | None = None) -> CompiledTemplate:
    """The source's template; `missing` goes before what its options say.

    Raises:
        Refused: `TEMPLATE_NEEDED`, and what compiling raises.
    """
    if source.template is None:
        raise Refused("TEMPLATE_NEEDED", f"mode {source.mode.value!r} needs a template")
    return compile_template(
        source.template, blank_missing=(missing or source.options.missing) is Missing.BLANK
    )


def contexts(
    reader: WorkbookReader, view: SheetView, source: Source, template: CompiledTemplate
) -> Contexts:
    """The sheet's rows as the template sees them; pictures are looked for if it asks for any."""
    pictures = reader.pictures(view.index) if template.fields.uses_images else None
    return Contexts(view, source.options, pictures)


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


def _per_row(
    reader: WorkbookReader,
    view: SheetView,
    source: Source,
    folder: Path,
    tell: Tell,
    done_rows: int,
) -> Finished:
    template = template_of(source)
    context_of = contexts(reader, view, source, template)
    names = FileNames(".docx")
    pattern = file_name_pattern(source.options.file_name)
    done = 0
    part: zipfile.ZipFile | None = None
    path = folder
    tell(Progress(done_rows, view.row_count))
    for record in records(reader, view):
        context = context_of.one_row(record)
        with naming_the_row(view.name, record.row_number):
            name = names.take(pattern(context), str(record.row_number))
        done += 1
        if done <= done_rows:  # its name is taken all the same
            continue
        if part is None:
            path = folder / f"part-{done}.zip"
            first = done - 1
            part = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)
        with naming_the_row(view.name, record.row_number):
            part.writestr(name, template.document(context))
        if done - first == PART_ROWS:
            part.close()
            part = None
            tell(FinishedPart(path, first, done - first))
        if done % 10 == 0:
            tell(Progress(done, view.row_count))
    if part is not None:
        part.close()
        tell(FinishedPart(path, first, done - first))
    if not done:
        raise Refused("NOTHING_TO_CONVERT", f"sheet {view.name!r} has no row below its header")
    return Finished(None, ZIP, done)


def _single(
    reader: WorkbookReader, view: SheetView, source: Source, folder: Path, tell: Tell
) -> Finished:
    if view.row_count > MAX_LOOPED_ROWS:
        raise Refused(
            "TOO_MANY_ROWS",
            f"sheet {view.name!r} has {view.row_count} rows; one document loops over at most "
            f"{MAX_LOOPED_ROWS}",
            "use mode 'table' or 'per-row'",
        )
    template = template_of(source)
    context_of = contexts(reader, view, source, template)
    tell(Progress(0, view.row_count))
    context = context_of.all_rows(list(records(reader, view)))
    path = folder / "result.docx"
    path.write_bytes(template.document(context))
    tell(Progress(view.row_count, view.row_count))
    return Finished(path, DOCX, view.row_count)


@contextmanager
def naming_the_row(sheet: str, row_number: int) -> Iterator[None]:
    """A refusal inside the block says which row it was."""
    try:
        yield
    except Refused as refusal:
        refusal.message = f"sheet {sheet!r}, row {row_number}: {refusal.message}"
        raise
