"""The filters of templates, and what to write instead of those that are not there."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any

from jinja2 import Environment, Undefined, pass_environment
from jinja2.filters import FILTERS, make_attrgetter, sync_do_slice
from jinja2.utils import Namespace
from markupsafe import Markup

from app.domain.number_format.compiled import compile_format
from app.domain.refusal import Refused
from app.domain.rich_text import RichText
from app.domain.shown import Shown
from app.domain.template.budget import MAX_TEXT, join, too_long
from app.domain.values import CellError, from_datetime
from app.domain.word_text import inline_text, rich_runs

_ALLOWED = frozenset(
    (
        "abs capitalize count d default dictsort first groupby items last length list lower "
        "map max min reject rejectattr reverse select selectattr sort string title trim "
        "truncate unique upper wordcount"
    ).split()
)
_COLOR = re.compile("[0-9A-Fa-f]{6}")
_FMT = '|fmt("#,##0.00")'
_DATE = '|fmt("dd.mm.yyyy")'
_CHART = '|chart("column", labels="Month", values="Total")'
_EXAMPLES = {_FMT: "raw.Total", _DATE: "raw.Date", _CHART: "rows"}
DRAWING = ("picture", "qr", "barcode", "chart")
INSTEAD = {
    **dict.fromkeys(("format", "number", "currency", "floatformat", "money", "comma"), _FMT),
    **dict.fromkeys(("strftime", "date", "time", "datetime", "datetimeformat"), _DATE),
    **dict.fromkeys(("isoformat", "dateformat", "format_date"), _DATE),
    **dict.fromkeys(("safe", "forceescape", "striptags", "urlize", "xmlattr"), ""),
    **dict.fromkeys(("tojson", "pprint"), ""),
    **{"image": "|picture(width=40)", "img": "|picture(width=40)"},
    **dict.fromkeys(("graph", "diagram", "plot", "barchart", "linechart", "piechart"), _CHART),
    **dict.fromkeys(("qrcode", "qr_code"), "|qr(width=25)"),
    **dict.fromkeys(("code128", "ean13", "bar_code"), '|barcode("ean13")'),
    **{
        "bold": "|rich(bold=true)",
        "italic": "|rich(italic=true)",
        "color": '|rich(color="C00000")',
    },
    **{"attr": '["name"]', "substring": "[0:10]", "len": "|length", "size": "|length"},
}
"""For names that others use: what does it here; "" for what is not needed."""


def filters(drawing: Mapping[str, Callable[..., Markup]] | None) -> dict[str, Callable[..., Any]]:
    """By name; those of `drawing` print pictures, where there can be any."""
    found: dict[str, Callable[..., Any]] = {name: FILTERS[name] for name in _ALLOWED}
    own: dict[str, Callable[..., Any]] = {
        "e": _as_it_is,
        "escape": _as_it_is,
        "rich": _rich,
        "fmt": _fmt,
        "int": _int,
    }
    own |= {"word_if": _word_if, "first_capital": _first_capital}
    bounded: dict[str, Callable[..., Any]] = {
        "replace": replace_text,
        "indent": _indent,
        "batch": _batch,
        "slice": _slice,
    }
    bounded["float"] = _float
    bounded |= {"join": _join, "sum": _sum, "round": _round, "wordwrap": _wordwrap}
    return found | own | bounded | dict(drawing or dict.fromkeys(DRAWING, _no_picture))


def instead_of(name: str, known: Collection[str] | None = None) -> str:
    """What to write instead of a filter, or of a method of those that are `known`."""
    known = filters(None) if known is None else known
    if name in INSTEAD:
        instead = INSTEAD[name]
        value = _EXAMPLES.get(instead, "Name")
        return f"write {value}{instead}" if instead else "leave it out: all text is escaped"
    alike = get_close_matches(name, known, 1, 0.5)
    if alike:
        return f"did you mean {alike[0]!r}?"
    return f"there are: {', '.join(sorted(known))}" if known else ""


def shown(value: Any) -> str:
    """A raw value without a number format, as General would show it."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return compile_format("General").number(value)
        case datetime():
            midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
            return f"{value:%Y-%m-%d}" if midnight else f"{value:%Y-%m-%d %H:%M:%S}"
        case _:
            return str(value)


