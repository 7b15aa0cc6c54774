"""Which kind of workbook is this? Asked of the bytes, not of the name."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from app.domain.archive import open_archive
from app.domain.limits import Limits
from app.domain.ole import is_encrypted, is_ole
from app.domain.refusal import Refused
from app.domain.workbook.delimited import DelimitedReader
from app.domain.workbook.json_rows import JsonReader
from app.domain.workbook.model import WorkbookReader
from app.domain.workbook.ods import OdsReader
from app.domain.workbook.xls import XlsReader
from app.domain.workbook.xlsb import XlsbReader
from app.domain.workbook.xlsx import XlsxReader
from app.domain.workbook.xml2003 import NAMESPACE, Xml2003Reader
from app.domain.zip_guard import check_zip

_BIFF_STARTS = (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08")
_XML_HEAD_BYTES = 4096
_TEXT_SUFFIXES = {".csv", ".tsv", ".txt", ".tab", ".json"}
_NAMED_KINDS = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"{\\rtf": "an RTF document",
    b"<!DOC": "a web page",
    b"<html": "a web page",
}


def detect_kind(path: Path, name: str) -> str:
    """`xlsx`, `xlsb`, `xls`, `ods`, `fods`, `xml` (Excel's of 2003), `json` or `csv`.

    Raises:
        Refused: `UNKNOWN_KIND`, `ENCRYPTED`, naming what the file is instead where that is known.
    """
    if is_ole(path):
        if is_encrypted(path):
            raise Refused("ENCRYPTED", "the workbook is password-protected", "remove its password")
        return "xls"
    with path.open("rb") as file:
        head = file.read(8)
    if head[:2] == b"PK":
        return _kind_of_archive(path)
    if head[:2] in _BIFF_STARTS and head[2:3] in {b"\x04", b"\x06", b"\x08", b"\x10"}:
        return "xls"
    if kind := _kind_of_xml(path):
        return kind
    for start, kind in _NAMED_KINDS.items():
        if head.startswith(start):
            raise _unknown(f"the file is {kind}")
    if PurePath(name).suffix.lower() not in _TEXT_SUFFIXES:
        raise _unknown(f"{name!r} is no workbook")
    with path.open("rb") as file:
        sample = file.read(1 << 16)
    if b"\0" in sample and sample[:2] not in {b"\xff\xfe", b"\xfe\xff"}:
        raise _unknown("the file is not text")
    return "json" if PurePath(name).suffix.lower() == ".json" else "csv"


@contextmanager
def open_workbook(path: Path, name: str, limits: Limits) -> Iterator[WorkbookReader]:
    """The reader for the kind of workbook that the file is.

    Raises:
        Refused: with a code that says why; also while rows are read.
    """
    kind = detect_kind(path, name)
    if kind in {"xlsx", "xlsb", "ods"}:
        check_zip(path, limits.unpacked_bytes)
    reader: WorkbookReader
    match kind:
        case "xlsx":
            reader = XlsxReader(path, limits)
        case "xlsb":
            reader = XlsbReader(path, limits)
        case "ods" | "fods":
            reader = OdsReader(path, limits, flat=kind == "fods")
        case "xml":
            reader = Xml2003Reader(path, limits)
        case "xls":
            reader = XlsReader(path, limits)
        case "json":
            reader = JsonReader(path, limits, PurePath(name).stem or "Sheet1")
        case _:
            reader = DelimitedReader(path, limits, PurePath(name).stem or "Sheet1")
    try:
        yield reader
    except (zipfile.BadZipFile, EOFError, UnicodeDecodeError) as error:
        raise Refused("WORKBOOK_DAMAGED", f"the workbook cannot be read: {error}") from error
    finally:
        reader.close()


def _kind_of_archive(path: Path) -> str:
    try:
        with open_archive(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Refused("NOT_A_ZIP", f"the file is damaged: {error}") from error
    if any(n.startswith("word/") for n in names):
        raise _unknown("the file is a Word document")
    if any(n.endswith("workbook.bin") for n in names):
        return "xlsb"
    if "content.xml" in names:
        return "ods"
    if "[Content_Types].xml" in names:
        return "xlsx"
    raise _unknown("the file is an archive, but no workbook")


def _kind_of_xml(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(_XML_HEAD_BYTES)
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        head = head.decode("utf-16", "replace").encode()
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return None
    if NAMESPACE.encode() in head:
        return "xml"
    is_flat = b"opendocument" in head and b"opendocument.spreadsheet" in head
    return "fods" if is_flat else None


def _unknown(message: str) -> Refused:
    return Refused(
        "UNKNOWN_KIND",
        message,
        "send an .xlsx, .xlsm, .xlsb, .xls, .ods, .fods, .csv, .json or an XML Spreadsheet 2003",
    )
