"""What in a Word document would reach outside of it: cut off, in whatever namespace it comes."""

import re

from lxml import etree

from app.domain.xml_safe import local

MARKS = (
    *("instrText", "delInstrText", "fldSimple", "altChunk"),
    *("attachedTemplate", "mailMerge", "urn:schemas-microsoft-com:vml"),
)
"""A part without one of these words holds nothing of what `cut_reaching` cuts."""

_FIELDS = frozenset(
    "DATABASE DDE DDEAUTO IMPORT INCLUDE INCLUDEPICTURE INCLUDETEXT LINK RD".split()
)
_REMOVED = frozenset({"altChunk", "attachedTemplate", "mailMerge"})
_FETCHED = {"imagedata": ("src", "href"), "fill": ("src", "href"), "stroke": ("src", "href")}
_VML = "{urn:schemas-microsoft-com:vml}"
_KEYWORD = re.compile(r"[\W_]*([A-Za-z]+)")


def cut_reaching(root: etree._Element) -> bool:
    """Cut it off in place; whether there was any."""
    cut = False
    for element in list(root.iter(etree.Element)):
        name = local(element)
        if name in _REMOVED and (parent := element.getparent()) is not None:
            parent.remove(element)
            cut = True
        elif name == "fldSimple":
            for key in list(element.attrib):
                if _local_name(key) == "instr" and _reaches(element.get(key) or ""):
                    element.set(key, "")
                    cut = True
        elif name in _FETCHED and str(element.tag).startswith(_VML):
            for key in [k for k in element.attrib if _local_name(k) in _FETCHED[name]]:
                del element.attrib[key]
                cut = True
    return _blank_fields(root) or cut


def _blank_fields(root: etree._Element) -> bool:
    """A field's instruction may be cut into many runs, so it is put together before it is read."""
    cut = False
    open_fields: list[_Field] = []
    for element in root.iter("{*}fldChar", "{*}instrText", "{*}delInstrText"):
        if local(element) != "fldChar":
            if open_fields:
                open_fields[-1].pieces.append(element)
            continue
        kind = next((v for k, v in element.attrib.items() if _local_name(k) == "fldCharType"), None)
        if kind == "begin":
            if open_fields and not open_fields[-1].text.strip():
                open_fields[-1].computed = True
            open_fields.append(_Field())
        elif kind in {"separate", "end"} and open_fields:
            field = open_fields[-1] if kind == "separate" else open_fields.pop()
            cut = field.blank_if_reaching() or cut
    return cut


class _Field:
    """`computed`: another field says what kind of field it is, so it may be any."""

    def __init__(self) -> None:
        self.pieces: list[etree._Element] = []
        self.computed = False

    @property
    def text(self) -> str:
        return "".join(piece.text or "" for piece in self.pieces)

    def blank_if_reaching(self) -> bool:
        if not self.text or not (self.computed or _reaches(self.text)):
            return False
        for piece in self.pieces:
            piece.text = ""
        return True


def _reaches(instruction: str) -> bool:
    keyword = _KEYWORD.match(instruction)
    return keyword is not None and keyword[1].upper() in _FIELDS


def _local_name(key: str | bytes) -> str:
    return str(key).rpartition("}")[2]
