"""What a template sees of a row."""

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import TemplateError, Undefined

from app.domain.columns import Column
from app.domain.conversion import Missing, Options
from app.domain.named_pictures import NamedPictures
from app.domain.refusal import Refused
from app.domain.rows import Cells, Row
from app.domain.sheet_view import Record, SheetView
from app.domain.template.filters import text_of_value
from app.domain.template.sandbox import make_sandbox
from app.domain.workbook.model import Picture, Pictures
from app.domain.workbook.places import cell_name

Context = dict[str, Any]
MAX_PATTERN_LENGTH = 500


class Contexts:
    """Rows as contexts: each column as Excel shows it, under `raw` as it is.

    A column answers to its field name, to its header as it stands, and to the fields of the
    template that are mapped to it. With `pictures`, under `images` those that lie on its cells,
    else those of `named` that its cells name.

    Raises:
        Refused: `COLUMN_UNKNOWN` when the mapping names a column that is not there.
    """

    def __init__(
        self,
        view: SheetView,
        options: Options,
        pictures: Pictures | None = None,
        named: NamedPictures | None = None,
    ) -> None:
        self._view, self._pictures, self._named = view, pictures, named
        self._is_blank = options.missing is Missing.BLANK
        mapping = {
            field: _find(view.columns, name, view.name).field
            for field, name in options.mapping.items()
            if name
        }
        by_header: dict[str, str] = {}
        for column in view.columns:
            by_header.setdefault(column.name, column.field)
        own = {column.field: column.field for column in view.columns}
        self._names = {**by_header, **own, **mapping}
        self._headers = {**self._names, **by_header}

    @property
    def fields(self) -> set[str]:
        """Every field that has a value."""
        return set(self._names)

    def column_of(self, field: str) -> str:
        """The column's own field name behind a field of the template."""
        return self._names.get(field, field)

    def row(self, record: Record) -> Row:
        """One row of a loop."""
        beside: Context = {"sheet": self._view.name, "count": self._view.row_count}
        if self._pictures is not None:
            beside["images"] = self._images(record, self._pictures)
        beside["row"] = Cells(self._headers, record.shown)
        return Row(self._names, record, beside)

    def one_row(self, record: Record) -> Context:
        """For mode `per-row`."""
        return self.row(record).as_context()

    def find(self, name: str) -> str:
        """The field of the column with this header or name. Raises: Refused: `COLUMN_UNKNOWN`."""
        return _find(self._view.columns, name, self._view.name).field

    def all_rows(self, found: list[Record]) -> Context:
        """For a document of many rows: they in a list, and the fields of the first beside them."""
        rows = [self.row(record) for record in found]
        first = rows[0].as_context() if rows else {}
        return {**first, "rows": rows, "sheet": self._view.name, "count": len(rows)}

    def _images(self, record: Record, pictures: Pictures) -> Cells:
        """The row's pictures; None where there is none."""
        row = record.row_number - 1
        found = {
            c.field: pictures.get((row, c.index)) or self._by_name(record, c)
            for c in self._view.columns
        }
        return Cells(self._names, found)

    def _by_name(self, record: Record, column: Column) -> Picture | None:
        if self._named is None:
            return None
        raw, shown = record.raw[column.field], record.shown[column.field]
        texts = (shown, str(raw)) if isinstance(raw, int | float) else (shown,)
        if self._is_blank and not self._named.has(*texts):
            return None
        cell = cell_name(record.row_number - 1, column.index)
        return self._named.picture(f"sheet {self._view.name!r}, cell {cell}", *texts)


def file_name_pattern(pattern: str) -> Callable[[Mapping[str, Any]], str]:
    """The name of a row's document, not yet safe.

    Raises:
        Refused: `FILE_NAME_PATTERN`, now or when it is used.
    """
    return plain_pattern(pattern, "FILE_NAME_PATTERN")


def plain_pattern(
    pattern: str, code: str, max_length: int = MAX_PATTERN_LENGTH
) -> Callable[[Mapping[str, Any]], str]:
    """A text that is made for each row, in the template's syntax; nothing in it is escaped.

    Raises:
        Refused: `code`, now or when it is used.
    """
    if len(pattern) > max_length:
        raise Refused(code, f"the pattern is longer than {max_length}")
    shown = repr(pattern[:80])
    sandbox = make_sandbox(plain=True)
    sandbox.autoescape = False
    sandbox.finalize = _plain
    try:
        template = sandbox.from_string(pattern)
    except TemplateError as error:
        raise Refused(code, f"{shown}: {error}") from error

    def made(context: Mapping[str, Any]) -> str:
        sandbox.budget.start()
        try:
            return template.render(context)
        except Refused as error:
            raise Refused(code, f"{shown}: {error.message}", error.hint) from error
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise Refused(code, f"{shown}: {error}") from error

    return made


def _plain(value: Any) -> Any:
    """As a document prints it, without what only a document needs."""
    if isinstance(value, Undefined):
        return value
    return "" if value is None else text_of_value(value)


def _find(columns: list[Column], name: str, sheet: str) -> Column:
    for column in columns:
        if name in {column.name, column.field}:
            return column
    raise Refused(
        "COLUMN_UNKNOWN",
        f"sheet {sheet!r} has no column {name!r}",
        f"it has: {', '.join(column.name for column in columns)[:300]}",
    )
