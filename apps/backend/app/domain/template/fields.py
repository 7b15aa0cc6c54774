"""Which fields does a template ask for?"""

from dataclasses import dataclass

from jinja2 import meta, nodes

from app.domain.columns import RESERVED
from app.domain.refusal import Refused

_GLOBALS = frozenset({"range", "namespace"})


@dataclass(frozen=True, slots=True)
class Fields:
    """Names without doubles, in order.

    Attributes:
        single: asked of the row that a document is made for (mode `per-row`).
        looped: asked of each row in a loop over `rows` (mode `single`).
        uses_rows: there is such a loop.
        uses_images: it asks for pictures of the workbook.
    """

    single: tuple[str, ...] = ()
    looped: tuple[str, ...] = ()
    uses_rows: bool = False
    uses_images: bool = False

    def plus(self, other: "Fields") -> "Fields":
        return Fields(
            _merged(self.single, other.single),
            _merged(self.looped, other.looped),
            self.uses_rows or other.uses_rows,
            self.uses_images or other.uses_images,
        )


def find_fields(tree: nodes.Template) -> Fields:
    """The fields of one part, by its syntax tree; nothing is run."""
    names = meta.find_undeclared_variables(tree)
    row_names = {
        loop.target.name
        for loop in tree.find_all(nodes.For)
        if isinstance(loop.target, nodes.Name) and _is_rows(loop.iter)
    }
    single: list[str] = []
    looped: list[str] = []
    accesses: list[nodes.Getattr | nodes.Getitem] = [
        *tree.find_all(nodes.Getattr),
        *tree.find_all(nodes.Getitem),
    ]
    for node in accesses:
        name = _attribute(node)
        if name is None:
            continue
        if _is_name(node.node, row_names):
            looped.append(name)
        elif _is_name(node.node, {"raw", "row", "images"}):
            single.append(name)
        elif _is_kind_of(node.node, row_names):
            looped.append(name)
    ordered = [n.name for n in tree.find_all(nodes.Name) if n.name in names]
    single = [n for n in ordered if n not in RESERVED and n not in _GLOBALS] + single
    return Fields(
        _merged((), tuple(single)),
        _merged((), tuple(n for n in looped if n not in RESERVED)),
        "rows" in names,
        "images" in names or any(_attribute(node) == "images" for node in accesses),
    )


def refuse_loading(tree: nodes.Template, part: str) -> None:
    """Raises: Refused: `TEMPLATE_TAG` for tags that would load another template."""
    kinds = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
    for node in tree.find_all(kinds):
        raise Refused(
            "TEMPLATE_TAG", f"{part}: a template may not use {type(node).__name__.lower()}"
        )


def _is_rows(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Filter) and node.node is not None:
        return _is_rows(node.node)
    if isinstance(node, nodes.Getitem):
        return _is_rows(node.node)
    return isinstance(node, nodes.Name) and node.name == "rows"


def _attribute(node: nodes.Getattr | nodes.Getitem) -> str | None:
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        return node.arg.value
    return None


def _is_name(node: nodes.Node, names: set[str]) -> bool:
    return isinstance(node, nodes.Name) and node.name in names


def _is_kind_of(node: nodes.Node, names: set[str]) -> bool:
    """`r.raw` and `r.images`, whose attributes are fields."""
    return (
        isinstance(node, nodes.Getattr | nodes.Getitem)
        and _attribute(node) in {"raw", "images"}
        and _is_name(node.node, names)
    )


def _merged(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
