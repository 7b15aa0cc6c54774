"""`{{p insert("Terms") }}`, in a paragraph of its own: where another document goes."""

import re
import unicodedata
from collections.abc import Iterator

from lxml import etree

from app.domain.inserting.replacing import own_text, replace
from app.domain.merging.names import w

_TAG = re.compile(
    r"\{\{p?\s*insert\(\s*"
    r"""(?:["“”„]([^"“”„]{1,255})["“”]|['‘’‚]([^'‘’‚]{1,255})['‘’])"""
    r"\s*\)\s*\}\}"
)
"""Word makes typographic quotation marks of those that are typed."""
_ENDING = ".docx"


def called(name: str) -> str:
    """A template's name as it is compared: that of a file has an ending, and macOS splits é."""
    plain = unicodedata.normalize("NFC", name).strip()
    return plain[: -len(_ENDING)] if plain.lower().endswith(_ENDING) else plain


def inserts(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """Paragraphs of a document's text, cells included, and what each names, as it is `called`."""
    for paragraph in list(root.iter(w("p"))):
        parent = paragraph.getparent()
        if parent is None or parent.tag not in (w("body"), w("tc")):
            continue
        if tag := _TAG.fullmatch(own_text(paragraph).strip()):
            yield paragraph, called(tag[1] or tag[2])


def names_in(root: etree._Element) -> tuple[str, ...]:
    """Without doubles, in order."""
    return tuple(dict.fromkeys(name for _, name in inserts(root)))


def leave_out(root: etree._Element) -> None:
    """Take the tags away, where the documents are not there yet. Raises: as `replace`."""
    for paragraph, _ in inserts(root):
        replace(paragraph, [etree.Element(w("p"))])
