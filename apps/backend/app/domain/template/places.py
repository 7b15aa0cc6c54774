"""What is wrong with a template is told with its paragraph, as it stands in Word."""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from traceback import walk_tb

from jinja2 import TemplateSyntaxError
from lxml import etree

from app.domain.refusal import Refused
from app.domain.template.filters import instead_of
from app.domain.template.scopes import Reading

MARKUP = re.compile(r"<[^>]+>")
_PARAGRAPH = re.compile(r"(<w:p[ >])")
_LEVEL = re.compile(r"(\{[{%])(?:p|tr|tc|r)(?=\s)")
"""The letters by which docxtpl knows what a tag stands for, and which it takes away."""
_SHOWN = 80
_NO_FILTER = re.compile(r"^No filter named '([^']*)'")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One with a tag in it, or a part of one."""

    part: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.part}, paragraph {self.number}: {self.text[:_SHOWN]!r}"

    @property
    def is_open(self) -> bool:
        pairs = (("{{", "}}"), ("{%", "%}"))
        return any(self.text.count(start) != self.text.count(end) for start, end in pairs)


def paragraphs(part: str, root: etree._Element) -> list[Paragraph]:
    texts = (text_of(p) for p in root.iter("{*}p"))
    return [Paragraph(part, n, text) for n, text in enumerate(texts, 1) if "{" in text]


def text_of(paragraph: etree._Element) -> str:
    return "".join(t.text or "" for t in paragraph.iter("{*}t"))


def on_lines(xml: str) -> str:
    """`xml` with every paragraph on a line of its own, so that the line of an error tells."""
    return _PARAGRAPH.sub(r"\n\1", " ".join(xml.split("\n")))


def place_of(error: Exception, source: str, known: list[Paragraph]) -> Paragraph | None:
    """Where in a template an error of Jinja's comes from; `source` is what Jinja was given."""
    line = error.lineno if isinstance(error, TemplateSyntaxError) else _rendered_line(error)
    return place_at(line, source, known)


def place_at(line: int, source: str, known: list[Paragraph]) -> Paragraph | None:
    """The paragraph that stands on a line of `source`; 0 for none."""
    text = html.unescape(MARKUP.sub("", [*source.split("\n"), ""][line - 1])).strip()
    if "{{" not in text and "{%" not in text:
        return None
    texts = {place: _LEVEL.sub(r"\1", place.text).strip() for place in known}
    alike = [place for place, known_text in texts.items() if text in known_text]
    return next((place for place in alike if texts[place] == text), alike[0] if alike else None)


def _rendered_line(error: Exception) -> int:
    """0 for an error that comes from elsewhere."""
    frames = walk_tb(error.__traceback__)
    lines = [line for frame, line in frames if frame.f_code.co_filename == "<template>"]
    return lines[-1] if lines else 0


def syntax_error(
    error: TemplateSyntaxError, source: str, known: list[Paragraph], part: str
) -> Refused:
    """`TEMPLATE_SYNTAX`, with the paragraph that `error` is about."""
    message = (error.message or "")[:200]
    place = place_of(error, source, known) or _mentioned(message, known)
    if place and place.is_open:
        message = "a tag has no end, or no beginning"
    if unknown := _NO_FILTER.search(message):
        return Refused("TEMPLATE_SYNTAX", f"{place or part}: {message}", instead_of(unknown[1]))
    return Refused(
        "TEMPLATE_SYNTAX",
        f"{place or part}: {message}",
        "correct the tag; a header with spaces or signs is written "
        'row["Unit price (€)"], in a loop over rows r["Unit price (€)"]',
    )


def first_row_error(found: Reading, source: str, known: list[Paragraph], part: str) -> Refused:
    """`TEMPLATE_FIRST_ROW` for the first of `found.first_row`."""
    name, row, node = found.first_row[0]
    place = place_at(node.lineno, source, known) or part
    instead = {"row": f'{row}["Unit price (€)"]', "row_number": f"{row}.row_number"}
    return Refused(
        "TEMPLATE_FIRST_ROW",
        f"{place}: inside a loop over rows, {name!r} is the first row on every line",
        f"write {instead.get(name, f'{row}.{name}.Total')}; the first row itself is rows[0]",
    )


def missing_field(name: str, place: Paragraph | str, names: Iterable[str]) -> Refused:
    """`FIELD_MISSING`, with the field that was meant, if one is alike."""
    alike = get_close_matches(name, names, 1)
    meant = f"did you mean {alike[0]!r}? Else " if alike else ""
    if name == "rows":
        meant = (
            "a loop over rows is for the modes 'single' and 'per-group', not for 'per-row'. Else "
        )
    if name.startswith("rows["):  # as absent.name_of calls it
        return Refused(
            "FIELD_MISSING",
            f"{name!r} is not there: the list is shorter ({place})",
            "lists are counted from 0; a loop takes what is there",
        )
    return Refused(
        "FIELD_MISSING",
        f"field {name!r} has no value ({place})",
        f"{meant}map a column to it, or choose to leave missing fields blank",
    )


def _mentioned(message: str, known: list[Paragraph]) -> Paragraph | None:
    """The tag that was never closed is not on the line where the template ends."""
    words = re.findall(r"'([^']+)'", message)
    tagged = (p for p in known if "{{" in p.text or "{%" in p.text)
    return next((p for p in tagged for word in words if word in p.text), None)
