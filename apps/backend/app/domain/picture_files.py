"""What is a picture that Word shows, told by its bytes."""

from docx.image.exceptions import (
    InvalidImageStreamError,
    UnexpectedEndOfFileError,
    UnrecognizedImageError,
)
from docx.image.image import Image

from app.domain.refusal import Refused

CONTENT_TYPES = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif"}
MAX_PIXELS = 100_000_000
"""Whoever opens the document unpacks them: a few KB can stand for gigabytes."""
_PNG_START = b"\x89PNG\r\n\x1a\n"


def read_picture(content: bytes, place: str) -> Image:
    """The picture's kind and size; what it shows is not looked at.

    Raises:
        Refused: `TEMPLATE_VALUE`, naming `place`: it is damaged, of another kind, or huge.
    """
    try:
        image = Image.from_blob(content)
    except (
        InvalidImageStreamError,
        UnexpectedEndOfFileError,
        UnrecognizedImageError,
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        raise _damaged(place) from error
    if image.ext not in CONTENT_TYPES:
        raise Refused("TEMPLATE_VALUE", f"{place}: the picture is neither PNG, JPEG nor GIF")
    if image.px_width * image.px_height > MAX_PIXELS:
        raise Refused(
            "TEMPLATE_VALUE",
            f"{place}: the picture has {image.px_width} × {image.px_height} pixels, "
            f"more than {MAX_PIXELS}",
            "make it smaller",
        )
    if image.ext == "png" and not _is_whole_png(content):
        raise _damaged(place)
    return image


def _damaged(place: str) -> Refused:
    return Refused("TEMPLATE_VALUE", f"{place}: the picture is damaged or of no known kind")


def _is_whole_png(content: bytes) -> bool:
    """Whether its chunks lead to its end; a header alone is what a broken upload leaves."""
    at, has_data = len(_PNG_START), False
    while at + 12 <= len(content):
        length, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        if kind == b"IEND":
            return has_data
        has_data = has_data or kind == b"IDAT"
        at += 12 + length
    return False
