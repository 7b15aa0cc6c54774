"""The Jinja2 environment that templates run in. A template is a stranger's program."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from jinja2 import Undefined, nodes
from jinja2.filters import _GroupTuple
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from app.domain.refusal import Refused
from app.domain.shown import Shown
from app.domain.template.absent import NoRow, Strict
from app.domain.template.budget import Budget, check_operation, concat, join
from app.domain.template.filters import (
    filters,
    instead_of,
    no_run,
    printed,
    printed_plain,
    replace_text,
)
from app.domain.template.scopes import LOOP_OVER

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
_JOINED = "joined ~"


class Sandbox(ImmutableSandboxedEnvironment):
    """Fields before attributes, and of attributes only those that are listed here."""

    intercepted_binops = frozenset("+ - * / // % **".split())
    concat = staticmethod(concat)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.budget = Budget()

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
        message = f"{attribute!r} of a {type(obj).__name__} is not for templates"
        hint = "" if attribute.startswith("_") else instead_of(attribute, _names_of(obj))
        raise Refused("TEMPLATE_FORBIDDEN", message, hint)

    def wrap_str_format(self, value: Any) -> None:
        """`"{:9999999}".format(x)` is refused like any other method that is not listed."""

    def _own(self, obj: Any, attribute: str) -> Any:
        return (
            getattr(obj, attribute)
            if isinstance(obj, Undefined)
            else super().getattr(obj, attribute)
        )

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr in _names_of(obj) or (isinstance(obj, Namespace) and not attr.startswith("_"))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """What would fill the memory, and what would calculate with a text, is refused by name."""
        for value, other in ((left, right), (right, left)):
            if isinstance(value, Shown) and isinstance(other, int | float | timedelta | Shown):
                value._as_number()
        check_operation(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Macros that call themselves are counted."""
        self.budget.call()
        text = getattr(obj, "__self__", None)
        if isinstance(text, str) and obj.__name__ == "replace":
            return replace_text(text, *args, **kwargs)
        found = super().call(context, obj, *args, **kwargs)
        return self.undefined(name=found.name) if isinstance(found, NoRow) else found

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _Counted().visit(tree)
        tree.set_environment(self)
        return tree

    def _absent(self, obj: Any, name: Any) -> Undefined:
        undefined: Undefined = self.undefined(obj=obj, name=name)
        return undefined


class _Counted(NodeTransformer):
    """Loops and `a ~ b` go through filters that no template can name: see `Budget`."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, LOOP_OVER, [], [], None, None, lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        texts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(texts, _JOINED, [], [], None, None, lineno=node.lineno)


def _names_of(obj: Any) -> frozenset[str]:
    match obj:
        case str():
            return _STR_METHODS
        case LoopContext():
            return _LOOP_NAMES
        case _GroupTuple():
            return frozenset(_GroupTuple._fields)
        case datetime() | date():
            return _DATE_NAMES
        case timedelta():
            return _DURATION_NAMES
        case _:
            return frozenset()


class RowSkipped(Exception):
    """By `skip_row()`: no document is made for this row."""


def _skip_row() -> None:
    raise RowSkipped


def make_sandbox(
    undefined: type[Undefined] = Strict,
    drawing: Mapping[str, Callable[..., Markup]] | None = None,
    *,
    plain: bool = False,
) -> Sandbox:
    """An environment that escapes everything; `undefined` says what a missing field is.

    With `plain` it prints no runs and no breaks: for what is no paragraph.
    """
    sandbox = Sandbox(
        autoescape=True,
        undefined=undefined,
        finalize=printed_plain if plain else printed,
        keep_trailing_newline=True,
        optimized=False,  # else `9**(9**9)` is worked out while the template is only looked at
    )
    sandbox.filters = filters(drawing) | {LOOP_OVER: sandbox.budget.loop, _JOINED: join}
    if plain:
        sandbox.filters["rich"] = no_run
    sandbox.tests = dict(TESTS)
    sandbox.globals = {"range": sandbox.budget.range, "namespace": Namespace, "skip_row": _skip_row}
    return sandbox
