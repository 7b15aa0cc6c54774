"""The rows of one sheet's XML.

A sheet is millions of alike elements. What all common writers put into a row is matched by one
expression; a row that holds anything else is given to a real parser, alone.
"""

import codecs
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import IO, NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from app.domain.workbook.merges import read_merges
from app.domain.workbook.model import SheetLayout
from app.domain.workbook.remarks import Remarks
from app.domain.xml_safe import damaged

Cell = tuple[bytes, bytes, bytes, bytes, bytes, bytes]
"""Column letters (empty: the next one), style, type, formula (not its text: whether there is one),
value, inline text; the last two escaped. Inline text of several looks is an element `is`."""
RICH_START = b"<is>"
_LOOKS = frozenset({"rPr", "b", "i", "u", "strike", "color", "vertAlign"})

_CHUNK_BYTES = 1 << 20
_MAX_ROW_BYTES = 64 << 20
_HIDDEN = re.compile(rb'\shidden=["\'](?:1|true)["\']')
_ROW_NUMBER = re.compile(rb'\sr=["\'](\d+)["\']')
_ENCODING = re.compile(rb'<\?xml[^>]*encoding=["\']([\w.-]+)["\']')


class Columns(NamedTuple):
    """The cells of a row that hold a value and nothing else: a third of the work of any other."""

    letters: tuple[bytes, ...]
    attributes: tuple[bytes, ...]
    """What stands behind the reference, as it is written: ` s="1" t="s"`."""
    values: tuple[bytes, ...]


class RawRow:
    """A row as it is written.

    Attributes:
        number: from 0.
        columns: None where a cell holds something beside a value, or no value.
    """

    __slots__ = ("_cells", "_source", "columns", "hidden", "number")

    def __init__(
        self,
        number: int,
        columns: Columns | None,
        source: tuple[bytes, int, int, "_Pattern", str],
        *,
        hidden: bool,
    ) -> None:
        self.number, self.columns, self.hidden = number, columns, hidden
        self._source = source
        self._cells: list[Cell] | None = None

    @property
    def cells(self) -> list[Cell]:
        """Its cells; read when they are first asked for.

        Raises:
            Refused: `XML_DAMAGED`
        """
        if self._cells is None:
            segment, start, end, pattern, what = self._source
            self._cells = pattern.cell.findall(segment, end)
            expected = segment.count(pattern.cell_start, end)
            if len(self._cells) != expected or segment.find(pattern.bare_cell, end) >= 0:
                self._cells = _parse_row(segment[start:] + pattern.row_end, what)
        return self._cells


class _Pattern(NamedTuple):
    cell: re.Pattern[bytes]
    plain_cell: re.Pattern[bytes]
    plain_value: bytes
    """Stands in each plain cell, and in no other."""
    cell_start: bytes
    bare_cell: bytes
    row_start: bytes
    row_end: bytes
    data_end: bytes


@lru_cache(maxsize=64)
def _pattern(prefix: bytes) -> _Pattern:
    p = re.escape(prefix)
    cell = (
        rb'<%bc r="([A-Z]{1,3})\d+"(?: s="(\d+)")?(?: t="(\w+)")?(?:/>|>'
        rb"(?:(<%bf)(?:(?:>| [^>]*[^>/]>)[^<]*</%bf>|[^>]*/>))?"
        rb"(?:<%bv>([^<]*)</%bv>|<%bis><%bt(?: xml:space=\"preserve\")?>([^<]*)</%bt></%bis>)?"
        rb"</%bc>)"
    ) % ((p,) * 10)
    plain = rb'<%bc r="([A-Z]++)[0-9]++"([^>]*+)><%bv>([^<]*+)</%bv></%bc>' % ((p,) * 4)
    return _Pattern(
        re.compile(cell),
        re.compile(plain),
        b'"><' + prefix + b"v>",
        b"<" + prefix + b"c ",
        b"<" + prefix + b"c>",
        b"<" + prefix + b"row",
        b"</" + prefix + b"row>",
        b"</" + prefix + b"sheetData>",
    )


def read_rows(stream: IO[bytes], what: str) -> Iterator[RawRow]:
    """Every row that has a cell, in the order of the file.

    Raises:
        Refused: `XML_DAMAGED`, naming `what`.
    """
    source, head = _as_utf8(stream)
    pattern = _pattern(_prefix(head))
    tail = head
    previous = -1
    chunk = head
    while chunk:
        chunk = source.read(_CHUNK_BYTES)
        *rows, tail = (tail + chunk).split(pattern.row_end)
        for row in rows:
            raw = _read_row(row, pattern, previous, what)
            previous = raw.number
            if raw.columns or raw.cells:
                yield raw
        if len(tail) > _MAX_ROW_BYTES:
            raise damaged(what, ValueError("a row without an end"))
    if pattern.row_start + b" " in tail and pattern.data_end not in tail:
        raise damaged(what, ValueError("the sheet ends inside a row"))


