"""Pictures that lie on the cells of an .xlsx (ECMA-376 part 1, 20.5)."""

import zipfile
from collections.abc import Iterator
from functools import partial

from lxml import etree

from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.domain.workbook.model import Picture, Pictures
from app.domain.workbook.places import cell_name
from app.domain.workbook.xlsx_parts import read_relationships
from app.domain.xml_safe import local, parse

_EMBED = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}embed",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}embed",
)


def read_pictures(
    archive: zipfile.ZipFile, sheet_part: str, sheet: str, limits: Limits
) -> Pictures:
    """The first picture of each cell.

    Raises:
        Refused: `TOO_MANY_IMAGES`, naming the sheet and the cell.
    """
    found: dict[tuple[int, int], Picture] = {}
    names = frozenset(archive.namelist())
    for row, column, part in _anchored(archive, sheet_part, names):
        place = f"sheet {sheet!r}, cell {cell_name(row, column)}"
        if len(found) >= limits.images:
            raise Refused(
                "TOO_MANY_IMAGES",
                f"{place}: the sheet has more than {limits.images} pictures",
                "split the workbook",
            )
        found.setdefault((row, column), Picture(partial(archive.read, part), place))
    return found


def _anchored(
    archive: zipfile.ZipFile, sheet_part: str, names: frozenset[str]
) -> Iterator[tuple[int, int, str]]:
    for kind, drawing in read_relationships(archive, sheet_part).values():
        if not kind.endswith("/drawing") or drawing not in names:
            continue
        media = read_relationships(archive, drawing)
        for anchor in parse(archive.read(drawing), drawing):
            if local(anchor) not in {"oneCellAnchor", "twoCellAnchor"}:
                continue
            corner = [next(anchor.iter(f"{{*}}{name}"), None) for name in ("row", "col")]
            blip = next((b for pic in anchor.iter("{*}pic") for b in pic.iter("{*}blip")), None)
            if blip is None or None in corner:
                continue
            row, column = (_number(element) for element in corner)
            part = next((media[i][1] for a in _EMBED if (i := blip.get(a)) in media), "")
            if part in names and row >= 0 and column >= 0:
                yield row, column, part


def _number(element: etree._Element | None) -> int:
    text = (element.text or "").strip() if element is not None else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else -1
