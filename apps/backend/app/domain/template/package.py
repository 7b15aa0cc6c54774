"""A .docx as parts: what may not be in it is refused, what would reach outside is cut off."""

import posixpath
import zipfile
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from app.domain.refusal import Refused
from app.domain.xml_safe import local, parse
from app.domain.zip_guard import check_zip

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MAIN_TYPES = (
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
)
_RENDERED = ("/header", "/footer", "/footnotes", "/endnotes")
_REACHING_FIELDS = (
    "DDE",
    "DDEAUTO",
    "INCLUDE",
    "INCLUDETEXT",
    "INCLUDEPICTURE",
    "LINK",
    "IMPORT",
    "RD",
)
_MAX_PART_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Package:
    """`rendered` are the parts that may hold fields, the document first; `fixed` all the others."""

    document: str
    rendered: dict[str, str]
    fixed: dict[str, bytes]


def read_package(path: Path, max_unpacked_bytes: int) -> Package:
    """Raises: Refused: `TEMPLATE_*`, `ZIP_*`, `XML_*`, naming the part."""
    check_zip(path, max_unpacked_bytes)
    with zipfile.ZipFile(path) as archive:
        parts = {
            info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()
        }
    document = _main_part(parts)
    for name in parts:
        if posixpath.basename(name).lower() in {"vbaproject.bin", "vbadata.xml"}:
            raise Refused("TEMPLATE_MACROS", "the template holds macros", "save it as .docx")
    for name in [n for n in parts if n.endswith(".rels")]:
        parts[name] = _cut_external(name, parts[name])
    names = [document, *_related(parts, document)]
    rendered = {name: _clean(name, parts.pop(name)) for name in names if name in parts}
    types = parts["[Content_Types].xml"].replace(_MAIN_TYPES[1].encode(), _MAIN_TYPES[0].encode())
    parts["[Content_Types].xml"] = types
    if "word/settings.xml" in parts:
        parts["word/settings.xml"] = _clean_settings(parts["word/settings.xml"])
    return Package(document, rendered, parts)


def _main_part(parts: dict[str, bytes]) -> str:
    try:
        types = parse(parts["[Content_Types].xml"], "[Content_Types].xml")
        relationships = parse(parts["_rels/.rels"], "_rels/.rels")
    except KeyError as error:
        raise _no_document() from error
    for relationship in relationships.iter("{*}Relationship"):
        if (relationship.get("Type") or "").endswith("/officeDocument"):
            name = (relationship.get("Target") or "").lstrip("/")
            kinds = {
                e.get("PartName"): e.get("ContentType") or "" for e in types.iter("{*}Override")
            }
            kind = kinds.get(f"/{name}", "")
            if "macroEnabled" in kind:
                raise Refused("TEMPLATE_MACROS", "the template holds macros", "save it as .docx")
            if kind in _MAIN_TYPES and name in parts:
                return name
    raise _no_document()


def _no_document() -> Refused:
    return Refused("TEMPLATE_NOT_DOCX", "the file is no Word document", "send a .docx")


def _related(parts: dict[str, bytes], document: str) -> list[str]:
    folder, name = posixpath.split(document)
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    if path not in parts:
        return []
    return [
        posixpath.normpath(posixpath.join(folder, r.get("Target") or "")).lstrip("/")
        for r in parse(parts[path], path).iter("{*}Relationship")
        if (r.get("Type") or "").endswith(_RENDERED)
    ]


def _cut_external(name: str, data: bytes) -> bytes:
    root = parse(data, name)
    changed = False
    for relationship in list(root.iter("{*}Relationship")):
        if relationship.get("TargetMode") != "External":
            continue
        kind = (relationship.get("Type") or "").rpartition("/")[2]
        if kind == "hyperlink":
            continue
        if kind != "attachedTemplate":
            raise Refused(
                "TEMPLATE_EXTERNAL",
                f"{name} refers to a {kind} outside of the document: "
                f"{(relationship.get('Target') or '')[:100]!r}",
                "embed it in the document",
            )
        root.remove(relationship)
        changed = True
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") if changed else data


def _clean_settings(data: bytes) -> bytes:
    root = parse(data, "word/settings.xml")
    for element in [*root.iter(f"{_W}attachedTemplate"), *root.iter(f"{_W}mailMerge")]:
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def _clean(name: str, data: bytes) -> str:
    if len(data) > _MAX_PART_BYTES:
        raise Refused("TEMPLATE_TOO_LARGE", f"{name} is larger than {_MAX_PART_BYTES} bytes")
    root = parse(data, name)
    for chunk in list(root.iter(f"{_W}altChunk")):
        parent = chunk.getparent()
        if parent is not None:
            parent.remove(chunk)
    for simple in root.iter(f"{_W}fldSimple"):
        if _reaches(simple.get(f"{_W}instr") or ""):
            simple.set(f"{_W}instr", "")
    _blank_reaching_fields(root)
    return etree.tostring(root, encoding="unicode")


def _blank_reaching_fields(root: etree._Element) -> None:
    """A field's instruction may be cut into many runs, so it is put together before it is read."""
    instructions: list[list[etree._Element]] = []
    for element in root.iter(f"{_W}fldChar", f"{_W}instrText"):
        if local(element) == "instrText":
            if instructions:
                instructions[-1].append(element)
            continue
        kind = element.get(f"{_W}fldCharType")
        if kind == "begin":
            instructions.append([])
        elif kind in {"separate", "end"} and instructions:
            pieces = instructions[-1] if kind == "separate" else instructions.pop()
            if _reaches("".join(piece.text or "" for piece in pieces)):
                for piece in pieces:
                    piece.text = ""


def _reaches(instruction: str) -> bool:
    words = instruction.split(None, 1)
    return bool(words) and words[0].upper() in _REACHING_FIELDS
