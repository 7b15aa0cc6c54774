"""Is this archive safe to give to a parser?"""

import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from app.domain.archive import open_archive
from app.domain.refusal import Refused

MAX_ENTRIES = 1_000
MAX_RATIO = 100
RATIO_APPLIES_ABOVE_BYTES = 1024 * 1024
"""A sheet of equal rows shrinks to less than a hundredth; up to here that costs nothing."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_CHUNK_BYTES = 1024 * 1024


def check_zip(
    source: Path | BinaryIO, max_unpacked_bytes: int, max_entries: int = MAX_ENTRIES
) -> None:
    """Inflate every entry and count, because the sizes in an archive's headers may lie.

    Raises:
        Refused: `NOT_A_ZIP`, `ZIP_TOO_MANY_ENTRIES`, `ZIP_TOO_LARGE` or `ZIP_BOMB`,
            naming the entry.
    """
    try:
        with open_archive(source) as archive:
            _check_entries(archive, max_unpacked_bytes, max_entries)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise Refused(
            "NOT_A_ZIP", f"the file is damaged or not what its name says: {error}"
        ) from error
    except RuntimeError as error:  # zipfile's way to say that an entry is encrypted
        raise Refused(
            "ENCRYPTED", "the file is encrypted", "remove its password and try again"
        ) from error


def _check_entries(archive: zipfile.ZipFile, max_unpacked_bytes: int, max_entries: int) -> None:
    entries = archive.infolist()
    if len(entries) > max_entries:
        raise Refused(
            "ZIP_TOO_MANY_ENTRIES", f"the file holds {len(entries)} parts, more than {max_entries}"
        )
    total = 0
    for entry in entries:
        size = 0
        if entry.compress_type not in _METHODS:  # the others unpack a chunk in one go, however long
            raise Refused(
                "NOT_A_ZIP", f"part {entry.filename!r} is packed in a way that is not read"
            )
        with archive.open(entry) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                size += len(chunk)
                if size > RATIO_APPLIES_ABOVE_BYTES and size > MAX_RATIO * max(
                    entry.compress_size, 1
                ):
                    raise Refused(
                        "ZIP_BOMB",
                        f"part {entry.filename!r} unpacks to more than {MAX_RATIO} times its size",
                    )
                if total + size > max_unpacked_bytes:
                    raise Refused(
                        "ZIP_TOO_LARGE",
                        f"the file unpacks to more than {max_unpacked_bytes} bytes",
                        "split it",
                    )
        total += size
