"""What the names of a template stand for: a row, all rows, a group of them; nothing is run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from jinja2 import nodes


class Kind(Enum):
    """What an expression stands for, as far as it has to do with rows."""

    OTHER = "other"
    TOP = "top"
    """`row` and `raw` outside of every loop: the row that a document is made for."""
    ROWS = "rows"
    ROW = "row"
    CELLS = "cells"
    """`r.raw`: its attributes are fields of the row."""
    BATCHES = "batches"
    GROUPS = "groups"
    GROUP = "group"


TOP_NAMES = frozenset({"row", "raw", "images"})
LOOP_OVER = "loop over"
"""The filter that the sandbox puts around what a loop goes over."""
_SAME_ROWS = frozenset(
    (LOOP_OVER, *"sort unique reverse select reject selectattr rejectattr list".split())
)
_ONE_ROW = frozenset({"first", "last", "min", "max"})
_ATTRIBUTE_AT = {
    **{"groupby": 0, "selectattr": 0, "rejectattr": 0, "sum": 0},
    **{"sort": 2, "unique": 1, "min": 1, "max": 1, "join": 1},
}
"""Filters that take the name of an attribute, and at which place among their arguments."""
_WITHIN = {
    Kind.ROWS: Kind.ROW,
    Kind.BATCHES: Kind.ROWS,
    Kind.GROUPS: Kind.GROUP,
    Kind.GROUP: Kind.OTHER,
}
_CELLS = frozenset({"raw", "row", "images"})

Scope = dict[str, Kind]


@dataclass(slots=True)
class Reading:
    """Fields in the order in which they are asked for.

    Attributes:
        first_row: names that mean the first row although they stand in a loop over rows, with
            how a row is written there and their node.
    """

    single: list[str] = field(default_factory=list)
    looped: list[str] = field(default_factory=list)
    first_row: list[tuple[str, str, nodes.Name]] = field(default_factory=list)
    in_loops: list[str] = field(default_factory=list)
    """Names of the first row's fields that are printed on every line of a loop over rows."""


def read(tree: nodes.Template, undeclared: set[str]) -> Reading:
    """Walk through `tree`; `undeclared` are the names that the template does not set itself."""
    walk = _Walk(undeclared)
    scope: Scope = {}
    for node in tree.body:
        walk.visit(node, scope)
    return walk.found