def printed(value: Any) -> Any:
    """Everything that is printed passes here, once; it may stand in an attribute."""
    if isinstance(value, Markup | Undefined):
        return value
    if value is None:
        return ""
    if value.__class__ is int:
        return Markup(str(value))
    return Markup(inline_text(value if value.__class__ is str else text_of_value(value)))


def text_of_value(value: Any) -> str:
    """Raises: Refused: it is a row, a list or a function, of which there is no text."""
    if isinstance(value, str):
        return str(value)
    if hasattr(value, "items") or isinstance(value, Namespace):
        raise Refused("TEMPLATE_VALUE", "this is a whole row", "write one of its columns: r.Name")
    if isinstance(value, list | tuple) or hasattr(value, "__next__"):
        hint = 'write {% for r in rows %}, or join texts: |join(", ")'
        raise Refused("TEMPLATE_VALUE", "this is a list", hint)
    if callable(value):
        raise Refused("TEMPLATE_VALUE", "this is a function", "call it: add ( )")
    return shown(value)


def no_run(_value: Any, **_look: Any) -> Markup:
    """`|rich` where there are no runs."""
    raise Refused("TEMPLATE_VALUE", "rich: a document's property is plain text")


def printed_plain(value: Any) -> Any:
    """What `printed` is to a paragraph, to a document's property: a text of one line."""
    if isinstance(value, Undefined):
        return value
    return printed(
        " ".join(str(printed(value)).split()) if isinstance(value, Markup) else _line(value)
    )


def _line(value: Any) -> str:
    return "" if value is None else " ".join(text_of_value(value).split())


