"""What a part of a document has printed beside its text: pictures, charts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, count
from xml.sax.saxutils import quoteattr

from app.domain.refusal import Refused
from app.domain.xml_safe import parse

_RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


@dataclass(slots=True)
class Printed:
    """By names below the document's folder.

    A part is rendered alone, so one of these serves all parts in turn.

    Attributes:
        packed: what is smaller already than deflating makes it.
        xml: all the others.
        mark: what names and ids begin with; a result that is a template again has some.
        types: content types of those whose suffix does not tell.
    """

    mark: str = "excel2doc"
    packed: dict[str, bytes] = field(default_factory=dict)
    xml: dict[str, bytes] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    _ids: dict[tuple[str, str], str] = field(default_factory=dict)
    _is_open: bool = False

    def start(self, *, is_open: bool) -> None:
        """A new part; one that is not open has no place for relationships."""
        self.packed, self.xml, self.types, self._ids = {}, {}, {}, {}
        self._is_open = is_open

    def relate(self, kind: str, name: str) -> str:
        """The id by which the part refers to `name`. Raises: Refused: it is not open."""
        if not self._is_open:
            message = "a picture, a code or a chart is printed by a filter that stands in the tag"
            raise Refused("TEMPLATE_VALUE", message, "write images.Photo|picture, not map()")
        return self._ids.setdefault((kind, name), f"{self.mark}{len(self._ids) + 1}")

    @property
    def relationships(self) -> str:
        """The elements that the part's relationships need."""
        return "".join(
            f'<Relationship Id="{key}" Type="{_RELATIONSHIPS}/{kind}" Target={quoteattr(name)}/>'
            for (kind, name), key in self._ids.items()
        )


def free_mark(fixed: Mapping[str, bytes]) -> str:
    """One that no name of a part has, and no relationship."""
    taken = "\n".join(fixed).lower()
    rels = [data for name, data in fixed.items() if name.lower().endswith(".rels")]
    marks = chain(["excel2doc"], (f"excel2doc-{number}-" for number in count(2)))
    return next(
        mark for mark in marks if mark not in taken and all(mark.encode() not in r for r in rels)
    )


def open_relationships(data: bytes | None) -> str:
    """A part's relationships up to where more can be added; without any when there are none."""
    return _opened(data, "Relationships", f"{_PACKAGE}/relationships")


def open_types(data: bytes) -> str:
    """[Content_Types].xml up to where more can be added."""
    return _opened(data, "Types", f"{_PACKAGE}/content-types")


def override(part: str, content_type: str) -> str:
    """What [Content_Types].xml says of a part."""
    return f'<Override PartName={quoteattr("/" + part)} ContentType="{content_type}"/>'


def _opened(data: bytes | None, root: str, namespace: str) -> str:
    elements = parse(data, root) if data else ()
    written = (
        f"<{str(element.tag).rpartition('}')[2]} "
        f"{' '.join(f'{k!s}={quoteattr(str(v))}' for k, v in element.items())}/>"
        for element in elements
    )
    return f'<{root} xmlns="{namespace}">{"".join(written)}'
