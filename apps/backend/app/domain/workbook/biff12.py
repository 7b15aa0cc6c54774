"""The records of an .xlsb (MS-XLSB 2.1.4): a number, a length, and as many bytes."""

import struct
from collections.abc import Iterator
from typing import IO

from app.domain.refusal import Refused

ROW, BLANK, RK, ERROR, BOOL, REAL, TEXT, SHARED = range(8)
FORMULA_TEXT, FORMULA_REAL, FORMULA_BOOL, FORMULA_ERROR = range(8, 12)
SHARED_STRING, FORMAT, STYLE, COLUMN, RICH_TEXT = 19, 44, 47, 60, 62
PROPERTIES, SHEET, MERGE = 153, 156, 176
BEGIN_STYLES, END_STYLES = 617, 618
_CHUNK_BYTES = 1 << 20
_HEAD_BYTES = 6
"""Of a record at most; with fewer left, more is read, if there is more."""
_MAX_RECORD_BYTES = 1 << 24


def records(stream: IO[bytes], what: str) -> Iterator[tuple[int, memoryview]]:
    """Number and content of each record.

    Raises:
        Refused: `WORKBOOK_DAMAGED`, naming `what`.
    """
    buffer, place = b"", 0
    while True:
        if len(buffer) - place < _HEAD_BYTES:
            buffer, place = buffer[place:] + stream.read(_CHUNK_BYTES), 0
            if not buffer:
                return
        try:
            number, size = buffer[place], buffer[place + 1]
            if number < 0x80 and size < 0x80:  # nearly all
                place += 2
            else:
                number, place = _varying(buffer, place, 2)
                size, place = _varying(buffer, place, 4)
        except IndexError:
            raise _cut(what) from None
        if size > _MAX_RECORD_BYTES:
            raise _cut(what)
        if place + size > len(buffer):
            buffer, place = buffer[place:] + stream.read(size + _CHUNK_BYTES), 0
            if size > len(buffer):
                raise _cut(what)
        yield number, memoryview(buffer)[place : place + size]
        place += size


def text_at(content: memoryview, place: int) -> tuple[str, int]:
    """A text with its length before it, and where it ends."""
    (length,) = struct.unpack_from("<I", content, place)
    if length == 0xFFFFFFFF:  # none
        return "", place + 4
    end = place + 4 + 2 * length
    if end > len(content):
        raise ValueError("a text is cut off")
    return bytes(content[place + 4 : end]).decode("utf-16-le", "replace"), end


def rk_number(raw: int) -> float:
    """Thirty bits of a number, and whether they are whole or hundredths (MS-XLSB 2.5.122)."""
    if raw & 2:
        number = float((raw >> 2) - (1 << 30 if raw & 0x80000000 else 0))
    else:
        (number,) = struct.unpack("<d", struct.pack("<Q", (raw & 0xFFFFFFFC) << 32))
    return number / 100 if raw & 1 else number


def _varying(buffer: bytes, place: int, most: int) -> tuple[int, int]:
    number = 0
    for step in range(most):
        byte = buffer[place]
        place += 1
        number |= (byte & 0x7F) << (7 * step)
        if byte < 0x80:
            break
    return number, place


def _cut(what: str) -> Refused:
    return Refused("WORKBOOK_DAMAGED", f"{what} ends inside a record", "save it as .xlsx")
