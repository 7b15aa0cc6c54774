"""Files by content hash. A name given by a user is never part of a path."""

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

_SHA256 = re.compile(r"[0-9a-f]{64}$")
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredFile:
    sha256: str
    size_bytes: int


class Gone(FileNotFoundError):
    """The file has been swept."""


class Away(OSError):
    """The store does not answer; it will be back."""


class Storage(Protocol):
    """Where files are kept. The same content is kept once."""

    def put(self, path: Path) -> StoredFile:
        """Keep a copy of the file at `path`; it is there whole, or not at all."""

    def local(self, sha256: str) -> AbstractContextManager[Path]:
        """A path to read the file at, for as long as the block runs. Raises: Gone."""

    def exists(self, sha256: str) -> bool: ...

    def delete(self, sha256: str) -> None: ...

    def names(self) -> Iterator[tuple[str, float]]:
        """Every file's hash, and when it was written (seconds since 1970)."""

    def check(self) -> int:
        """Bytes free to write, or an OSError."""


def is_sha256(name: str) -> bool:
    return _SHA256.match(name) is not None


def hash_of(path: Path, copy: BinaryIO | None = None) -> tuple[str, int]:
    """The SHA-256 and the size of the file at `path`, which is also written to `copy`."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            if copy:
                copy.write(chunk)
    return digest.hexdigest(), size


class DiskStorage:
    """See `Storage`. One folder, shared by the service and its workers."""

    def __init__(self, folder: Path) -> None:
        self._files = folder / "files"
        self._incoming = folder / "incoming"

    def put(self, path: Path) -> StoredFile:
        self._incoming.mkdir(parents=True, exist_ok=True)
        incoming = self._incoming / secrets.token_hex(16)
        try:
            with incoming.open("xb") as target:
                sha256, size = hash_of(path, target)
                target.flush()
                os.fsync(target.fileno())
            place = self._place(sha256)
            place.parent.mkdir(parents=True, exist_ok=True)
            incoming.replace(place)
        finally:
            incoming.unlink(missing_ok=True)
        return StoredFile(sha256, size)

    @contextmanager
    def local(self, sha256: str) -> Iterator[Path]:
        place = self._place(sha256)
        if not place.exists():
            raise Gone(sha256)
        yield place

    def exists(self, sha256: str) -> bool:
        return self._place(sha256).exists()

    def delete(self, sha256: str) -> None:
        self._place(sha256).unlink(missing_ok=True)

    def names(self) -> Iterator[tuple[str, float]]:
        for place in self._files.glob("*/*/*"):
            try:
                yield place.name, place.stat().st_mtime
            except FileNotFoundError:
                continue

    def check(self) -> int:
        self._incoming.mkdir(parents=True, exist_ok=True)
        probe = self._incoming / f"probe-{secrets.token_hex(8)}"
        probe.touch()
        probe.unlink()
        return shutil.disk_usage(self._incoming).free

    def _place(self, sha256: str) -> Path:
        if not is_sha256(sha256):
            raise ValueError("not a SHA-256")
        return self._files / sha256[:2] / sha256[2:4] / sha256
