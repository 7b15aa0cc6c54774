"""Which fields does a template ask for?"""

from dataclasses import dataclass

from jinja2 import meta, nodes

from app.domain.columns import RESERVED
from app.domain.refusal import Refused
from app.domain.template.scopes import Reading, read

_GLOBALS = frozenset({"range", "namespace"})


@dataclass(frozen=True, slots=True)
class Fields:
    """Names without doubles, in order.

    Attributes:
        single: asked of the row that a document is made for (mode `per-row`).
        looped: asked of each row in a loop over `rows` (mode `single`).
        uses_rows: there is such a loop.
        uses_images: it asks for pictures of the workbook.
        first_row: those of `single` that stand in a loop over rows, where they are the first row's.
    """

    single: tuple[str, ...] = ()
    looped: tuple[str, ...] = ()
    uses_rows: bool = False
    uses_images: bool = False
    first_row: tuple[str, ...] = ()

    def plus(self, other: "Fields") -> "Fields":
        return Fields(
            _merged(self.single, other.single),
            _merged(self.looped, other.looped),
            self.uses_rows or other.uses_rows,
            self.uses_images or other.uses_images,
            _merged(self.first_row, other.first_row),
        )


def find_fields(tree: nodes.Template) -> tuple[Fields, Reading]:
    """The fields of one part, by its syntax tree; nothing is run."""
    names = meta.find_undeclared_variables(tree)
    found = read(tree, names)
    own = RESERVED | _GLOBALS
    accessed = {n.attr for n in tree.find_all(nodes.Getattr)} | {
        n.arg.value for n in tree.find_all(nodes.Getitem) if isinstance(n.arg, nodes.Const)
    }
    fields = Fields(
        tuple(dict.fromkeys(n for n in found.single if n not in own)),
        tuple(dict.fromkeys(n for n in found.looped if n not in RESERVED)),
        "rows" in names,
        "images" in names or "images" in accessed,
        tuple(dict.fromkeys(n for n in found.in_loops if n not in own)),
    )
    return fields, found


def refuse_loading(tree: nodes.Template, part: str) -> None:
    """Raises: Refused: `TEMPLATE_TAG` for tags that would load another template."""
    kinds = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
    for node in tree.find_all(kinds):
        raise Refused(
            "TEMPLATE_TAG", f"{part}: a template may not use {type(node).__name__.lower()}"
        )


def _merged(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
