"""Which fields does a template ask for?"""

from dataclasses import dataclass

from jinja2 import meta, nodes

from app.domain.columns import RESERVED
from app.domain.refusal import Refused
from app.domain.template.merge_fields import TakenOver
from app.domain.template.scopes import Reading, read

_GLOBALS = frozenset({"range", "namespace", "skip_row"})


@dataclass(frozen=True, slots=True)
class Warned:
    """What the author of a template should know; `code` is stable, `names` are its fields."""

    code: str
    message: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fields:
    """Names without doubles, in order.

    Attributes:
        single: asked of the row that a document is made for (mode `per-row`).
        looped: asked of each row in a loop over `rows` (mode `single`).
        uses_rows: there is such a loop.
        uses_images: it asks for pictures of the workbook.
        inserts: documents that are inserted, by name.
        warnings: of the template as a whole.
    """

    single: tuple[str, ...] = ()
    looped: tuple[str, ...] = ()
    uses_rows: bool = False
    uses_images: bool = False
    inserts: tuple[str, ...] = ()
    warnings: tuple[Warned, ...] = ()

    def plus(self, other: "Fields") -> "Fields":
        return Fields(
            _merged(self.single, other.single),
            _merged(self.looped, other.looped),
            self.uses_rows or other.uses_rows,
            self.uses_images or other.uses_images,
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
    )
    found.in_loops = [name for name in found.in_loops if name not in own]
    return fields, found


def warnings(has_tags: bool, in_loops: list[str], merge: TakenOver) -> tuple[Warned, ...]:
    """Raised to its author at the upload; the template is taken all the same."""
    found: list[Warned] = []
    if merge.columns:
        taken = "fields of a mail merge were taken over as tags"
        found.append(Warned("MERGE_FIELDS_TAKEN_OVER", taken, merge.columns))
    if merge.left:
        left = "fields of a mail merge that print what they printed last; write tags instead"
        found.append(Warned("MERGE_FIELDS_LEFT", left, merge.left))
    if not has_tags:
        none = "the template has no field: every document is the same; write {{ Name }}"
        found.append(Warned("NO_FIELDS", none))
    if in_loops:
        first = "in a loop over rows, and yet the first row's on every line; write r.Name"
        found.append(Warned("FIRST_ROW_IN_LOOP", first, tuple(dict.fromkeys(in_loops))))
    return tuple(found)


def refuse_loading(tree: nodes.Template, part: str) -> None:
    """Raises: Refused: `TEMPLATE_TAG` for tags that would load another template by themselves."""
    kinds = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
    for node in tree.find_all(kinds):
        raise Refused(
            "TEMPLATE_TAG",
            f"{part}: a template may not use {type(node).__name__.lower()}",
            'another document is inserted by {{p insert("Terms") }}',
        )
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "insert":
            raise Refused(
                "TEMPLATE_TAG",
                f"{part}: insert() is for whole paragraphs, of a document named by a plain text",
                'write {{p insert("Terms") }} alone in a paragraph of the text or of a cell',
            )


def _merged(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
