"""The parts of an .xlsx around its sheets (ECMA-376 part 1, chapter 18)."""

import posixpath
import re
import zipfile
from dataclasses import dataclass

from app.domain.number_format.builtin import BUILTIN
from app.domain.number_format.compiled import NumberFormat, compile_format
from app.domain.refusal import Refused
from app.domain.workbook.model import SheetName
from app.domain.xml_safe import parse

_RELATIONSHIP_ID = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MAX_CELL_STYLES = 65_490
"""As many as Excel has; a workbook that has lost its styles may still name them."""
NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)


@dataclass(frozen=True, slots=True)
class SheetPart:
    sheet: SheetName
    path: str


@dataclass(frozen=True, slots=True)
class WorkbookPart:
    sheets: list[SheetPart]
    date1904: bool
    relationships: dict[str, tuple[str, str]]


def read_workbook(archive: zipfile.ZipFile) -> WorkbookPart:
    """Raises: Refused: `WORKBOOK_DAMAGED` when there is no workbook in the archive."""
    path = _workbook_path(archive)
    root = parse(_read(archive, path), path)
    relationships = read_relationships(archive, path)
    sheets = []
    for element in root.iter("{*}sheet"):
        target = next((element.get(a) for a in _RELATIONSHIP_ID if element.get(a)), None)
        kind, part = relationships.get(target or "", ("", ""))
        if kind.endswith("/worksheet") and part in archive.namelist():
            name = SheetName(
                element.get("name") or "?", element.get("state", "visible") != "visible"
            )
            sheets.append(SheetPart(name, part))
    properties = next(root.iter("{*}workbookPr"), None)
    date1904 = properties is not None and properties.get("date1904") in {"1", "true", "on"}
    return WorkbookPart(sheets, date1904, relationships)


def read_relationships(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Id to type and path, for the parts inside the archive; what is outside is left out."""
    folder, name = posixpath.split(part)
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    if path not in archive.namelist():
        return {}
    found = {}
    for element in parse(archive.read(path), path).iter("{*}Relationship"):
        if element.get("TargetMode") == "External":
            continue
        target = element.get("Target") or ""
        full = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
        found[element.get("Id") or ""] = (element.get("Type") or "", posixpath.normpath(full))
    return found


def unescape(text: str) -> str:
    """`_x000D_` is how Excel writes a character that XML cannot hold (22.9.2.19).

    An underscore that only looks like the start of one is written `_x005F_`, and is not read again.
    """
    if "_x" not in text:
        return text
    plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    if any("\ud800" <= character <= "\udfff" for character in plain):  # two halves of one
        return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return plain


def read_formats(archive: zipfile.ZipFile, workbook: WorkbookPart) -> list[NumberFormat]:
    """The number format of each cell style (`cellXfs`), one at least."""
    general = compile_format("General", date1904=workbook.date1904)
    path = part_of_type(workbook, "/styles")
    if path is None or path not in archive.namelist():
        return [general] * _MAX_CELL_STYLES
    root = parse(archive.read(path), path)
    codes = dict(BUILTIN)
    for element in root.iter("{*}numFmt"):
        number = element.get("numFmtId") or ""
        if number.isdigit():
            codes[int(number)] = element.get("formatCode") or "General"
    formats = []
    for holder in root.iter("{*}cellXfs"):
        for element in holder.iter("{*}xf"):
            number = element.get("numFmtId") or "0"
            code = codes.get(int(number) if number.isdigit() else 0, "General")
            formats.append(compile_format(code, date1904=workbook.date1904))
    return formats or [general]


def _workbook_path(archive: zipfile.ZipFile) -> str:
    for kind, path in read_relationships(archive, "").values():
        if kind.endswith("/officeDocument"):
            return path
    raise Refused(
        "WORKBOOK_DAMAGED", "the archive holds no workbook", "save it as .xlsx and try again"
    )


def part_of_type(workbook: WorkbookPart, suffix: str) -> str | None:
    return next((p for kind, p in workbook.relationships.values() if kind.endswith(suffix)), None)


def _read(archive: zipfile.ZipFile, path: str) -> bytes:
    try:
        return archive.read(path)
    except KeyError:
        raise Refused("WORKBOOK_DAMAGED", f"the workbook's part {path!r} is missing") from None
