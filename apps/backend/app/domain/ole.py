"""OLE compound files: what Office wrote before 2007, and what it wraps around a password."""

from pathlib import Path

_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")


def is_ole(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MARK)) == _MARK


def is_encrypted(path: Path) -> bool:
    """Whether an .xlsx or .docx with a password is inside."""
    return _ENCRYPTED_PACKAGE in path.read_bytes()
