"""Names of WordprocessingML, and where an element goes among its siblings."""

from collections.abc import Iterator, Sequence

from lxml import etree

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMESPACES = {
    "w": W,
    "r": R,
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
}

PARAGRAPH = ("pStyle", "keepNext", "keepLines", "pageBreakBefore", "framePr", "widowControl")
"""What `w:numPr` comes after, in a paragraph's properties."""
SECTION = (
    *("headerReference", "footerReference", "footnotePr", "endnotePr", "type", "pgSz", "pgMar"),
    *("paperSrc", "pgBorders", "lnNumType", "pgNumType", "cols", "formProt", "vAlign", "noEndnote"),
)
"""The order that Word wants of a section's properties."""


def w(name: str) -> str:
    """The name in WordprocessingML's namespace."""
    return f"{{{W}}}{name}"


def found(element: etree._Element, path: str) -> Iterator[etree._Element]:
    """The elements that an XPath finds."""
    result = element.xpath(path, namespaces=NAMESPACES)
    if isinstance(result, list):
        yield from (item for item in result if isinstance(item, etree._Element))


def child(parent: etree._Element, name: str, order: Sequence[str]) -> etree._Element:
    """The child of this name; a new one, after those that `order` puts before it."""
    known = parent.find(w(name))
    if known is not None:
        return known
    before = {w(each) for each in (order[: order.index(name)] if name in order else order)}
    at = max((i + 1 for i, each in enumerate(parent) if each.tag in before), default=0)
    made = etree.Element(w(name))
    parent.insert(at, made)
    return made
