"""Every document begins on a new page, at page 1, with headers and footers of its own."""

from dataclasses import dataclass, field

from lxml import etree

from app.domain.merging.growing import Growing
from app.domain.merging.names import SECTION, R, W, child, found, w

_KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_ASIDE = {w("bookmarkStart"), w("bookmarkEnd"), w("proofErr"), w("commentRangeEnd")}


def sections(body: etree._Element) -> list[etree._Element]:
    """The properties of all sections; the last are the body's own, made where there are none."""
    if body.find(w("sectPr")) is None:
        etree.SubElement(body, w("sectPr"))
    return list(found(body, "./w:p/w:pPr/w:sectPr | ./w:sectPr"))


@dataclass
class Sections:
    """What the sections before have as headers and footers, which the next would take over."""

    growing: Growing
    _before: dict[tuple[str, str], None] = field(default_factory=dict)

    def begin(self, all_: list[etree._Element], *, first_document: bool) -> None:
        """Make the first section begin a document."""
        first = all_[0]
        if not first_document:
            kind = child(first, "type", SECTION)
            if kind.get(w("val")) not in {"oddPage", "evenPage"}:
                kind.set(w("val"), "nextPage")
            self._refuse_inheritance(first)
        pages = child(first, "pgNumType", SECTION)
        if pages.get(w("start")) is None:
            pages.set(w("start"), "1")
        for section in all_:
            for reference in found(section, "w:headerReference | w:footerReference"):
                self._before[str(reference.tag), reference.get(w("type")) or "default"] = None

    def _refuse_inheritance(self, first: etree._Element) -> None:
        """A header that the section lacks would be that of the document before."""
        has = {(str(each.tag), each.get(w("type")) or "default") for each in first}
        for tag, kind in self._before:
            if (tag, kind) not in has:
                made = etree.Element(tag, {w("type"): kind, f"{{{R}}}id": self._blank(tag)})
                first.insert(0, made)

    def _blank(self, tag: str) -> str:
        what = "header" if tag == w("headerReference") else "footer"
        root = "hdr" if what == "header" else "ftr"
        data = f'<w:{root} xmlns:w="{W}"><w:p/></w:{root}>'.encode()
        return self.growing.add(
            f"word/{what}-blank.xml", data, f"{_CONTENT}.{what}+xml", f"{_KINDS}/{what}"
        )


def notes_by_section(all_: list[etree._Element]) -> None:
    """Footnotes and endnotes count from 1 in each document, where it is a section of its own."""
    if len(all_) != 1:
        return
    for name in ("footnotePr", "endnotePr"):
        properties = child(all_[0], name, SECTION)
        if properties.find(w("numRestart")) is None:
            etree.SubElement(properties, w("numRestart"), {w("val"): "eachSect"})


def close(body: etree._Element) -> None:
    """End the last section inside the body, because another document follows."""
    section = body.find(w("sectPr"))
    if section is None:
        return
    body.remove(section)
    last = next((each for each in reversed(body) if each.tag not in _ASIDE), None)
    if last is None or last.tag != w("p") or last.find(f"{w('pPr')}/{w('sectPr')}") is not None:
        last = _thin_paragraph(body)
    properties = last.find(w("pPr"))
    if properties is None:
        properties = etree.Element(w("pPr"))
        last.insert(0, properties)
    changed = properties.find(w("pPrChange"))
    properties.insert(len(properties) if changed is None else properties.index(changed), section)


def _thin_paragraph(body: etree._Element) -> etree._Element:
    """For a section's end where no paragraph is: a point high, so that it needs no page."""
    paragraph = etree.SubElement(body, w("p"))
    properties = etree.SubElement(paragraph, w("pPr"))
    exact = {"before": "0", "after": "0", "line": "20", "lineRule": "exact"}
    etree.SubElement(properties, w("spacing"), {w(key): value for key, value in exact.items()})
    size = etree.SubElement(etree.SubElement(properties, w("rPr")), w("sz"))
    size.set(w("val"), "2")
    return paragraph
