"""Tables to a .docx, row by row: memory stays flat however long a table is."""

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO, BinaryIO, Literal

import docx

from app.domain.word_text import text_run

WORD_MAX_COLUMNS = 63
"""Word opens no table that is wider."""

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Span:
    """A merged cell's part in one row: how many columns, and its place in the column."""

    across: int = 1
    down: Literal["none", "start", "continue"] = "none"


@dataclass(frozen=True, slots=True)
class TableRow:
    texts: list[str]
    spans: Mapping[int, Span] = field(default_factory=dict)
    header: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` gives its rows anew each time it is called: a table wider than Word allows asks
    for them once a part. Header rows at its start repeat at the top of every page."""

    title: str
    width: int
    rows: Callable[[], Iterable[TableRow]]


def write_tables(
    out: BinaryIO, tables: Iterable[Table], progress: Callable[[int], None] = lambda _rows: None
) -> int:
    """Write a document with one heading and one table for each of `tables`.

    Returns:
        The number of rows written; `progress` is told it on the way.
    """
    skeleton, before, after = _skeleton()
    rows = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for name, content in skeleton:
            archive.writestr(name, content)
        with archive.open("word/document.xml", "w", force_zip64=True) as document:
            document.write(before)
            for table in tables:
                for part, title, start, width in _parts(table):
                    written = 0
                    for written in _write_table(document, part, title, start, width):
                        if start == 0:
                            progress(rows + written)
                    if start == 0:
                        rows += written
            document.write(after)
    return rows


def _parts(table: Table) -> Iterator[tuple[Table, str, int, int]]:
    width = max(table.width, 1)
    if width <= WORD_MAX_COLUMNS:
        yield table, table.title, 0, width
        return
    for start in range(0, width, WORD_MAX_COLUMNS):
        end = min(start + WORD_MAX_COLUMNS, width)
        yield table, f"{table.title} ({start + 1}-{end})", start, end - start


def _write_table(
    document: IO[bytes], table: Table, title: str, start: int, width: int
) -> Iterator[int]:
    """Yields the number of rows so far, once a batch and at the end."""
    document.write(
        f'<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr>{text_run(title)}</w:p>'
        '<w:tbl><w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="5000" w:type="pct"/>'
        '<w:tblLook w:val="04A0"/></w:tblPr><w:tblGrid>'.encode()
    )
    document.write(b"<w:gridCol/>" * width + b"</w:tblGrid>")
    count = 0
    batch: list[str] = []
    for row in table.rows():
        batch.append(_row(row, start, width))
        count += 1
        if len(batch) == _BATCH:
            document.write("".join(batch).encode())
            batch.clear()
            yield count
    if count == 0:  # a w:tbl without a row is not valid
        batch.append(_row(TableRow([]), start, width))
    document.write("".join(batch).encode() + b"</w:tbl><w:p/>")
    yield count


def _row(row: TableRow, start: int, width: int) -> str:
    cells: list[str] = []
    texts, spans = row.texts, row.spans
    end = start + width
    if not spans and not row.header:
        cells = [f"<w:tc><w:p>{text_run(text)}</w:p></w:tc>" for text in texts[start:end]]
        cells.extend("<w:tc><w:p/></w:tc>" for _ in range(width - len(cells)))
        return f"<w:tr>{''.join(cells)}</w:tr>"
    column = start
    while column < end:
        span = spans.get(column, _SINGLE)
        across = min(span.across, end - column)
        properties = f'<w:gridSpan w:val="{across}"/>' if across > 1 else ""
        if span.down != "none":
            properties += '<w:vMerge w:val="restart"/>' if span.down == "start" else "<w:vMerge/>"
        text = texts[column] if column < len(texts) and span.down != "continue" else ""
        cells.append(
            f"<w:tc>{f'<w:tcPr>{properties}</w:tcPr>' if properties else ''}"
            f"<w:p>{text_run(text, bold=row.header)}</w:p></w:tc>"
        )
        column += across
    head = "<w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>" if row.header else ""
    return f"<w:tr>{head}{''.join(cells)}</w:tr>"


_SINGLE = Span()


@lru_cache
def _skeleton() -> tuple[list[tuple[str, bytes]], bytes, bytes]:
    """python-docx's default document: its other parts, and the two halves of its body."""
    buffer = io.BytesIO()
    docx.Document().save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    before, section, after = parts.pop("word/document.xml").partition(b"<w:sectPr")
    return list(parts.items()), before, section + after
