"""A template compiled once. docxtpl's own render compiles at every call."""

import html
import io
import posixpath
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from docxtpl import DocxTemplate
from jinja2 import Template, TemplateError, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.nodes import Filter
from lxml import etree

from app.domain.inserting.names import leave_out, names_in
from app.domain.inserting.whole import whole_template
from app.domain.refusal import Refused
from app.domain.template.absent import Blank, FieldMissing, Strict, alike_in, noting
from app.domain.template.budget import Budget
from app.domain.template.charts import ChartFilter
from app.domain.template.fields import Fields, find_fields, refuse_loading, warnings
from app.domain.template.package import Package, read_package, relationships_of
from app.domain.template.pictures import PictureFilters, with_picture_types
from app.domain.template.places import (
    MARKUP,
    Paragraph,
    first_row_error,
    missing_field,
    on_lines,
    paragraphs,
    place_of,
    syntax_error,
    text_of,
)
from app.domain.template.printed import Printed, free_mark, open_relationships, open_types, override
from app.domain.template.reaching import MARKS, cut_reaching
from app.domain.template.sandbox import Sandbox, make_sandbox

_TAGS = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)
_PRINT = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_DRAWING_ID = re.compile(r'(<(?:wp:docPr|pic:cNvPr)\b[^>]*?\bid=")\d+(")')
_TABLE_CHANGES = re.compile(r"\{%\s*(?:tc|colspan|hm)\b|\{\{tc\b")
_TYPES = "[Content_Types].xml"
_RENDERING = (
    TemplateError,
    ArithmeticError,
    TypeError,
    ValueError,
    LookupError,
    RecursionError,
    Refused,
)
_LITERAL_BRACES = (("{_{", "{{"), ("}_}", "}}"), ("{_%", "{%"), ("%_}", "%}"))


@dataclass(slots=True)
class _Part:
    name: str
    source: str
    template: Template
    has_drawings: bool
    changes_tables: bool
    relationships: str | None
    """Up to where those of pictures and charts are added; None in a part that prints none."""
    has_instructions: bool
    """Of fields of Word's: what they are may show only when the tags in them are rendered."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A template's parts with the values in them."""

    parts: list[tuple[str, bytes]]
    media: dict[str, bytes]
    _rest: bytes

    def document(self) -> bytes:
        """The .docx."""
        out = io.BytesIO(self._rest)
        with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
            for name, xml in self.parts:
                archive.writestr(name, xml)
            for name, data in self.media.items():
                archive.writestr(zipfile.ZipInfo(name), data)  # deflated already
        return out.getvalue()

    def text(self) -> list[str]:
        """The paragraphs of the document's body, for a preview."""
        texts = (text_of(p) for p in etree.fromstring(self.parts[0][1], _parser()).iter("{*}p"))
        return [text for text in texts if text.strip()]


@dataclass(slots=True)
class CompiledTemplate:
    """Made into documents as often as wanted: only the parts that hold fields are written anew.

    Attributes:
        missing: with `note_missing`, the fields without a value that were used so far.
    """

    fields: Fields
    missing: dict[str, None]
    _parts: list[_Part]
    _rest: bytes
    _paragraphs: list[Paragraph]
    _printed: Printed
    _types: str | None
    """Of all parts, up to where those of charts are added; None where there is no chart."""
    _budget: Budget

    def document(self, context: Mapping[str, Any]) -> bytes:
        """The .docx for `context`. Raises what `render` does."""
        return self.render(context).document()

    def render(self, context: Mapping[str, Any]) -> Rendered:
        """All parts for `context`.

        Raises:
            Refused: `FIELD_MISSING`, `TEMPLATE_FORBIDDEN`, `TEMPLATE_VALUE`,
                `TEMPLATE_BROKEN_RESULT`, naming the field and its paragraph.
        """
        self._budget.start()
        parts: list[tuple[str, bytes]] = []
        media: dict[str, bytes] = {}
        types = self._types
        for part in self._parts:
            parts.append((part.name, self._render_part(part, context)))
            if part.relationships is not None:
                folder = posixpath.dirname(part.name)
                added = f"{part.relationships}{self._printed.relationships}</Relationships>"
                parts.append((relationships_of(part.name), added.encode()))
                parts += [(f"{folder}/{name}", xml) for name, xml in self._printed.xml.items()]
                media |= {f"{folder}/{name}": data for name, data in self._printed.packed.items()}
                for name, kind in self._printed.types.items():
                    types = f"{types}{override(f'{folder}/{name}', kind)}"
        if types is not None:
            parts.append((_TYPES, f"{types}</Types>".encode()))
        return Rendered(parts, media, self._rest)

    def _render_part(self, part: _Part, context: Mapping[str, Any]) -> bytes:
        self._printed.start(is_open=part.relationships is not None)
        try:
            xml = part.template.render(context)
        except _RENDERING as error:
            raise self._refusal(error, part, context) from error
        for written, meant in _LITERAL_BRACES:
            xml = xml.replace(written, meant)
        if part.has_drawings:
            xml = _renumber_drawings(xml)
        if part.changes_tables:
            xml = etree.tostring(_fix_tables(xml), encoding="unicode")
        data = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + xml.encode()
        try:
            root = etree.fromstring(data, _parser())
        except etree.XMLSyntaxError as error:
            raise Refused(
                "TEMPLATE_BROKEN_RESULT",
                f"{part.name}: the tags leave a damaged document: {str(error)[:200]}",
                "put the start and the end of each loop or condition at the same level: "
                "{%tr %} for table rows, {%p %} for paragraphs",
            ) from error
        if part.has_instructions and cut_reaching(root):
            return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
        return data

    def _refusal(self, error: Exception, part: _Part, context: Mapping[str, Any]) -> Refused:
        place = place_of(error, part.source, self._paragraphs)
        message = str(error)[:200]
        match error:
            case FieldMissing():
                names = alike_in(error.within) or alike_in(context)
                return missing_field(error.name, place or part.name, names)
            case SecurityError():
                return Refused("TEMPLATE_FORBIDDEN", f"{place or part.name}: {message}")
            case Refused():
                where = f"{place or part.name}: {error.message}"
                return Refused(error.code, where, error.hint)
            case _:
                kind = type(error).__name__
                where = f"{place or part.name}: {kind}: {message}"
                return Refused("TEMPLATE_VALUE", where, _hint_of(error))


