"""The Jinja2 environment that templates run in. A template is a stranger's program."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from jinja2 import Undefined
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS, _GroupTuple
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from jinja2.utils import Namespace
from markupsafe import Markup

from app.domain.number_format.compiled import compile_format
from app.domain.refusal import Refused
from app.domain.template.absent import Strict
from app.domain.values import CellError, from_datetime
from app.domain.word_text import inline_text, text_run

ALLOWED_FILTERS = frozenset(
    (
        "abs batch capitalize count d default dictsort first float groupby indent int items "
        "join last length list lower map max min reject rejectattr replace reverse round "
        "select selectattr slice sort string sum title trim truncate unique upper wordcount "
        "wordwrap"
    ).split()
)
_STR_METHODS = frozenset(
    "upper lower title capitalize strip lstrip rstrip startswith endswith replace split".split()
)
_DATE_NAMES = frozenset("year month day hour minute second date time weekday isoweekday".split())
_DURATION_NAMES = frozenset({"days", "seconds", "total_seconds"})
_LOOP_NAMES = frozenset(
    (
        "index index0 revindex revindex0 first last length previtem nextitem depth depth0 "
        "cycle changed"
    ).split()
)
_MAX_ROWS_OF_RANGE = 10_000
_MAX_EXPONENT = 100
_MAX_REPEATED = 100_000


class Sandbox(ImmutableSandboxedEnvironment):
    """Fields before attributes, and of attributes only those that are listed here."""

    intercepted_binops = frozenset({"*", "**"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        return (
            self.getitem(obj, attribute) if isinstance(obj, Mapping) else self._own(obj, attribute)
        )

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping):
            try:
                return obj[argument]
            except (KeyError, TypeError):
                return self._absent(obj, argument)
        if isinstance(obj, Undefined):
            return obj[argument]
        return super().getitem(obj, argument)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """At once: where missing fields are left blank, nothing forbidden is blank."""
        raise SecurityError(f"{attribute!r} of a {type(obj).__name__} is not for templates")

    def _own(self, obj: Any, attribute: str) -> Any:
        return (
            getattr(obj, attribute)
            if isinstance(obj, Undefined)
            else super().getattr(obj, attribute)
        )

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str):
            return attr in _STR_METHODS
        if isinstance(obj, LoopContext):
            return attr in _LOOP_NAMES
        if isinstance(obj, _GroupTuple):
            return attr in _GroupTuple._fields
        if isinstance(obj, datetime | date):
            return attr in _DATE_NAMES
        if isinstance(obj, timedelta):
            return attr in _DURATION_NAMES
        return isinstance(obj, Namespace) and not attr.startswith("_")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """A power or a repetition whose result would fill the memory is refused by name."""
        if operator == "**":
            sizes = [abs(n) for n in (left, right) if isinstance(n, int | float)]
            if len(sizes) == 2 and sizes[1] > _MAX_EXPONENT and sizes[0] > 1:
                raise SecurityError(f"a power of more than {_MAX_EXPONENT}")
        else:
            for many, times in ((left, right), (right, left)):
                repeats = isinstance(many, str | list | tuple) and isinstance(times, int)
                if repeats and len(many) * times > _MAX_REPEATED:
                    raise SecurityError(f"a repetition to more than {_MAX_REPEATED}")
        return super().call_binop(context, operator, left, right)

    def _absent(self, obj: Any, name: Any) -> Undefined:
        undefined: Undefined = self.undefined(obj=obj, name=name)
        return undefined


def make_sandbox(
    undefined: type[Undefined] = Strict, picture: Callable[..., Markup] | None = None
) -> Sandbox:
    """An environment that escapes everything; `undefined` says what a missing field is."""
    sandbox = Sandbox(
        autoescape=True,
        undefined=undefined,
        finalize=_finalize,
        keep_trailing_newline=True,
        optimized=False,  # else `9**(9**9)` is worked out while the template is only looked at
    )
    sandbox.filters = {name: FILTERS[name] for name in ALLOWED_FILTERS}
    sandbox.filters |= {"rich": _rich, "fmt": _fmt, "picture": picture or _no_picture}
    sandbox.tests = dict(TESTS)
    sandbox.globals = {"range": _range, "namespace": Namespace}
    return sandbox


def _range(*bounds: int) -> range:
    found = range(*bounds)
    if len(found) > _MAX_ROWS_OF_RANGE:
        raise Refused("TEMPLATE_RANGE", f"range() is longer than {_MAX_ROWS_OF_RANGE}")
    return found


def _finalize(value: Any) -> Any:
    """Everything that is printed passes here, once; it may stand in an attribute."""
    if isinstance(value, Markup | Undefined):
        return value
    if value is None:
        return ""
    text = value if value.__class__ is str else shown(value)
    return Markup(inline_text(text))


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


def _rich(
    value: Any, bold: bool = False, italic: bool = False, color: str = "", size: float = 0
) -> Markup:
    """`{{r name|rich(bold=true, color="C00000", size=14)}}`: a run of its own. Size in points."""
    if isinstance(value, Undefined):
        value = str(value)
    if isinstance(value, Markup) and value.startswith("<w:r>"):
        return value
    if isinstance(value, Markup) and value.startswith("</w:t>"):  # a picture
        return Markup(f"<w:r><w:t>{value}</w:t></w:r>")
    run = text_run(value if isinstance(value, str) else shown(value))
    properties = ("<w:b/>" if bold else "") + ("<w:i/>" if italic else "")
    clean_color = str(color).lstrip("#")
    if clean_color:
        if len(clean_color) != 6 or any(c not in "0123456789abcdefABCDEF" for c in clean_color):
            raise Refused("TEMPLATE_VALUE", f"rich: {color!r} is no colour; write it as C00000")
        properties += f'<w:color w:val="{clean_color}"/>'
    if size:
        half_points = round(float(size) * 2)
        properties += f'<w:sz w:val="{half_points}"/>'
    return Markup(run.replace("<w:r>", f"<w:r><w:rPr>{properties}</w:rPr>", 1))


def _fmt(value: Any, code: str) -> str:
    """`{{ raw.total|fmt("#,##0.00") }}`: one of Excel's number formats."""
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


def _no_picture(_value: Any, **_size: Any) -> Markup:
    raise Refused("TEMPLATE_VALUE", "picture: there are no images here")
