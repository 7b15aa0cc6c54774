"""Word documents of one template as one document.

docxcompose, the library for documents of any origin, leaves out the headers and footers of what
it appends, and its time grows with the square of their number. Ours are of one template, so
styles, fonts and settings are equal, and what differs is told by its bytes.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from lxml import etree

from app.domain.merging.fields import free_from_properties, keep_what_fields_say, properties_of
from app.domain.merging.growing import Growing
from app.domain.merging.lists import Lists
from app.domain.merging.marks import Marks
from app.domain.merging.names import found, w
from app.domain.merging.notes import Notes
from app.domain.merging.package import Package
from app.domain.merging.sections import Sections, close, notes_by_section, sections
from app.domain.refusal import Refused

_CHUNK = 1 << 20


def merge_documents(
    documents: Iterable[bytes], path: Path, max_bytes: int, tell: Callable[[int], None]
) -> None:
    """Write the documents, in their order, as one into `path`.

    Args:
        max_bytes: of the text and its markup, not packed.
        tell: how many are in it already.

    Raises:
        Refused: `MERGED_TOO_LARGE`.
    """
    with TemporaryFile(dir=path.parent) as body:
        merging: _Merging | None = None
        for content, is_last in _with_last(documents):
            package = Package(content)
            _prepare(package)
            merging = merging or _Merging(package, body)
            merging.append(package, is_last=is_last)
            if body.tell() > max_bytes:
                raise _too_large(merging.count, max_bytes)
            tell(merging.count)
        if merging is None:
            raise Refused("NOTHING_TO_CONVERT", "no row makes a document")
        merging.write(path)


class _Merging:
    def __init__(self, first: Package, body: IO[bytes]) -> None:
        self.count = 0
        self._growing = Growing(first)
        self._lists = Lists.of(first)
        self._sections = Sections(self._growing)
        self._notes, self._marks = Notes(self._growing), Marks()
        self._body = body
        self._tail = b""

    def append(self, package: Package, *, is_last: bool) -> None:
        root = package.tree(package.document)
        body = _body_of(root)
        all_ = sections(body)
        self._sections.begin(all_, first_document=not self.count)
        notes_by_section(all_)
        notes = []
        if self.count:
            self._lists.restart(body)
            notes = self._notes.take(package, body)
            document = self._growing.document
            self._growing.adopt(package, package.document, document, [body])
            _keep_equal_properties(self._growing.first, package)
        self._marks.number([body, *notes], self.count)
        if not is_last:
            close(body)
        head, inner, self._tail = _cut(root, body)
        if not self.count:
            self._body.write(head)
        self._body.write(inner)
        self.count += 1

    def write(self, path: Path) -> None:
        self._body.write(self._tail)
        self._body.seek(0)
        _gather_endnotes(self._growing.first)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            self._growing.write(archive)
            with archive.open(self._growing.document, "w", force_zip64=True) as out:
                while chunk := self._body.read(_CHUNK):
                    out.write(chunk)


def _prepare(package: Package) -> None:
    """Before parts are compared: what fields say is settled in all of them."""
    root = package.tree(package.document)
    one_section = len(sections(_body_of(root))) == 1
    stories = [root]
    properties = properties_of(
        package.properties("core-properties"), package.properties("custom-properties")
    )
    for each in package.relationships(package.document).values():
        is_story = each.kind.endswith(("/header", "/footer", "/footnotes", "/endnotes"))
        if is_story and each.target in package.names:
            stories.append(package.tree(each.target))
    for story in stories:
        keep_what_fields_say(story, properties, one_section=one_section)
        free_from_properties(story)


def _body_of(root: etree._Element) -> etree._Element:
    body = root.find(w("body"))
    if body is None:
        raise Refused(
            "MERGED_UNKNOWN",
            "the template is of a kind of Word's that cannot be merged (strict)",
            "save it as an ordinary .docx, or take the ZIP",
        )
    return body


def _cut(root: etree._Element, body: etree._Element) -> tuple[bytes, bytes, bytes]:
    """What is before the body's content, the content, and what is after it.

    The namespaces are the root's, so that each document's content does not repeat them.
    """
    text = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    name = f"{body.prefix}:body" if body.prefix else "body"
    start = text.index(b">", text.index(f"<{name}".encode())) + 1
    end = text.rindex(f"</{name}>".encode())
    return text[:start], text[start:end], text[end:]


def _keep_equal_properties(first: Package, package: Package) -> None:
    """The title of one document is none of all: what differs among them is left out."""
    ours, theirs = first.properties("core-properties"), package.properties("core-properties")
    if ours is None or theirs is None:
        return
    known = {each.tag: each.text for each in theirs}
    for element in list(ours):
        if known.get(element.tag) != element.text:
            ours.remove(element)


def _gather_endnotes(first: Package) -> None:
    """Endnotes stand at the end of their document, which is the end of a section now."""
    name = first.related("settings")
    if name is None or first.related("endnotes") is None:
        return
    for properties in found(first.tree(name), "./w:endnotePr"):
        position = properties.find(w("pos"))
        if position is None:
            position = etree.Element(w("pos"))
            properties.insert(0, position)
        position.set(w("val"), "sectEnd")


def _with_last(documents: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    held: bytes | None = None
    for each in documents:
        if held is not None:
            yield held, False
        held = each
    if held is not None:
        yield held, True


def _too_large(count: int, max_bytes: int) -> Refused:
    return Refused(
        "MERGED_TOO_LARGE",
        f"the first {count} documents fill more than {max_bytes >> 20} MiB, which no Word opens",
        "take the ZIP, or the PDF, or fewer rows",
    )