class _Walk:
    def __init__(self, undeclared: set[str]) -> None:
        self.found = Reading()
        self._undeclared = undeclared
        self._loops: list[str] = []

    def visit(self, node: nodes.Node, scope: Scope) -> Kind:
        """What `node` stands for; everything in it is looked at once."""
        visitor: Callable[[nodes.Node, Scope], Kind] | None = getattr(
            self, f"_visit_{type(node).__name__.lower()}", None
        )
        if visitor is not None:
            return visitor(node, scope)
        for child in node.iter_child_nodes():
            self.visit(child, scope)
        return Kind.OTHER

    def _visit_name(self, node: nodes.Name, scope: Scope) -> Kind:
        if node.ctx != "load":
            return Kind.OTHER
        if node.name in scope:
            return scope[node.name]
        if node.name == "rows":
            return Kind.ROWS
        if node.name in self._undeclared:
            if node.name in TOP_NAMES or node.name == "row_number":
                if self._loops:
                    self.found.first_row.append((node.name, self._loops[-1], node))
                return Kind.TOP
            self.found.single.append(node.name)
            if self._loops:
                self.found.in_loops.append(node.name)
        return Kind.OTHER

    def _visit_getattr(self, node: nodes.Getattr, scope: Scope) -> Kind:
        return self._attribute(self.visit(node.node, scope), node.attr)

    def _visit_getitem(self, node: nodes.Getitem, scope: Scope) -> Kind:
        kind = self.visit(node.node, scope)
        self.visit(node.arg, scope)
        if isinstance(node.arg, nodes.Slice):
            return kind
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._attribute(kind, node.arg.value)
        if kind is Kind.GROUP:
            second = isinstance(node.arg, nodes.Const) and node.arg.value == 1
            return Kind.ROWS if second else Kind.OTHER
        return _WITHIN.get(kind, Kind.OTHER)

    def _attribute(self, kind: Kind, name: str) -> Kind:
        match kind:
            case Kind.TOP:
                self.found.single.append(name)
            case Kind.CELLS:
                self.found.looped.append(name)
            case Kind.ROW if name in _CELLS:
                return Kind.CELLS
            case Kind.ROW:
                self.found.looped.append(name)
            case Kind.GROUP if name == "list":
                return Kind.ROWS
            case _:
                pass
        return Kind.OTHER

    def _visit_filter(self, node: nodes.Filter, scope: Scope) -> Kind:
        kind = self.visit(node.node, scope) if node.node is not None else Kind.OTHER
        for argument in (*node.args, *node.kwargs):
            self.visit(argument, scope)
        if node.name == LOOP_OVER or kind not in _WITHIN:
            return kind
        if kind is Kind.ROWS:
            self._attribute_argument(node)
        if node.name in _SAME_ROWS:
            return kind
        if node.name in _ONE_ROW:
            return _WITHIN[kind]
        if kind is Kind.ROWS and node.name == "groupby":
            return Kind.GROUPS
        if node.name == "map" and _constant(node, "attribute", None) == "list":
            return Kind.BATCHES if kind is Kind.GROUPS else Kind.OTHER
        return Kind.BATCHES if kind is Kind.ROWS and node.name in {"batch", "slice"} else Kind.OTHER

    def _attribute_argument(self, node: nodes.Filter) -> None:
        """`rows|sum(attribute="raw.Total")` asks for the field Total."""
        if node.name == "chart":
            for column in (_constant(node, "labels", 1), _constant(node, "values", 2)):
                names = column if isinstance(column, list) else [column]
                self.found.looped += [n.removeprefix("raw.") for n in names if isinstance(n, str)]
            return
        place = _ATTRIBUTE_AT.get(node.name)
        path = _constant(node, "attribute", place)
        if isinstance(path, str):
            names = path.split(".")
            name = names[1] if names[0] in _CELLS and len(names) > 1 else names[0]
            self.found.looped.append(name)

    def _visit_for(self, node: nodes.For, scope: Scope) -> Kind:
        kind = self.visit(node.iter, scope)
        inner = {**scope, **dict.fromkeys(_targets(node.target), Kind.OTHER), "loop": Kind.OTHER}
        within = _WITHIN.get(kind, Kind.OTHER)
        if isinstance(node.target, nodes.Name):
            inner[node.target.name] = within
        elif within is Kind.GROUP and isinstance(node.target, nodes.Tuple):
            last = node.target.items[-1]
            if isinstance(last, nodes.Name):
                inner[last.name] = Kind.ROWS
        over_rows = kind in _WITHIN and kind is not Kind.GROUP
        if over_rows:
            self._loops.append(_row_of(kind, list(_targets(node.target))[-1]))
        for child in (*((node.test,) if node.test is not None else ()), *node.body):
            self.visit(child, inner)
        if over_rows:
            self._loops.pop()
        for child in node.else_:
            self.visit(child, scope)
        return Kind.OTHER

    def _visit_assign(self, node: nodes.Assign, scope: Scope) -> Kind:
        kind = self.visit(node.node, scope)
        for name in _targets(node.target):
            scope[name] = kind
        return Kind.OTHER

    def _visit_with(self, node: nodes.With, scope: Scope) -> Kind:
        inner = dict(scope)
        for target, value in zip(node.targets, node.values, strict=True):
            inner.update(dict.fromkeys(_targets(target), self.visit(value, scope)))
        for child in node.body:
            self.visit(child, inner)
        return Kind.OTHER

    def _visit_macro(self, node: nodes.Macro, scope: Scope) -> Kind:
        inner = {**scope, **{argument.name: Kind.OTHER for argument in node.args}}
        for child in node.body:
            self.visit(child, inner)
        return Kind.OTHER

    def _visit_condexpr(self, node: nodes.CondExpr, scope: Scope) -> Kind:
        self.visit(node.test, scope)
        kind = self.visit(node.expr1, scope)
        other = self.visit(node.expr2, scope) if node.expr2 is not None else kind
        return kind if kind is other else Kind.OTHER


def _targets(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Name):
        yield node.name
    for name in node.find_all(nodes.Name):
        yield name.name


def _row_of(kind: Kind, target: str) -> str:
    """How a row is written in a loop over `kind` whose variable is `target`."""
    within = {Kind.BATCHES: "[0]", Kind.GROUPS: ".list[0]"}
    return target + within.get(kind, "")


def _constant(node: nodes.Filter, keyword: str, place: int | None) -> object:
    found: nodes.Node | None = next((k.value for k in node.kwargs if k.key == keyword), None)
    if found is None and place is not None and place < len(node.args):
        found = node.args[place]
    if isinstance(found, nodes.List | nodes.Tuple):
        return [each.value for each in found.items if isinstance(each, nodes.Const)]
    return found.value if isinstance(found, nodes.Const) else None
