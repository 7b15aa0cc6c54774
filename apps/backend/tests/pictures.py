"""Pictures for tests, alone and in archives, and those that a document shows."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

import docx


def png(width: int, height: int, shade: int = 0) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes([shade]) * width) * height)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def pictures_of(content: bytes) -> list[tuple[bytes, float, float]]:
    """Content, width and height in millimetres, as python-docx reads them."""
    document = docx.Document(io.BytesIO(content))
    return [
        (
            document.part.related_parts[
                shape._inline.graphic.graphicData.pic.blipFill.blip.embed
            ].blob,
            round(shape.width.mm, 1),
            round(shape.height.mm, 1),
        )
        for shape in document.inline_shapes
    ]


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive whose names are marked as UTF-8 where they need it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def zipped_in(encoding: str, files: Mapping[str, bytes]) -> bytes:
    """As Windows packs: names in the encoding of its language, and no mark that says which."""
    stand_ins = {
        f"{number:03}".ljust(len(name.encode(encoding)), "x"): name.encode(encoding)
        for number, name in enumerate(files)
    }
    packed = zipped(dict(zip(stand_ins, files.values(), strict=True)))
    for stand_in, name in stand_ins.items():
        assert packed.count(stand_in.encode()) == 2
        packed = packed.replace(stand_in.encode(), name)
    return packed
