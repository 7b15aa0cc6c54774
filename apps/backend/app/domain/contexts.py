"""What a template sees of a row."""

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import TemplateError

from app.domain.columns import Column
from app.domain.conversion import Options
from app.domain.refusal import Refused
from app.domain.sheet_view import Record, SheetView
from app.domain.template.sandbox import make_sandbox
from app.domain.workbook.model import Pictures

Context = dict[str, Any]
MAX_PATTERN_LENGTH = 500


class Contexts:
    """Rows as contexts: each field as Excel shows it, under `raw` as it is, under `row` by header.

    With `pictures`, under `images` those that lie on the row's cells.

    Raises:
        Refused: `COLUMN_UNKNOWN` when the mapping names a column that is not there.
    """

    def __init__(self, view: SheetView, options: Options, pictures: Pictures | None = None) -> None:
        self._view, self._pictures = view, pictures
        self._mapping = {
            field: _find(view.columns, name, view.name).field
            for field, name in options.mapping.items()
            if name
        }
        self._headers = {column.name: column.field for column in view.columns}

    @property
    def fields(self) -> set[str]:
        """Every field that has a value."""
        return {c.field for c in self._view.columns} | set(self._mapping) | set(self._headers)

    def column_of(self, field: str) -> str:
        """The column's own field name behind a field of the template."""
        return self._mapping.get(field) or self._headers.get(field) or field

    def row(self, record: Record) -> Context:
        context: Context = dict(record.shown)
        raw: Context = dict(record.raw)
        for field, column in self._mapping.items():
            context[field], raw[field] = record.shown[column], record.raw[column]
        context["row"] = {name: record.shown[field] for name, field in self._headers.items()}
        context["raw"] = raw
        if self._pictures is not None:
            context["images"] = self._images(record.row_number - 1, self._pictures)
        context["row_number"] = record.row_number
        context["sheet"] = self._view.name
        context["count"] = self._view.row_count
        return context

    def _images(self, row: int, pictures: Pictures) -> Context:
        """The row's pictures, under every name of their column; None where there is none."""
        images: Context = {c.field: pictures.get((row, c.index)) for c in self._view.columns}
        known = {**self._headers, **self._mapping}
        return images | {name: images[field] for name, field in known.items()}

    def all_rows(self, found: list[Record]) -> Context:
        """For mode `single`: the rows in a list, and the fields of the first beside them."""
        rows = [self.row(record) for record in found]
        first = rows[0] if rows else {}
        return {**first, "rows": rows, "sheet": self._view.name, "count": len(rows)}


def file_name_pattern(pattern: str) -> Callable[[Mapping[str, Any]], str]:
    """The name of a row's document, not yet safe.

    Raises:
        Refused: `FILE_NAME_PATTERN`, now or when it is used.
    """
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise Refused("FILE_NAME_PATTERN", f"the pattern is longer than {MAX_PATTERN_LENGTH}")
    sandbox = make_sandbox(blank_missing=False)
    sandbox.autoescape = False
    sandbox.finalize = None
    try:
        template = sandbox.from_string(pattern)
    except TemplateError as error:
        raise Refused("FILE_NAME_PATTERN", f"{pattern!r}: {error}") from error

    def name(context: Mapping[str, Any]) -> str:
        try:
            return template.render(context)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise Refused("FILE_NAME_PATTERN", f"{pattern!r}: {error}") from error

    return name


def _find(columns: list[Column], name: str, sheet: str) -> Column:
    for column in columns:
        if name in {column.name, column.field}:
            return column
    raise Refused(
        "COLUMN_UNKNOWN",
        f"sheet {sheet!r} has no column {name!r}",
        f"it has: {', '.join(column.name for column in columns)[:300]}",
    )
