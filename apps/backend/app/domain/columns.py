"""Which row is the header, and what are the columns called?"""

import keyword
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.values import CellError, Value
from app.domain.workbook.model import Row
from app.domain.workbook.places import column_letters

SEARCHED_ROWS = 20
RESERVED = frozenset("raw row rows row_number sheet sheets group count loop images".split())
_JINJA_WORDS = frozenset(
    {"and", "or", "not", "in", "is", "if", "else", "elif", "for", "true", "false", "none", "set"}
)
_NO_IDENTIFIER = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header's text, the name that a template uses, what it mostly holds."""

    index: int
    name: str
    field: str
    kind: str = "empty"


def detect_header(rows: Sequence[Row]) -> int | None:
    """The place in `rows` of the header: the first row of distinct texts about as wide as the data.

    None when the first rows hold nothing like one.
    """
    sample = rows[:SEARCHED_ROWS]
    widths = [sum(bool(text.strip()) for text in row.shown) for row in sample]
    widest = max(widths, default=0)
    for place, row in enumerate(sample):
        filled = [v for v, text in zip(row.values, row.shown, strict=True) if text.strip()]
        if not filled or widths[place] * 2 <= widest:
            continue
        texts = [v.strip() for v in filled if isinstance(v, str)]
        if len(texts) == len(filled) and len(set(texts)) == len(texts):
            return place
        if len(texts) < len(filled) / 2:
            return None  # the data has begun
    return None


def name_columns(header: Row | None, width: int) -> list[Column]:
    """A column each up to `width`; without a header they are A, B, C."""
    texts = [text.strip() for text in header.shown] if header else []
    texts += [""] * (width - len(texts))
    names = [" ".join(text.split()) or column_letters(n) for n, text in enumerate(texts[:width])]
    fields: dict[int, str] = {}
    taken: set[str] = set()
    # a header that is a field name as it stands is that field, whatever stands to its left
    exact = {name: index for index, name in reversed([*enumerate(names)]) if to_field(name) == name}
    for index in (*exact.values(), *(n for n in range(width) if exact.get(names[n]) != n)):
        fields[index] = _unused(to_field(names[index]) or column_letters(index), taken)
        taken.add(fields[index])
    return [Column(index, name, fields[index]) for index, name in enumerate(names)]


def to_field(name: str) -> str:
    """A header as a name that a template can use: `Unit price (€)` is `Unit_price`."""
    field = _NO_IDENTIFIER.sub("_", unicodedata.normalize("NFKC", name)).strip("_")
    if field[:1].isdigit():
        field = f"c{field}"
    if field and not field.isidentifier():
        field = "".join(c for c in field if c.isidentifier() or c.isdigit() or c == "_")
    if field in RESERVED or field.lower() in _JINJA_WORDS or keyword.iskeyword(field):
        field += "_"
    return field


def with_kinds(columns: Iterable[Column], sample: Sequence[Row]) -> list[Column]:
    """The columns with what most of their cells in `sample` hold."""
    typed = []
    for column in columns:
        kinds = [kind_of(r.values[column.index]) for r in sample if column.index < len(r.values)]
        known = [kind for kind in kinds if kind != "empty"]
        common = max(set(known), key=known.count) if known else "empty"
        typed.append(Column(column.index, column.name, column.field, common))
    return typed


def kind_of(value: Value) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case datetime():
            return "date"
        case timedelta():
            return "duration"
        case CellError():
            return "error"
        case _:
            return "text"


def _unused(field: str, taken: set[str]) -> str:
    if field not in taken:
        return field
    number = 2
    while f"{field}_{number}" in taken:
        number += 1
    return f"{field}_{number}"
