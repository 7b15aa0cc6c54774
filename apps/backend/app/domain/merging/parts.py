"""The finished documents of a job, which lie in archives, as one."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePath

from app.domain.conversion import DOCX, PDF, Finished, Progress, Tell
from app.domain.limits import Limits


def merge_parts(
    archives: Sequence[Path], folder: Path, rows: int, limits: Limits, tell: Tell, *, pdf: bool
) -> Finished:
    """One document of all documents in `archives`; one PDF of all PDFs.

    Args:
        rows: of the job, which are all done.

    Raises:
        Refused: `MERGED_TOO_LARGE`, `NOTHING_TO_CONVERT`.
    """
    told = _telling(tell, rows)
    if pdf:
        from app.domain.merging.pdfs import merge_pdfs  # which is of no use to all other requests

        path = folder / "merged.pdf"
        named = ((PurePath(name).stem, content) for name, content in _documents(archives))
        merge_pdfs(named, path, told)
        return Finished(path, PDF, rows)
    from app.domain.merging.documents import merge_documents

    path = folder / "merged.docx"
    contents = (content for _, content in _documents(archives))
    merge_documents(contents, path, limits.unpacked_bytes, told)
    return Finished(path, DOCX, rows)


def _telling(tell: Tell, rows: int) -> Callable[[int], None]:
    """All rows are done by now; that something goes on is told all the same."""

    def told(count: int) -> None:
        if count % 10 == 0:
            tell(Progress(rows, rows))

    return told


def _documents(archives: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    for path in archives:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name, archive.read(name)
