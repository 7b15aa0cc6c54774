"""Ids and names that Word wants to be there once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from app.domain.merging.names import NAMESPACES, found, w

_MAX_BOOKMARK = 40
_PARAGRAPH_IDS = tuple(f"{{{NAMESPACES['w14']}}}{name}" for name in ("paraId", "textId"))


@dataclass
class Marks:
    """Counts on through all documents."""

    _bookmarks: int = 0
    _drawings: int = 0

    def number(self, roots: Iterable[etree._Element], document: int) -> None:
        """Make ids and bookmarks of a document its own; `document` counts from 0."""
        roots = list(roots)
        names: dict[str, str] = {}
        ids: dict[str, str] = {}
        for root in roots:
            for each in found(root, ".//w:bookmarkStart | .//w:bookmarkEnd"):
                before = each.get(w("id")) or ""
                if before not in ids:
                    self._bookmarks += 1
                    ids[before] = str(self._bookmarks)
                each.set(w("id"), ids[before])
                name = each.get(w("name"))
                if name and document:
                    names[name] = _renamed(name, document)
                    each.set(w("name"), names[name])
            for each in found(root, ".//wp:docPr"):
                self._drawings += 1
                each.set("id", str(self._drawings))
            if document:
                _forget_ids(root)
        for root in roots:
            _follow(root, names)


def _renamed(name: str, document: int) -> str:
    end = f"_{document + 1}"
    return name[: _MAX_BOOKMARK - len(end)] + end


def _forget_ids(root: etree._Element) -> None:
    """Word gives them anew."""
    for paragraph in found(root, ".//*[@w14:paraId]"):
        for name in _PARAGRAPH_IDS:
            paragraph.attrib.pop(name, "")
    for each in list(found(root, ".//w:sdtPr/w:id")):
        parent = each.getparent()
        if parent is not None:
            parent.remove(each)


def _follow(root: etree._Element, names: dict[str, str]) -> None:
    """References by a bookmark's name: links, REF, PAGEREF, tables of contents."""
    if not names:
        return
    known = re.compile("|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in names))
    for link in found(root, ".//w:hyperlink[@w:anchor]"):
        anchor = link.get(w("anchor")) or ""
        link.set(w("anchor"), names.get(anchor, anchor))
    for each in found(root, ".//w:instrText"):
        each.text = known.sub(lambda match: names[match[0]], each.text or "")
    for each in found(root, ".//w:fldSimple"):
        text = each.get(w("instr")) or ""
        each.set(w("instr"), known.sub(lambda match: names[match[0]], text))