def _word_if(left: Any, operator: str, right: Any) -> bool:
    """Word's IF: numbers as numbers, else texts; `*` and `?` stand for any in the right one."""
    numbers = [_plain_number(side) for side in (left, right)]
    if None not in numbers:
        order = (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    else:
        first, second = str(left), str(right)
        if operator in {"=", "<>"} and any(sign in second for sign in "*?"):
            pattern = re.escape(second).replace("\\*", ".*").replace("\\?", ".")
            order = 0 if re.fullmatch(pattern, first, re.DOTALL) else 1
        else:
            order = (first > second) - (first < second)
    signs = {"=": {0}, "<>": {-1, 1}, "<": {-1}, "<=": {-1, 0}, ">": {1}, ">=": {0, 1}}
    return order in signs.get(operator, set())


def _plain_number(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Shown):
        value = value.replace(",", "")
    return _number(value)


def _first_capital(value: Any) -> str:
    text = str(value)
    return text[:1].upper() + text[1:]


def _as_it_is(value: Any) -> Any:
    """`|e`: all that is printed is escaped already."""
    return value


def _number(value: Any) -> Any:
    """What a text stands for; None for one that is no number."""
    if isinstance(value, Shown):
        return value.raw if isinstance(value.raw, int | float) else None
    if not isinstance(value, str):
        return value
    try:
        return float(value) if len(value) < 400 else None
    except ValueError:
        return None


def _float(value: Any, default: float | None = None) -> float:
    try:
        number = _number(value)
        return float(number)
    except (TypeError, ValueError, OverflowError) as error:
        if default is not None:
            return default
        raise _no_number(value, "float") from error


def _int(value: Any, default: int | None = None, base: int = 10) -> int:
    try:
        number = int(value, base) if isinstance(value, str) and base != 10 else _number(value)
        return int(number)
    except (TypeError, ValueError, OverflowError) as error:
        if default is not None:
            return default
        raise _no_number(value, "int") from error


def _no_number(value: Any, name: str) -> Refused:
    text = str(value)[:40]
    return Refused(
        "TEMPLATE_VALUE", f"{text!r} is no number", f"say what to take instead: |{name}(0)"
    )


def replace_text(value: Any, old: Any, new: Any, count: int | None = None) -> str:
    """`value` with `new` for `old`. Raises: Refused: it is longer than a text may be."""
    text, old, new = str(value), str(old), str(new)
    times = text.count(old) if old else len(text) + 1
    if len(text) + times * len(new) > MAX_TEXT:
        too_long(f"a text of more than {MAX_TEXT} characters")
    return text.replace(old, new, -1 if count is None else count)


def _indent(value: Any, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    size = width if isinstance(width, int) else len(width)
    if size * (str(value).count("\n") + 1) > MAX_TEXT:
        too_long(f"a text of more than {MAX_TEXT} characters")
    return str(FILTERS["indent"](str(value), width, first, blank))


def _batch(value: Any, linecount: int, fill_with: Any = None) -> Any:
    if linecount < 1 or linecount > MAX_TEXT // 10:
        too_long(f"batch({linecount})")
    return FILTERS["batch"](value, linecount, fill_with)


def _slice(value: Any, slices: int, fill_with: Any = None) -> Any:
    if slices < 1 or slices > MAX_TEXT // 10:
        too_long(f"slice({slices})")
    return sync_do_slice(value, slices, fill_with)


@pass_environment
def _join(environment: Environment, value: Any, d: str = "", attribute: Any = None) -> str:
    if attribute is not None:
        value = map(make_attrgetter(environment, attribute), value)
    return join(value, d)


@pass_environment
def _sum(environment: Environment, value: Any, attribute: Any = None, start: Any = 0) -> Any:
    """Empty cells do not count, as in Excel."""
    if not isinstance(start, int | float | timedelta):
        raise Refused("TEMPLATE_VALUE", "sum: what it starts from is no number")
    if attribute is not None:
        value = map(make_attrgetter(environment, attribute), value)
    return sum((v for v in value if v is not None and not (v.__class__ is str and not v)), start)


def _round(value: Any, precision: int = 0, method: str = "common") -> Any:
    if not -20 <= precision <= 20:
        raise Refused("TEMPLATE_VALUE", "round: at most 20 digits")
    return FILTERS["round"](value, precision, method)


@pass_environment
def _wordwrap(environment: Environment, value: Any, width: int = 79, *more: Any) -> str:
    return str(FILTERS["wordwrap"](environment, str(value), max(1, width), *more[:1]))


def _rich(
    value: Any, bold: bool = False, italic: bool = False, color: str = "", size: float = 0
) -> Markup:
    """`{{r name|rich(bold=true, color="C00000", size=14) }}`: a run of its own. Size in points.

    A cell's text of several looks is as many runs, which keep theirs.
    """
    if isinstance(value, Undefined):
        value = str(value)
    if isinstance(value, Markup) and value.startswith("<w:r>"):
        return value
    if isinstance(value, Markup) and value.startswith("</w:t>"):  # a picture
        return Markup(f"<w:r><w:t>{value}</w:t></w:r>")
    if value is None:
        value = ""
    text = value if isinstance(value, RichText) else text_of_value(value)
    clean_color = str(color).lstrip("#")
    if clean_color and not _COLOR.fullmatch(clean_color):
        raise Refused("TEMPLATE_VALUE", f"rich: {color!r} is no colour; write it as C00000")
    half_points = round(float(size) * 2) if size else 0
    return Markup(
        rich_runs(text, bold=bold, italic=italic, color=clean_color, half_points=half_points)
    )


def _fmt(value: Any, code: str) -> str:
    """`{{ raw.total|fmt("#,##0.00") }}`: one of Excel's number formats."""
    if isinstance(value, Shown):
        value = value.raw
    number = compile_format(str(code))
    match value:
        case bool() | None | CellError():
            return shown(value) if value is not None else ""
        case int() | float():
            return number.number(value)
        case datetime():
            return number.number(from_datetime(value, date1904=False))
        case timedelta():
            return number.number(value / timedelta(days=1))
        case _:
            return number.text(str(value))


def _no_picture(_value: Any, *_how: Any, **_size: Any) -> Markup:
    raise Refused("TEMPLATE_VALUE", "pictures, codes and charts cannot stand here")
