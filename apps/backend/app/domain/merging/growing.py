"""The package that grows: the first document's parts, and those of later ones that differ."""

import hashlib
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from lxml import etree

from app.domain.merging.names import R
from app.domain.merging.package import Package, Relationship, to_xml, write_relationships
from app.domain.template.package import relationships_of

_TYPES = "[Content_Types].xml"


@dataclass
class Growing:
    """What the merged document is made of, but for its body.

    Most parts of documents from one template are equal to the byte: such a part is kept once.
    """

    first: Package
    _added: dict[str, bytes] = field(default_factory=dict)
    _related: dict[str, dict[str, Relationship]] = field(default_factory=dict)
    _known: dict[bytes, str] = field(default_factory=dict)
    _ids: dict[tuple[str, Relationship], str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    """Names of parts, in small letters: case does not tell them apart."""

    def __post_init__(self) -> None:
        self.document = self.first.document
        self._taken |= {name.lower() for name in self.first.names}
        for name in sorted(self.first.names):
            if name not in (self.document, _TYPES) and not name.endswith(".rels"):
                self._known.setdefault(_digest(self.first, name), name)

    def relate(self, part: str, relationship: Relationship) -> str:
        """The id by which `part` refers to it."""
        known = self._relationships(part)
        key = (part, relationship)
        if key not in self._ids:
            ids = (f"rIdM{number}" for number in count(len(known) + 1))
            made = next(each for each in ids if each not in known)
            known[made] = relationship
            self._ids[key] = made
        return self._ids[key]

    def place(self, package: Package, name: str) -> str:
        """The name that a part of `package` has here, with all that it refers to."""
        digest = _digest(package, name)
        if digest in self._known:
            return self._known[digest]
        stem, suffix = posixpath.splitext(name)
        names = (f"{stem}_m{number}{suffix}" for number in count(len(self._added) + 1))
        placed = next(each for each in names if each.lower() not in self._taken)
        self._taken.add(placed.lower())
        self._known[digest] = placed
        self._added[placed] = package.read(name)
        self.first.tree(_TYPES).append(_override(package, name, placed))
        related = {
            key: Relationship(each.kind, self.place(package, each.target), external=False)
            if not each.external and each.target in package.names
            else each
            for key, each in package.relationships(name).items()
        }
        if related:
            self._related[placed] = related
        return placed

    def adopt(
        self, package: Package, source: str, target: str, roots: list[etree._Element]
    ) -> None:
        """Have elements of `source`, a part of `package`, refer to what `target` refers to here."""
        theirs = package.relationships(source)
        for root in roots:
            for element in _referring(root):
                for name, value in element.attrib.items():
                    key, id_ = str(name), str(value)
                    if not key.startswith(f"{{{R}}}") or id_ not in theirs:
                        continue
                    each = theirs[id_]
                    if not each.external and each.target in package.names:
                        each = Relationship(each.kind, self.place(package, each.target), False)
                    element.set(key, self.relate(target, each))

    def add(self, name: str, data: bytes, content_type: str, kind: str) -> str:
        """A new part that the document refers to; the id of that."""
        digest = hashlib.sha256(data).digest()
        if digest not in self._known:
            self._known[digest] = name
            self._added[name] = data
            types = self.first.tree(_TYPES)
            made = etree.SubElement(types, str(types.tag).replace("Types", "Override"))
            made.attrib.update({"PartName": f"/{name}", "ContentType": content_type})
        return self.relate(self.document, Relationship(kind, self._known[digest], external=False))

    def write(self, archive: zipfile.ZipFile) -> None:
        """Everything but the document itself."""
        archive.writestr(_TYPES, to_xml(self.first.tree(_TYPES)))
        rewritten = {relationships_of(part) for part in self._related}
        for name in sorted(self.first.names - rewritten - {_TYPES, self.document}):
            archive.writestr(name, self.first.read(name))
        for name, data in self._added.items():
            archive.writestr(name, data)
        for part, related in self._related.items():
            archive.writestr(relationships_of(part), write_relationships(related))

    def _relationships(self, part: str) -> dict[str, Relationship]:
        if part not in self._related:
            self._related[part] = dict(self.first.relationships(part))
            self._ids |= {((part, each)): key for key, each in self._related[part].items()}
        return self._related[part]


def _digest(package: Package, name: str) -> bytes:
    """Equal for equal parts that refer to equal parts in the same way."""
    digest = hashlib.sha256()
    places = {name: 0}
    reached = [name]
    for part in reached:  # which grows
        digest.update(hashlib.sha256(package.read(part)).digest())
        for key, each in sorted(package.relationships(part).items()):
            target: str | int = each.target
            if not each.external and each.target in package.names:
                target = places.setdefault(each.target, len(places))
                if target == len(reached):
                    reached.append(each.target)
            digest.update(repr((key, each.kind, target)).encode())
    return digest.digest()


def _referring(root: etree._Element) -> Iterator[etree._Element]:
    result = root.xpath(".//@*[namespace-uri()=$r]/..", r=R)
    if isinstance(result, list):
        yield from (each for each in result if isinstance(each, etree._Element))


def _override(package: Package, name: str, placed: str) -> etree._Element:
    types = package.tree(_TYPES)
    made = etree.Element(str(types.tag).replace("Types", "Override"))
    made.attrib.update({"PartName": f"/{placed}", "ContentType": package.content_type(name)})
    return made
