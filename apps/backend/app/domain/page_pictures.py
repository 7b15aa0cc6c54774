"""The pages of a PDF as pictures."""

from pathlib import Path

_WIDTH = 1000
_MAX_HEIGHT = 3000
_COLOURS = 64
"""Enough for black text's smooth edges and a letter-head; a page has a fifth of the bytes then."""


def page_pictures(pdf: Path, folder: Path, most: int) -> list[Path]:
    """The first `most` pages as PNGs in `folder`, each `_WIDTH` dots wide, but none too high."""
    # not with the module: these take their time, and few processes need them
    import pypdfium2
    from PIL import Image

    made: list[Path] = []
    document = pypdfium2.PdfDocument(pdf)
    try:
        for number in range(min(len(document), most)):
            page = document[number]
            width, height = page.get_size()
            scale = min(_WIDTH / max(width, 1), _MAX_HEIGHT / max(height, 1))
            picture: Image.Image = page.render(scale=scale).to_pil()
            path = folder / f"{pdf.stem}-{number}.png"
            picture.convert("RGB").quantize(_COLOURS).save(path, optimize=True)
            made.append(path)
    finally:
        document.close()
    return made
