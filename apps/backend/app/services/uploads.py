"""An upload to a temporary file, counted and hashed on its way."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from app.domain.refusal import Refused

_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    path: Path
    sha256: str
    size_bytes: int


@contextmanager
def received(stream: BinaryIO, name: str | None, max_bytes: int) -> Iterator[Upload]:
    """Hold `stream` in a file for as long as the block runs.

    Raises:
        Refused: `UPLOAD_TOO_LARGE`, `UPLOAD_EMPTY`.
    """
    digest = hashlib.sha256()
    size = 0
    with NamedTemporaryFile(prefix="excel2doc-") as file:
        while chunk := stream.read(_CHUNK_BYTES):
            size += len(chunk)
            if size > max_bytes:
                raise Refused("UPLOAD_TOO_LARGE", f"the file is larger than {max_bytes} bytes")
            digest.update(chunk)
            file.write(chunk)
        if size == 0:
            raise Refused("UPLOAD_EMPTY", "the file is empty")
        file.flush()
        yield Upload(display_name(name), Path(file.name), digest.hexdigest(), size)


def display_name(name: str | None) -> str:
    """A name to show, never one to open: no folders, no control characters, at most 255 long."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[:255] or "upload"