def compile_template(
    path: Path,
    *,
    blank_missing: bool = False,
    note_missing: bool = False,
    inserted: Mapping[str, Path] | None = None,
    max_unpacked_bytes: int = 200 * 1024 * 1024,
) -> CompiledTemplate:
    """Check and compile the .docx at `path`.

    Args:
        blank_missing: a field without a value is nothing.
        note_missing: it is nothing too, but noted in the template's `missing`.
        inserted: the documents that it names; None where they are not known yet, and left out.

    Raises:
        Refused: `TEMPLATE_SYNTAX` with the paragraph, `TEMPLATE_TAG`, `TEMPLATE_INSERT`, and what
            `read_package` raises.
    """
    package, inserts = _with_inserted(path, inserted, max_unpacked_bytes)
    printed = Printed(free_mark(package.fixed))
    drawing = PictureFilters(printed).filters() | ChartFilter(printed).filters()
    missing: dict[str, None] = {}
    undefined = noting(missing.setdefault) if note_missing else Strict
    sandbox = make_sandbox(Blank if blank_missing else undefined, drawing)
    parts: list[_Part] = []
    has_charts = False
    fixed = dict(package.fixed)
    found = Fields()
    in_loops: list[str] = []
    tagged: list[Paragraph] = []
    for name, xml in package.rendered.items():
        tagged.extend(paragraphs(name, etree.fromstring(xml.encode(), _parser())))
        if name != package.document and not _has_tags(xml):
            fixed[name] = xml.encode()
            continue
        part = _compile_part(sandbox, name, xml, tagged)
        tree = sandbox.parse(part.source)
        refuse_loading(tree, name)
        fields, reading = find_fields(tree)
        if reading.first_row:
            raise first_row_error(reading, part.source, tagged, name)
        in_loops += reading.in_loops
        found = found.plus(fields)
        used = {node.name for node in tree.find_all(Filter)}
        if "chart" in used:
            if name != package.document:
                raise _misplaced_chart(name)
            has_charts = True
        if used & drawing.keys():
            part.relationships = open_relationships(fixed.pop(relationships_of(name), None))
            part.has_drawings = True
            fixed[_TYPES] = with_picture_types(fixed[_TYPES])
        parts.append(part)
    plain = make_sandbox(Blank if blank_missing else undefined, plain=True)
    for name, xml in package.properties.items():
        part = _compile_plain(plain, name, xml)
        tree = plain.parse(part.source)
        refuse_loading(tree, name)
        found = found.plus(find_fields(tree)[0])
        parts.append(part)
    has_tags = any(_has_tags(part.source) for part in parts)
    remarks = warnings(has_tags, in_loops, package.merge)
    found = replace(found, inserts=inserts, warnings=remarks)
    types = open_types(fixed.pop(_TYPES)) if has_charts else None
    return CompiledTemplate(
        found, missing, parts, _archive(fixed), tagged, printed, types, sandbox.budget
    )


