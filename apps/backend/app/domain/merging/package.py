"""A .docx that we have made, read part by part."""

import io
import posixpath
import zipfile
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from app.domain.template.package import relationships_of
from app.domain.xml_safe import parse

_TYPES = "[Content_Types].xml"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DOCUMENT = "/officeDocument"


@dataclass(frozen=True, slots=True)
class Relationship:
    """`target` is a part's name, or an address where `external`."""

    kind: str
    target: str
    external: bool


@dataclass
class Package:
    """The parts by name; none is unpacked before it is asked for."""

    content: bytes
    _trees: dict[str, etree._Element] = field(default_factory=dict)
    _related: dict[str, dict[str, Relationship]] = field(default_factory=dict)

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(io.BytesIO(self.content))

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(self._archive.namelist())

    def read(self, name: str) -> bytes:
        """The part's bytes, or those of the tree that somebody has changed."""
        if name in self._trees:
            return to_xml(self._trees[name])
        return self._archive.read(name)

    def tree(self, name: str) -> etree._Element:
        """The part as a tree; what is changed in it is read from then on."""
        if name not in self._trees:
            self._trees[name] = parse(self._archive.read(name), name)
        return self._trees[name]

    @cached_property
    def document(self) -> str:
        """The name of the main part."""
        return next(r.target for r in self.relationships("").values() if _ends(r, _DOCUMENT))

    def relationships(self, part: str) -> dict[str, Relationship]:
        """By id; "" is the package itself."""
        path = relationships_of(part) if part else "_rels/.rels"
        if path not in self.names:
            return {}
        if part not in self._related:
            self._related[part] = _relationships(self.tree(path), posixpath.dirname(part))
        return self._related[part]

    def related(self, kind: str) -> str | None:
        """The part that the document refers to as `kind`."""
        found = (r for r in self.relationships(self.document).values() if _ends(r, f"/{kind}"))
        return next((r.target for r in found if r.target in self.names), None)

    def properties(self, kind: str) -> etree._Element | None:
        """The properties of the file that are called so."""
        found = (r.target for r in self.relationships("").values() if _ends(r, f"/{kind}"))
        return next((self.tree(name) for name in found if name in self.names), None)

    def content_type(self, part: str) -> str:
        """What [Content_Types].xml says of a part."""
        suffix = posixpath.splitext(part)[1].lstrip(".").lower()
        default = ""
        for element in self.tree(_TYPES):
            if element.get("PartName") == f"/{part}":
                return element.get("ContentType") or ""
            if (element.get("Extension") or "").lower() == suffix:
                default = element.get("ContentType") or ""
        return default


def _ends(relationship: Relationship, kind: str) -> bool:
    return not relationship.external and relationship.kind.endswith(kind)


def _relationships(root: etree._Element, folder: str) -> dict[str, Relationship]:
    made = {}
    for element in root:
        target, external = element.get("Target") or "", element.get("TargetMode") == "External"
        if not external:
            target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
        kind = element.get("Type") or ""
        made[element.get("Id") or ""] = Relationship(kind, target, external)
    return made


def write_relationships(relationships: dict[str, Relationship]) -> bytes:
    """The part that holds them."""
    root = etree.Element(
        f"{{{_PACKAGE}/relationships}}Relationships",
        nsmap={None: f"{_PACKAGE}/relationships"},  # type: ignore[dict-item]
    )
    for key, each in relationships.items():
        target = each.target if each.external else f"/{each.target}"
        made = etree.SubElement(root, f"{{{_PACKAGE}/relationships}}Relationship")
        made.attrib.update({"Id": key, "Type": each.kind, "Target": target})
        if each.external:
            made.set("TargetMode", "External")
    return to_xml(root)


def to_xml(root: etree._Element) -> bytes:
    """As Word writes it."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
