"""Word's fields whose value is another one in a merged document."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from app.domain.merging.names import found, w
from app.domain.xml_safe import local

_NAME = re.compile(r"\s*([A-Za-z]+)")
_PAGES = re.compile(r"\bNUMPAGES\b", re.IGNORECASE)
_OF_ONE_FILE = frozenset(
    "DOCPROPERTY TITLE SUBJECT AUTHOR KEYWORDS COMMENTS LASTSAVEDBY FILENAME FILESIZE".split()
)
"""There is one file now, with one title and one author: what the field says becomes text."""
_CORE = {
    **{"TITLE": "title", "SUBJECT": "subject", "AUTHOR": "creator", "KEYWORDS": "keywords"},
    **{"COMMENTS": "description", "LASTSAVEDBY": "lastmodifiedby"},
}
_OTHER_NAMES = {"author": "creator", "comments": "description", "last author": "lastmodifiedby"}
_PROPERTY = re.compile(r'\s*DOCPROPERTY\s+(?:"([^"]*)"|(\S+))', re.IGNORECASE)


@dataclass
class _Field:
    """`marks` are its begin, separator and end; `instructions` hold its words."""

    instructions: list[etree._Element] = field(default_factory=list)
    marks: list[etree._Element] = field(default_factory=list)
    shown: list[etree._Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(each.text or "" for each in self.instructions)


def keep_what_fields_say(
    root: etree._Element, properties: Mapping[str, str], *, one_section: bool
) -> None:
    """Fields of properties become text; the number of pages is that of the document's own.

    With more than one section there is no field of Word's for the latter: it counts them all.

    Args:
        properties: of the document, by their names in lower case.
    """
    for simple in list(found(root, ".//w:fldSimple")):
        text = simple.get(w("instr")) or ""
        if _name(text) in _OF_ONE_FILE:
            _say(list(simple.iter(w("t"))), _value(text, properties))
            _unwrap(simple)
        elif one_section:
            simple.set(w("instr"), _PAGES.sub("SECTIONPAGES", text))
    for each in _fields(root):
        if _name(each.text) in _OF_ONE_FILE:
            _say(each.shown, _value(each.text, properties))
            for element in (*each.marks, *each.instructions):
                _remove(element)
        elif one_section and _PAGES.search(each.text):
            text = _PAGES.sub("SECTIONPAGES", each.text)
            for instruction in each.instructions:
                instruction.text = ""
            each.instructions[0].text = text


def free_from_properties(root: etree._Element) -> None:
    """A control that is bound to a property of the file would show the first document's."""
    for bound in list(found(root, ".//w:sdtPr/w:dataBinding")):
        _remove(bound)


def properties_of(core: etree._Element | None, own: etree._Element | None) -> dict[str, str]:
    """The properties of a document, those of the user's own too, by their names in lower case."""
    found_ = {local(each).lower(): each.text or "" for each in (core if core is not None else ())}
    for each in own if own is not None else ():
        found_[(each.get("name") or "").lower()] = "".join(str(text) for text in each.itertext())
    return found_


def _value(instruction: str, properties: Mapping[str, str]) -> str | None:
    """What the field stands for; None where that is not known, and what it shows may stay."""
    named = _PROPERTY.match(instruction)
    if named:
        name = (named[1] or named[2] or "").lower()
        return properties.get(_OTHER_NAMES.get(name, name))
    core = _CORE.get(_name(instruction))
    return properties.get(core) if core else None


def _say(shown: list[etree._Element], value: str | None) -> None:
    if value is None:
        return
    for number, text in enumerate(shown):
        text.text = "" if number else value


def _name(text: str) -> str:
    match = _NAME.match(text)
    return match[1].upper() if match else ""


def _fields(root: etree._Element) -> Iterator[_Field]:
    """Inner ones before those around them."""
    open_: list[_Field] = []
    for element in list(root.iter(w("fldChar"), w("instrText"), w("t"))):
        if element.tag == w("t"):
            if open_ and len(open_[-1].marks) > 1:
                open_[-1].shown.append(element)
            continue
        if element.tag == w("instrText"):
            if open_:
                open_[-1].instructions.append(element)
            continue
        kind = element.get(w("fldCharType"))
        if kind == "begin":
            open_.append(_Field())
        if open_:
            open_[-1].marks.append(element)
            if kind == "end":
                yield open_.pop()


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _unwrap(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is None:
        return
    at = parent.index(element)
    parent[at : at + 1] = list(element)
