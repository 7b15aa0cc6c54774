"""Results as PDF: a document, or an archive of documents."""

import zipfile
from collections.abc import Callable
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from app.services.isolation.office import Office


def document_as_pdf(office: Office, document: Path, tick: Callable[[], None]) -> Path:
    """Raises: what `Office.to_pdf` raises."""
    return office.to_pdf([document], document.parent, tick)[0]


def archive_as_pdf(office: Office, archive: Path, tick: Callable[[], None]) -> Path:
    """An archive with a PDF for each document in `archive`, of the same names.

    Raises:
        What `Office.to_pdf` raises.
    """
    whole = archive.with_suffix(".pdf.zip")
    with (
        TemporaryDirectory(dir=archive.parent) as scratch,
        zipfile.ZipFile(archive) as documents,
        zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        folder = Path(scratch)
        names = documents.namelist()
        paths = [folder / f"{number}.docx" for number in range(len(names))]  # no name of a user's
        for name, path in zip(names, paths, strict=True):
            path.write_bytes(documents.read(name))
        for name, pdf in zip(names, office.to_pdf(paths, folder, tick), strict=True):
            out.write(pdf, PurePath(name).stem + ".pdf")
    return whole