def read_layout(stream: IO[bytes], remarks: Remarks) -> SheetLayout:
    """Merged ranges and hidden columns, which stand before and after the rows."""
    source, head = _as_utf8(stream)
    pattern = _pattern(_prefix(head))
    before = head
    while b"sheetData" not in before and (chunk := source.read(_CHUNK_BYTES)):
        before += chunk
    before, _, rest = before.partition(b"sheetData")
    keep = len(pattern.data_end)
    after = b""
    while True:
        place = rest.find(pattern.data_end)
        if place >= 0:
            after = rest[place:] + source.read(_MAX_ROW_BYTES)
            break
        chunk = source.read(_CHUNK_BYTES)
        if not chunk:
            after = rest if len(rest) < _CHUNK_BYTES else b""  # <sheetData/>, or a cut file
            break
        rest = rest[-keep:] + chunk
    return SheetLayout(read_merges(after, remarks), _hidden_columns(before))


def _hidden_columns(before: bytes) -> set[int]:
    hidden: set[int] = set()
    for column in re.findall(rb"<(?:\w+:)?col\s[^>]*>", before):
        first, last = re.search(rb'\smin="(\d+)"', column), re.search(rb'\smax="(\d+)"', column)
        if first and last and _HIDDEN.search(column):
            hidden.update(range(int(first[1]) - 1, min(int(last[1]), 16_384)))
    return hidden


def _as_utf8(stream: IO[bytes]) -> tuple[IO[bytes], bytes]:
    head = stream.read(4096)
    encoding = ""
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encoding = "utf-16"
    elif match := _ENCODING.search(head):
        encoding = match[1].decode("ascii").lower()
    if encoding in {"", "utf-8", "us-ascii", "ascii"}:
        return stream, head.removeprefix(codecs.BOM_UTF8)
    try:
        text = (head + stream.read(_MAX_ROW_BYTES)).decode(encoding)
    except (LookupError, UnicodeDecodeError) as error:
        raise damaged("a sheet", error) from error
    recoded = codecs.EncodedFile(_bytes_file(text.encode()), "utf-8")
    return recoded, recoded.read(4096)


def _bytes_file(data: bytes) -> IO[bytes]:
    import io

    return io.BytesIO(data)


def _prefix(head: bytes) -> bytes:
    match = re.search(rb"<(\w+:)?worksheet[\s>]", head)
    return match[1] or b"" if match else b""


def _read_row(segment: bytes, pattern: _Pattern, previous: int, what: str) -> RawRow:
    first = segment.find(pattern.cell_start)
    start = segment.rfind(pattern.row_start, 0, first if first >= 0 else None)
    if start < 0:
        raise damaged(what, ValueError("a row ends that has not begun"))
    end = segment.find(b">", start)
    opening = segment[start:end]
    number = _ROW_NUMBER.search(opening)
    index = int(number[1]) - 1 if number else previous + 1
    source = (segment, start, end, pattern, what)
    hidden = _HIDDEN.search(opening) is not None
    return RawRow(index, _columns(segment, end, pattern), source, hidden=hidden)


def _columns(segment: bytes, end: int, pattern: _Pattern) -> Columns | None:
    # Whatever begins as a cell does: one that names no place is among them.
    expected = segment.count(pattern.cell_start[:-1], end)
    if expected == 0 or segment.count(pattern.plain_value, end) != expected:
        return None
    cells = pattern.plain_cell.findall(segment, end)
    if len(cells) != expected:
        return None
    return Columns(*zip(*cells, strict=True))


def _parse_row(xml: bytes, what: str) -> list[Cell]:
    """The same cells by a parser: attributes in any order, rich text, comments, CDATA."""
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    cells: list[Cell] = []
    attributes: dict[str, str] = {}
    text: dict[str, list[str]] = {}
    path: list[str] = []
    rich: list[str] = []

    def start(tag: str, found: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        path.append(name)
        if name == "c":
            attributes.clear()
            attributes.update(found)
            text.clear()
            rich.clear()
        elif _is_kept(name, path):
            plain = ((key, value) for key, value in found.items() if ":" not in key)
            written = (f" {key}={quoteattr(value)}" for key, value in plain)
            rich.append(f"<{name}{'' if name == 't' else ''.join(written)}>")
        elif name == "f":
            text["f"] = []

    def characters(data: str) -> None:
        if path[-1] == "v":
            text.setdefault("v", []).append(data)
        elif path[-1] == "t" and "is" in path and "rPh" not in path:
            text.setdefault("is", []).append(data)
            rich.append(escape(data))

    def end(_tag: str) -> None:
        name = path.pop()
        if _is_kept(name, path):
            rich.append(f"</{name}>")
        if name == "c":
            inline = _escape("".join(text.get("is", [])))
            if "<rPr>" in rich:
                inline = RICH_START + "".join(rich).encode("utf-8", "replace") + b"</is>"
            letters = attributes.get("r", "").rstrip("0123456789").encode()
            cells.append(
                (
                    letters,
                    attributes.get("s", "").encode(),
                    attributes.get("t", "").encode(),
                    b"f" if "f" in text else b"",
                    _escape("".join(text.get("v", []))),
                    inline,
                )
            )

    parser.StartElementHandler = start
    parser.CharacterDataHandler = characters
    parser.EndElementHandler = end
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise damaged(what, error) from error
    return cells


def _is_kept(name: str, path: list[str]) -> bool:
    """Whether an element at `path` says how inline text looks, or is it."""
    return "is" in path and (name in {"r", "t"} or (name in _LOOKS and "r" in path))


def _escape(text: str) -> bytes:
    return text.replace("&", "&amp;").replace("<", "&lt;").encode("utf-8", "replace")
