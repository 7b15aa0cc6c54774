"""A .docx as parts: what may not be in it is refused, what would reach outside is cut off."""

import posixpath
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from app.domain.ole import is_encrypted, is_ole
from app.domain.refusal import Refused
from app.domain.template.merge_fields import TakenOver, take_over
from app.domain.template.reaching import MARKS, cut_reaching
from app.domain.xml_safe import parse
from app.domain.zip_guard import check_zip

_MAIN_TYPES = (
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
)
_RENDERED = ("/header", "/footer", "/footnotes", "/endnotes", "/comments")
_PROPERTIES = ("/core-properties", "/extended-properties", "/custom-properties")
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|\\\\")
"""A target that no part of the package can be, whatever its mode says."""
_MAX_PART_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Package:
    """`rendered` are the parts that may hold fields, the document first; `fixed` all the others.

    `properties` may hold fields too: title, author, and those of the user's own.
    """

    document: str
    rendered: dict[str, str]
    properties: dict[str, str]
    fixed: dict[str, bytes]
    merge: TakenOver


def read_package(path: Path, max_unpacked_bytes: int) -> Package:
    """Raises: Refused: `TEMPLATE_*`, `ZIP_*`, `XML_*`, naming the part."""
    if is_ole(path):
        if is_encrypted(path):
            raise Refused("ENCRYPTED", "the template is password-protected", "remove its password")
        raise Refused("TEMPLATE_NOT_DOCX", "the file is of an older Word", "save it as .docx")
    check_zip(path, max_unpacked_bytes)
    with zipfile.ZipFile(path) as archive:
        parts = {
            info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()
        }
    if len({name.lower() for name in parts}) < len(parts):
        raise Refused("TEMPLATE_NOT_DOCX", "two parts of the file have the same name")
    document = _main_part(parts)
    for name in parts:
        if posixpath.basename(name).lower() in {"vbaproject.bin", "vbadata.xml"}:
            raise Refused("TEMPLATE_MACROS", "the template holds macros", "save it as .docx")
    for name in [n for n in parts if n.lower().endswith(".rels")]:
        parts[name] = _cut_external(name, parts[name])
    merge = TakenOver()
    rendered: dict[str, str] = {}
    for name in dict.fromkeys((document, *_related(parts, document, _RENDERED))):
        if name in parts:
            rendered[name], taken = _clean(name, parts.pop(name))
            merge = merge.plus(taken)
    properties = {
        name: etree.tostring(parse(parts.pop(name), name), encoding="unicode")
        for name in dict.fromkeys(_related(parts, "", _PROPERTIES))
        if name in parts and b"{" in parts[name]
    }
    types = parts["[Content_Types].xml"].replace(_MAIN_TYPES[1].encode(), _MAIN_TYPES[0].encode())
    parts["[Content_Types].xml"] = types
    fixed = {
        name: _clean_fixed(name, data) if name.lower().endswith(".xml") else data
        for name, data in parts.items()
    }
    return Package(document, rendered, properties, fixed, merge)


def _main_part(parts: dict[str, bytes]) -> str:
    try:
        types = parse(parts["[Content_Types].xml"], "[Content_Types].xml")
        relationships = parse(parts["_rels/.rels"], "_rels/.rels")
    except KeyError as error:
        raise _no_document() from error
    named = [
        each
        for each in relationships.iter("{*}Relationship")
        if (each.get("Type") or "").endswith("/officeDocument")
    ]
    if len(named) > 1:  # one program would read the first, another the last
        raise Refused("TEMPLATE_NOT_DOCX", "two parts of the file say that they are its document")
    for relationship in named:
        name = (relationship.get("Target") or "").lstrip("/")
        kinds = {e.get("PartName"): e.get("ContentType") or "" for e in types.iter("{*}Override")}
        kind = kinds.get(f"/{name}", "")
        if "macroEnabled" in kind:
            raise Refused("TEMPLATE_MACROS", "the template holds macros", "save it as .docx")
        if kind in _MAIN_TYPES and name in parts:
            return name
    raise _no_document()


def _no_document() -> Refused:
    return Refused("TEMPLATE_NOT_DOCX", "the file is no Word document", "send a .docx")


def relationships_of(part: str) -> str:
    """The name of the part that holds the relationships of `part`."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _related(parts: dict[str, bytes], document: str, kinds: tuple[str, ...]) -> list[str]:
    """The parts of these kinds that `document` refers to; "" is the package itself."""
    folder, path = posixpath.dirname(document), relationships_of(document)
    if path not in parts:
        return []
    return [
        posixpath.normpath(posixpath.join(folder, r.get("Target") or "")).lstrip("/")
        for r in parse(parts[path], path).iter("{*}Relationship")
        if (r.get("Type") or "").endswith(kinds)
    ]


def _cut_external(name: str, data: bytes) -> bytes:
    root = parse(data, name)
    changed = False
    for relationship in list(root.iter("{*}Relationship")):
        target = relationship.get("Target") or ""
        mode = (relationship.get("TargetMode") or "").lower()
        if mode != "external" and not _ELSEWHERE.match(target):
            continue
        kind = (relationship.get("Type") or "").rpartition("/")[2]
        if kind == "hyperlink":
            continue
        if kind != "attachedTemplate":
            raise Refused(
                "TEMPLATE_EXTERNAL",
                f"{name} refers to a {kind} outside of the document: {target[:100]!r}",
                "embed it in the document",
            )
        root.remove(relationship)
        changed = True
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") if changed else data


def _clean(name: str, data: bytes) -> tuple[str, TakenOver]:
    if len(data) > _MAX_PART_BYTES:
        raise Refused("TEMPLATE_TOO_LARGE", f"{name} is larger than {_MAX_PART_BYTES} bytes")
    root = parse(data, name)
    taken = take_over(root)
    cut_reaching(root)
    return etree.tostring(root, encoding="unicode"), taken


def _clean_fixed(name: str, data: bytes) -> bytes:
    """Settings, comments, building blocks: no field of ours is there, but one of Word's may be."""
    other_encoding = data[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in data[:4]
    if not other_encoding and not any(mark.encode() in data for mark in MARKS):
        return data
    root = parse(data, name)
    if not cut_reaching(root):
        return data
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
