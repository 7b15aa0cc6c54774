"""The texts of an .xlsx with the look of their parts (ECMA-376 part 1, 18.4; colours: 18.8.3)."""

import colorsys
import math
import zipfile
from collections.abc import Sequence

from lxml import etree

from app.domain.rich_text import RichText, Run
from app.domain.workbook.xlsx_parts import NAMESPACES, WorkbookPart, part_of_type, unescape
from app.domain.xml_safe import elements, local, parse

_THEME_ORDER = (
    "lt1 dk1 lt2 dk2 accent1 accent2 accent3 accent4 accent5 accent6 hlink folHlink".split()
)
"""What the numbers of a workbook's theme colours mean; not the order in which they are written."""
_TEXT = 1
"""The theme's colour for text: what Word takes without being told."""
_FIRST_INDEXED = 8
_INDEXED = (
    "000000 FFFFFF FF0000 00FF00 0000FF FFFF00 FF00FF 00FFFF 800000 008000 000080 808000 800080 "
    "008080 C0C0C0 808080 9999FF 993366 FFFFCC CCFFFF 660066 FF8080 0066CC CCCCFF 000080 FF00FF "
    "FFFF00 00FFFF 800080 800000 008080 0000FF 00CCFF CCFFFF CCFFCC FFFF99 99CCFF FF99CC CC99FF "
    "FFCC99 3366FF 33CCCC 99CC00 FFCC00 FF9900 FF6600 666699 969696 003366 339966 003300 333300 "
    "993300 993366 333399 333333"
).split()


def read_theme(archive: zipfile.ZipFile, part: str | None) -> list[str]:
    """The theme's colours by their numbers; none where the workbook has no theme."""
    if part is None or part not in archive.namelist():
        return []
    scheme = next(parse(archive.read(part), part).iter("{*}clrScheme"), None)
    if scheme is None:
        return []
    found: dict[str, str] = {}
    for color in scheme:
        for value in color:
            found[local(color)] = value.get("lastClr") or value.get("val") or ""
    return [found.get(name, "") for name in _THEME_ORDER]


def read_shared_strings(
    archive: zipfile.ZipFile, workbook: WorkbookPart, theme: Sequence[str]
) -> list[str]:
    """All of them, in memory."""
    path = part_of_type(workbook, "/sharedStrings")
    if path is None or path not in archive.namelist():
        return []
    tags = [f"{{{namespace}}}si" for namespace in NAMESPACES]
    with archive.open(path) as stream:
        return [rich_text(item, theme) for item in elements(stream, path, *tags)]


def rich_text(item: etree._Element, theme: Sequence[str]) -> str:
    """The text of an `si` or `is`, all runs, without the reading aid (`rPh`) beside it.

    A `RichText` where a run looks otherwise than its cell.
    """
    if len(item) == 1 and local(item[0]) == "t":  # nearly all of them
        return unescape(item[0].text or "")
    parts: list[Run] = []
    for child in item:
        name = local(child)
        if name == "t":
            parts.append(Run(child.text or ""))
        elif name == "r":
            text = "".join(t.text or "" for t in child if local(t) == "t")
            look = next((each for each in child if local(each) == "rPr"), None)
            parts.append(_run(text, look, theme))
    if all(part.is_plain for part in parts):
        return unescape("".join(part.text for part in parts))
    return RichText.of(tuple(part for part in map(_unescaped, parts) if part.text))


def _unescaped(part: Run) -> Run:
    if "_x" not in part.text:
        return part
    values = {name: getattr(part, name) for name in Run.__slots__}
    return Run(**{**values, "text": unescape(part.text)})


def _run(text: str, look: etree._Element | None, theme: Sequence[str]) -> Run:
    if look is None:
        return Run(text)
    values = {local(each): each for each in look}
    vertical = values["vertAlign"].get("val", "") if "vertAlign" in values else ""
    return Run(
        text,
        bold=_is_on(values.get("b")),
        italic=_is_on(values.get("i")),
        strike=_is_on(values.get("strike")),
        underline="u" in values and values["u"].get("val") != "none",
        color=_color(values.get("color"), theme),
        vertical=vertical if vertical in {"superscript", "subscript"} else "",
    )


def _is_on(element: etree._Element | None) -> bool:
    return element is not None and element.get("val", "1") not in {"0", "false", "off"}


def _color(element: etree._Element | None, theme: Sequence[str]) -> str:
    """ "" for black and what is not known: Word's own colour is right for both."""
    if element is None:
        return ""
    number = _number(element.get("theme"))
    index = _number(element.get("indexed"))
    if rgb := element.get("rgb"):
        found = rgb[-6:]
    elif number is not None and number < len(theme):
        found = "" if number == _TEXT else theme[number]
    elif index is not None and 0 <= index - _FIRST_INDEXED < len(_INDEXED):
        found = _INDEXED[index - _FIRST_INDEXED]
    else:
        found = ""
    if len(found) != 6 or any(c not in "0123456789abcdefABCDEF" for c in found):
        return ""
    tinted = _tinted(found.upper(), element.get("tint"))
    return "" if tinted == "000000" else tinted


def _tinted(color: str, tint: str | None) -> str:
    """Darker below nought, lighter above (18.8.3)."""
    try:
        share = float(tint or 0)
    except ValueError:
        share = 0.0
    if math.isnan(share) or not share:
        return color
    share = max(-1.0, min(share, 1.0))
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (0, 2, 4))
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    light = light * (1 + share) if share < 0 else light * (1 - share) + share
    return "".join(f"{round(c * 255):02X}" for c in colorsys.hls_to_rgb(hue, light, saturation))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else None
