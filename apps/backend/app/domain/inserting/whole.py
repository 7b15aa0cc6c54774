"""A template and the documents that it names, as one."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from app.domain.inserting.names import inserts
from app.domain.inserting.replacing import replace
from app.domain.inserting.styles import Looks
from app.domain.merging.growing import Growing
from app.domain.merging.marks import Marks
from app.domain.merging.names import found, w
from app.domain.merging.notes import Notes
from app.domain.merging.package import Package, to_xml
from app.domain.refusal import Refused
from app.domain.template.package import read_package

MAX_DEPTH = 3
"""Documents in documents in documents."""
MAX_INSERTED = 50
"""In one template, all together."""
_COMMENTS = ("commentRangeStart", "commentRangeEnd", "commentReference")


def whole_template(path: Path, inserted: Mapping[str, Path], max_unpacked_bytes: int) -> bytes:
    """The .docx at `path` with the text of each document that it names in the tag's place.

    Styles of the same name look as they do in the template; others, lists, pictures and notes come
    along. Page set-up, headers and footers are the template's.

    Args:
        inserted: the documents by name, each to be read by `read_package` first.

    Raises:
        Refused: `TEMPLATE_INSERT`, `TEMPLATE_TAG`; what `read_package` raises of one of them.
    """
    return _Whole(inserted, max_unpacked_bytes).of(path, ())


@dataclass
class _Whole:
    inserted: Mapping[str, Path]
    max_bytes: int
    _made: dict[str, bytes] = field(default_factory=dict)
    _count: int = 0
    _bytes: int = 0

    def of(self, path: Path, within: tuple[str, ...]) -> bytes:
        package = Package(path.read_bytes())
        root = package.tree(package.document)
        growing = Growing(package)
        looks, notes, marks = Looks(growing), Notes(growing), Marks()
        marks.number([root], 0)
        for number, (paragraph, name) in enumerate(inserts(root), 1):
            other = Package(self._named(name, within))
            body = other.tree(other.document).find(w("body"))
            if body is None:
                raise refused(f"{name!r} is of a kind of Word's that is not inserted (strict)")
            _make_plain(name, body, other, package)
            taken = notes.take(other, body)
            marks.number([body, *taken], number)
            blocks = list(body)
            growing.adopt(other, other.document, growing.document, blocks)
            looks.take(other, [*blocks, *taken])
            replace(paragraph, blocks)
        looks.finish()
        return _packed(growing, root)

    def _named(self, name: str, within: tuple[str, ...]) -> bytes:
        """The document with those that it names itself."""
        if name not in self.inserted:
            raise refused(f"there is no document {name!r} to insert")
        if name in within:
            raise refused(f"{' inserts '.join(map(repr, (*within, name)))}: there is no end to it")
        if len(within) == MAX_DEPTH:
            raise refused(f"{name!r} is inserted more than {MAX_DEPTH} documents deep")
        self._count += 1
        if self._count > MAX_INSERTED:
            raise refused(f"more than {MAX_INSERTED} documents are inserted")
        if name not in self._made:
            try:
                read_package(self.inserted[name], self.max_bytes)
            except Refused as refusal:
                refusal.message = f"inserted document {name!r}: {refusal.message}"
                raise
            self._made[name] = self.of(self.inserted[name], (*within, name))
        with zipfile.ZipFile(io.BytesIO(self._made[name])) as archive:
            self._bytes += sum(info.file_size for info in archive.infolist())
        if self._bytes > self.max_bytes:
            raise refused(f"the inserted documents have more than {self.max_bytes >> 20} MiB")
        return self._made[name]


def refused(
    message: str, hint: str = "name another template of the team's, as it is called"
) -> Refused:
    """`TEMPLATE_INSERT`."""
    return Refused("TEMPLATE_INSERT", message, hint)


def _make_plain(name: str, body: etree._Element, other: Package, ours: Package) -> None:
    """Without sections and comments; with notes only where there is a place for them."""
    for each in list(found(body, ".//w:sectPr")):
        parent = each.getparent()
        if parent is not None:
            parent.remove(each)
    for each in list(found(body, " | ".join(f".//w:{mark}" for mark in _COMMENTS))):
        parent = each.getparent()
        if parent is not None:
            parent.remove(each)
    for kind in ("footnote", "endnote"):
        if next(found(body, f".//w:{kind}Reference"), None) is None:
            continue
        if ours.related(f"{kind}s") is None or other.related(f"{kind}s") is None:
            raise Refused(
                "TEMPLATE_INSERT",
                f"{name!r} has a {kind}, for which the template has no place",
                f"write one {kind} into the template, save it, and take it out again",
            )


def _packed(growing: Growing, root: etree._Element) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        growing.write(archive)
        archive.writestr(growing.document, to_xml(root))
    return out.getvalue()
