"""PDFs as one."""

from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path

from pypdf import PdfWriter

from app.domain.refusal import Refused


def merge_pdfs(
    documents: Iterable[tuple[str, bytes]], path: Path, tell: Callable[[int], None]
) -> None:
    """Write the PDFs, in their order, as one into `path`; an outline names each.

    Raises:
        Refused: `NOTHING_TO_CONVERT`.
    """
    with PdfWriter() as writer:
        count = 0
        for count, (name, content) in enumerate(documents, 1):
            writer.append(BytesIO(content), outline_item=name, import_outline=False)
            tell(count)
        if not count:
            raise Refused("NOTHING_TO_CONVERT", "no row makes a document")
        writer.metadata = None  # the first one's title is not that of all
        writer.compress_identical_objects()  # fonts and pictures are the same in most
        writer.write(path)
