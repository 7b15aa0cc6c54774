"""Text as WordprocessingML."""

import re
from xml.sax.saxutils import escape

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BREAKS = re.compile("[\n\r\t]")


def inline_text(text: str) -> str:
    """`text` for inside a `w:t`: escaped, breaks and tabs kept, what XML cannot hold left out.

    Without a break or a tab it fits an attribute, too.
    """
    clean = escape(_ILLEGAL.sub("", text), {'"': "&quot;"})
    if _BREAKS.search(clean):
        clean = clean.replace("\r\n", "\n").replace("\r", "\n")
        clean = clean.replace("\n", '</w:t><w:br/><w:t xml:space="preserve">')
        clean = clean.replace("\t", '</w:t><w:tab/><w:t xml:space="preserve">')
    return clean


def text_run(text: str, *, bold: bool = False) -> str:
    """`text` as a run of its own; nothing for no text."""
    clean = inline_text(text)
    if not clean:
        return ""
    properties = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f'<w:r>{properties}<w:t xml:space="preserve">{clean}</w:t></w:r>'
