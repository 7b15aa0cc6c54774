"""What stands in a tag's place, with what the tag's own paragraph holds besides the tag."""

from collections.abc import Iterator, Sequence
from copy import deepcopy

from lxml import etree

from app.domain.merging.names import found, w
from app.domain.refusal import Refused

_BOOKMARK = (w("bookmarkStart"), w("bookmarkEnd"))
_TEXT = tuple(
    map(w, ("r", "t", "br", "cr", "tab", "ins", "smartTag", "proofErr", "lastRenderedPageBreak"))
)
_LOOKS = (w("pPr"), w("rPr"), w("smartTagPr"))
_OFF = "@w:val='0' or @w:val='false' or @w:val='off'"
_BREAKS = ("page", "column")
_WORDS_OWN = ("_GoBack", "_Hlk")
"""Bookmarks that Word makes unasked, and that nobody sees."""
_IN_WORDS = {
    **dict.fromkeys(("drawing", "pict", "object", "AlternateContent"), "a picture or a shape"),
    **dict.fromkeys(("fldSimple", "fldChar", "instrText"), "a field of Word's"),
    **dict.fromkeys(("footnoteReference", "endnoteReference"), "a note"),
    **dict.fromkeys(("commentReference", "commentRangeStart", "commentRangeEnd"), "a comment"),
    **{"hyperlink": "a link", "sdt": "a content control", "oMath": "a formula"},
    **dict.fromkeys(("del", "moveFrom", "moveTo"), "a tracked change"),
}


def own_text(paragraph: etree._Element) -> str:
    """Without that of the text boxes which hang on it."""
    return "".join(each.text or "" for each in _own(paragraph) if str(each.tag).endswith("}t"))


def replace(paragraph: etree._Element, blocks: Sequence[etree._Element]) -> None:
    """Put `blocks` in the place of a tag's paragraph; its breaks, of pages and sections, stay.

    Raises:
        Refused: `TEMPLATE_TAG`: it holds what would be lost, as a picture.
    """
    parent = paragraph.getparent()
    if parent is None:
        return
    _refuse_what_is_lost(paragraph)
    before, after = _breaks(paragraph)
    at = parent.index(paragraph)
    parent.remove(paragraph)
    parent[at:at] = [*before, *blocks, *after]
    if parent.tag == w("tc") and (not len(parent) or parent[-1].tag != w("p")):
        etree.SubElement(parent, w("p"))  # or Word calls the file damaged


def _refuse_what_is_lost(paragraph: etree._Element) -> None:
    for each in list(_own(paragraph)):
        if each.tag in _BOOKMARK:
            _take_away(each, paragraph)
        elif each.tag not in _TEXT:
            name = etree.QName(each).localname
            raise _lost(paragraph, _IN_WORDS.get(name, f"what is no text ({name})"))


def _take_away(mark: etree._Element, paragraph: etree._Element) -> None:
    """Both ends of a bookmark of Word's own."""
    root, key = mark.getroottree().getroot(), mark.get(w("id"))
    ends = [each for each in root.iter(*_BOOKMARK) if each.get(w("id")) == key]
    for end in ends:
        name = end.get(w("name"))
        if name is not None and not name.startswith(_WORDS_OWN):
            raise _lost(paragraph, f"the bookmark {name!r}")
    for end in ends:
        if (parent := end.getparent()) is not None:
            parent.remove(end)


def _breaks(paragraph: etree._Element) -> tuple[list[etree._Element], list[etree._Element]]:
    """Paragraphs with those before the tag, and with those after it."""
    first, last = etree.Element(w("r")), etree.Element(w("r"))
    seen = False
    for each in _own(paragraph):
        seen = seen or bool(each.tag == w("t") and (each.text or "").strip())
        if each.tag == w("br") and each.get(w("type")) in _BREAKS:
            (last if seen else first).append(deepcopy(each))
    page = list(found(paragraph, f"./w:pPr/w:pageBreakBefore[not({_OFF})]"))
    section = list(found(paragraph, "./w:pPr/w:sectPr"))
    return _paragraph(page, first), _paragraph(section, last)


def _paragraph(properties: list[etree._Element], run: etree._Element) -> list[etree._Element]:
    """None where it would be empty."""
    if not properties and not len(run):
        return []
    made = etree.Element(w("p"))
    if properties:
        etree.SubElement(made, w("pPr")).extend(deepcopy(properties))
    if len(run):
        made.append(run)
    return [made]


def _own(element: etree._Element) -> Iterator[etree._Element]:
    """What is in a paragraph, in order: not how it looks, and not what is in paragraphs in it."""
    for each in element.iterchildren(etree.Element):
        if each.tag in _LOOKS or each.tag == w("p"):
            continue
        yield each
        yield from _own(each)


def _lost(paragraph: etree._Element, what: str) -> Refused:
    return Refused(
        "TEMPLATE_TAG",
        f"the paragraph of {own_text(paragraph).strip()} holds {what}, which would be lost",
        "the tag stands alone in its paragraph: put the rest into another one",
    )
