"""Text as WordprocessingML."""

import re
from xml.sax.saxutils import escape

from app.domain.rich_text import RichText, Run, parts_of

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BREAKS = re.compile("[\n\r\t]")
_SPECIAL = re.compile('[\x00-\x1f\ud800-\udfff\ufffe\uffff&<>"]')
"""What is not written as it is."""


def legal(text: str) -> str:
    """`text` without what XML cannot hold."""
    return _ILLEGAL.sub("", text)


def inline_text(text: str) -> str:
    """`text` for inside a `w:t`: escaped, breaks and tabs kept, what XML cannot hold left out.

    Without a break or a tab it fits an attribute, too.
    """
    if text.__class__ is str and not _SPECIAL.search(text):
        return text
    clean = escape(legal(text), {'"': "&quot;"})
    if _BREAKS.search(clean):
        clean = clean.replace("\r\n", "\n").replace("\r", "\n")
        clean = clean.replace("\n", '</w:t><w:br/><w:t xml:space="preserve">')
        clean = clean.replace("\t", '</w:t><w:tab/><w:t xml:space="preserve">')
    return clean


def text_run(text: str, *, bold: bool = False) -> str:
    """`text` as a run of its own, or as several that look as its parts do; nothing for no text."""
    if text.__class__ is RichText:
        return rich_runs(text, bold=bold)
    clean = inline_text(text)
    if not clean:
        return ""
    properties = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f'<w:r>{properties}<w:t xml:space="preserve">{clean}</w:t></w:r>'


def rich_runs(
    text: str,
    *,
    bold: bool = False,
    italic: bool = False,
    color: str = "",
    half_points: int = 0,
) -> str:
    """A run for each part of `text`; what is asked for goes before the part's own look."""
    parts = parts_of(text) if isinstance(text, RichText) else (Run(text),)
    return "".join(
        f"<w:r><w:rPr>{_look(part, bold, italic, color, half_points)}</w:rPr>"
        f'<w:t xml:space="preserve">{clean}</w:t></w:r>'
        for part in parts
        if (clean := inline_text(part.text))
    )


def _look(part: Run, bold: bool, italic: bool, color: str, half_points: int) -> str:
    """In the order that the schema has."""
    color = color or part.color
    return "".join(
        (
            "<w:b/>" if bold or part.bold else "",
            "<w:i/>" if italic or part.italic else "",
            "<w:strike/>" if part.strike else "",
            f'<w:color w:val="{color}"/>' if color else "",
            f'<w:sz w:val="{half_points}"/>' if half_points else "",
            '<w:u w:val="single"/>' if part.underline else "",
            f'<w:vertAlign w:val="{part.vertical}"/>' if part.vertical else "",
        )
    )
