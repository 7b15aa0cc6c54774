"""Archives as Office opens them."""

import zipfile
from pathlib import Path
from typing import BinaryIO


def open_archive(source: Path | BinaryIO) -> zipfile.ZipFile:
    """The archive, whose parts are named with slashes also where its writer took backslashes.

    Raises:
        zipfile.BadZipFile and its like: as `ZipFile` does.
    """
    archive = zipfile.ZipFile(source)
    if not any("\\" in info.filename for info in archive.infolist()):
        return archive
    archive.NameToInfo.clear()
    for info in archive.infolist():
        info.filename = info.filename.replace("\\", "/").removeprefix("/")
        archive.NameToInfo[info.filename] = info
    return archive
