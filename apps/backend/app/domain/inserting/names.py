"""`{{p insert("Terms") }}`, in a paragraph of its own: where another document goes."""

import re
from collections.abc import Iterator

from lxml import etree

from app.domain.inserting.replacing import own_text, replace
from app.domain.merging.names import w

_TAG = re.compile(r"""\{\{p?\s*insert\(\s*["'“”„‘’](.{1,255}?)["'“”‘’]\s*\)\s*\}\}""")
"""Word makes typographic quotation marks of those that are typed."""


def inserts(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """The paragraphs of a document's text, cells included, that name another one."""
    for paragraph in list(root.iter(w("p"))):
        parent = paragraph.getparent()
        if parent is None or parent.tag not in (w("body"), w("tc")):
            continue
        if tag := _TAG.fullmatch(own_text(paragraph).strip()):
            yield paragraph, tag[1].strip()


def names_in(root: etree._Element) -> tuple[str, ...]:
    """Without doubles, in order."""
    return tuple(dict.fromkeys(name for _, name in inserts(root)))


def leave_out(root: etree._Element) -> None:
    """Take the tags away, where the documents are not there yet. Raises: as `replace`."""
    for paragraph, _ in inserts(root):
        replace(paragraph, [etree.Element(w("p"))])