def _with_inserted(
    path: Path, inserted: Mapping[str, Path] | None, max_unpacked_bytes: int
) -> tuple[Package, tuple[str, ...]]:
    """The template with the documents that it names, and their names."""
    package = read_package(path, max_unpacked_bytes)
    text = package.rendered[package.document]
    if "insert" not in MARKUP.sub("", text):
        return package, ()
    root = etree.fromstring(text.encode(), _parser())
    names = names_in(root)
    if inserted is None:
        leave_out(root)
        package.rendered[package.document] = etree.tostring(root, encoding="unicode")
    elif names:
        with TemporaryDirectory() as folder:
            whole = Path(folder) / "whole.docx"
            whole.write_bytes(whole_template(path, inserted, max_unpacked_bytes))
            package = read_package(whole, max_unpacked_bytes)
    return package, names


def _misplaced_chart(part: str) -> Refused:
    return Refused(
        "TEMPLATE_TAG",
        f"{part}: Word has no charts in headers, footers, notes and comments",
        "put the chart into the text",
    )


def _compile_plain(sandbox: Sandbox, name: str, xml: str) -> _Part:
    """A part whose tags stand in whole texts."""
    source = _TAGS.sub(lambda tag: html.unescape(tag[0]), xml)
    try:
        template = sandbox.from_string(source)
    except TemplateSyntaxError as error:
        raise syntax_error(error, source, [], name) from error
    return _Part(name, source, template, False, False, None, False)


def _hint_of(error: Exception) -> str:
    text = str(error)
    if isinstance(error, TypeError) and "NoneType" in text:
        return "the cell may be empty: write (raw.Total or 0)"
    if isinstance(error, TypeError) and "str" in text:
        return "a text is no number: raw.Total is the number of a column Total; a ~ b joins texts"
    if isinstance(error, RecursionError):
        return "a macro calls itself without an end"
    return ""


def _compile_part(sandbox: Sandbox, name: str, xml: str, tagged: list[Paragraph]) -> _Part:
    source = _print_as_runs(name, DocxTemplate(io.BytesIO()).patch_xml(on_lines(xml)))
    source = _TAGS.sub(lambda tag: tag[0].replace("&amp;", "&"), source)  # docxtpl leaves these
    try:
        template = sandbox.from_string(source)
    except TemplateSyntaxError as error:
        raise syntax_error(error, source, tagged, name) from error
    except (RecursionError, MemoryError, SyntaxError, ValueError) as error:
        raise Refused("TEMPLATE_SYNTAX", f"{name}: {type(error).__name__}") from error
    return _Part(
        name,
        source,
        template,
        _DRAWING_ID.search(xml) is not None,
        bool(_TABLE_CHANGES.search(xml)),
        None,
        any(mark in xml for mark in MARKS),
    )


def _print_as_runs(name: str, source: str) -> str:
    """`{{r x}}` prints between runs, where bare text would be lost: it becomes a run.

    By now docxtpl has taken the `r` away with the run around it, so the place tells.
    """
    masked = _TAGS.sub(lambda tag: " " * len(tag[0]), source)
    out: list[str] = []
    done = 0
    for match in _PRINT.finditer(source):
        opened, closed = masked.rfind("<", 0, match.start()), masked.rfind(">", 0, match.start())
        before = masked[opened : closed + 1] if opened < closed else ""
        if not before or before.startswith(("<w:t>", "<w:t ")):
            continue
        if before.startswith(("</w:r>", "<w:p>", "<w:p ", "</w:pPr>", "<w:bookmark")):
            wrapped = f"{{{{ ({match[1]})|rich }}}}"
        elif before.startswith(("</w:p>", "<w:body", "<w:tc", "</w:tcPr>", "</w:tbl>")):
            wrapped = f"<w:p>{{{{ ({match[1]})|rich }}}}</w:p>"
        else:
            raise Refused(
                "TEMPLATE_TAG",
                f"{name}: {MARKUP.sub('', match[0])[:80]} prints where Word holds no text",
                "use {{ }} in a text, {{r }} for a run or {{p }} for a paragraph",
            )
        out.append(source[done : match.start()] + wrapped)
        done = match.end()
    return "".join(out) + source[done:]


def _has_tags(xml: str) -> bool:
    text = MARKUP.sub("", xml)
    return "{{" in text or "{%" in text or "{#" in text


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)


def _fix_tables(xml: str) -> etree._Element:
    tree: etree._Element = DocxTemplate(io.BytesIO()).fix_tables(xml)
    return tree


def _renumber_drawings(xml: str) -> str:
    number = 0

    def renumber(match: re.Match[str]) -> str:
        nonlocal number
        number += 1
        return f"{match[1]}{number}{match[2]}"

    return _DRAWING_ID.sub(renumber, xml)


def _archive(parts: dict[str, bytes]) -> bytes:
    """The parts that no field changes, deflated once; documents are appended to a copy."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts, key=lambda n: (n != _TYPES, n != "_rels/.rels")):
            archive.writestr(name, parts[name])
    return buffer.getvalue()
