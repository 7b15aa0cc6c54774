"""What would a conversion do? The first rows, and what is missing or unused."""

from dataclasses import dataclass
from itertools import islice

from app.domain.contexts import Contexts, file_name_pattern
from app.domain.conversion import Missing, Mode, Source
from app.domain.limits import Limits
from app.domain.modes import contexts, naming_the_row, template_of
from app.domain.sheet_view import SheetView, records, view_sheets
from app.domain.template.compiled import CompiledTemplate
from app.domain.workbook.model import WorkbookReader
from app.domain.workbook.opening import open_workbook

PREVIEWED_ROWS = 3


@dataclass(frozen=True, slots=True)
class Preview:
    """One document: its name, and the text of its paragraphs or of its table's rows."""

    name: str
    lines: list[str]


@dataclass(frozen=True, slots=True)
class DryRun:
    sheet: str
    rows: int
    missing_fields: list[str]
    unused_columns: list[str]
    previews: list[Preview]


def dry_run(source: Source, limits: Limits) -> DryRun:
    """Raises: Refused: what the conversion itself would raise on its first rows.

    Missing fields are listed, not refused, and left blank in the previews.
    """
    with open_workbook(source.workbook, source.workbook_name, limits) as reader:
        views = view_sheets(reader, source.options.read_options())
        if source.mode is Mode.TABLE:
            return _tables(views)
        return _templated(reader, views[0], source)


def _tables(views: list[SheetView]) -> DryRun:
    previews = [
        Preview(v.name, [" | ".join(row.shown) for row in v.sample[:PREVIEWED_ROWS]]) for v in views
    ]
    return DryRun(views[0].name, sum(v.total_rows for v in views), [], [], previews)


def _templated(reader: WorkbookReader, view: SheetView, source: Source) -> DryRun:
    template = template_of(source, missing=Missing.BLANK)
    context_of = contexts(reader, view, source, template)
    wanted = template.fields.looped if source.mode is Mode.SINGLE else ()
    wanted = (*template.fields.single, *wanted)
    used = {context_of.column_of(field) for field in wanted}
    return DryRun(
        view.name,
        view.row_count,
        [field for field in wanted if field not in context_of.fields],
        [column.name for column in view.columns if column.field not in used],
        list(_previews(reader, view, source, template, context_of)),
    )


def _previews(
    reader: WorkbookReader,
    view: SheetView,
    source: Source,
    template: CompiledTemplate,
    context_of: Contexts,
) -> list[Preview]:
    first = list(islice(records(reader, view), PREVIEWED_ROWS))
    suffix = ".pdf" if source.options.pdf else ".docx"
    if source.mode is Mode.SINGLE:
        return [Preview(f"result{suffix}", template.text(context_of.all_rows(first)))]
    pattern = file_name_pattern(source.options.file_name)
    previews = []
    for record in first:
        context = context_of.one_row(record)
        with naming_the_row(view.name, record.row_number):
            previews.append(Preview(pattern(context) + suffix, template.text(context)))
    return previews
