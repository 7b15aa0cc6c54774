"""Pictures into a document: `{{ images.Photo|picture(width=40) }}`, sizes in millimetres."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from docx.image.image import Image
from jinja2 import Undefined
from lxml import etree
from markupsafe import Markup

from app.domain.picture_files import CONTENT_TYPES, read_picture
from app.domain.refusal import Refused
from app.domain.template.codes import barcode, qr_code
from app.domain.template.filters import text_of_value
from app.domain.template.printed import Printed
from app.domain.workbook.model import Picture
from app.domain.xml_safe import parse

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_EMU_PER_MM = 36_000
_MAX_MM = 160.0
"""The width that a page leaves for text; pictures without a size are made to fit it."""
_MAX_ASKED_MM = 1_000.0


@dataclass(frozen=True, slots=True)
class PictureFilters:
    """The filters that print pictures into `printed`."""

    printed: Printed

    def print(self, value: object, width: float = 0, height: float = 0) -> Markup:
        """The filter. Nothing for a cell without a picture.

        Raises:
            Refused: `TEMPLATE_VALUE`: it is none, or of a kind that Word does not show.
        """
        if isinstance(value, Undefined):
            return Markup(str(value))
        if value is None:
            return Markup("")
        if not isinstance(value, Picture):
            raise Refused("TEMPLATE_VALUE", "picture: not a picture; write images.Column|picture")
        return self._print(value.read(), value.place, width, height)

    def qr(self, value: object, width: float = 25, level: str = "M") -> Markup:
        """`{{ Id|qr(width=30) }}`; nothing for an empty cell. Raises: Refused: `TEMPLATE_VALUE`."""
        text = _text(value)
        return self._print(qr_code(text, level), "qr", width, width) if text else Markup("")

    def barcode(
        self, value: object, kind: str = "code128", width: float = 50, height: float = 15
    ) -> Markup:
        """`{{ Number|barcode("ean13") }}`; as `qr`."""
        text = _text(value)
        return self._print(barcode(text, kind), "barcode", width, height) if text else Markup("")

    def filters(self) -> dict[str, Callable[..., Markup]]:
        """By name."""
        return {"picture": self.print, "qr": self.qr, "barcode": self.barcode}

    def _print(self, content: bytes, place: str, width: float, height: float) -> Markup:
        image = read_picture(content, place)
        across, down = _size(image, float(width), float(height))
        digest = hashlib.sha256(content).hexdigest()[:32]
        name = f"media/{self.printed.mark}{digest}.{image.ext}"
        key = self.printed.relate("image", name)
        self.printed.packed[name] = content
        return Markup(_DRAWING.format(key=key, across=across, down=down))


def _text(value: object) -> str:
    """A missing field is said, or blank, as when it is printed."""
    if isinstance(value, Undefined):
        return str(value)
    if value is None:
        return ""
    return text_of_value(value).strip()


def _size(image: Image, width: float, height: float) -> tuple[int, int]:
    """In EMU; one that is not given follows from the other."""
    if not (0 <= width <= _MAX_ASKED_MM and 0 <= height <= _MAX_ASKED_MM):
        raise Refused("TEMPLATE_VALUE", f"picture: a size is at most {_MAX_ASKED_MM:.0f} mm")
    natural = max(image.px_width, 1), max(image.px_height, 1)
    if not width and not height:
        width = min(_MAX_MM, int(image.width) / _EMU_PER_MM)
    width = width or height * natural[0] / natural[1]
    height = height or width * natural[1] / natural[0]
    return max(round(width * _EMU_PER_MM), 1), max(round(height * _EMU_PER_MM), 1)


def with_picture_types(data: bytes) -> bytes:
    """[Content_Types].xml with the kinds of pictures that may come."""
    root = parse(data, "[Content_Types].xml")
    known = {(e.get("Extension") or "").lower() for e in root.iter("{*}Default")}
    for extension, kind in CONTENT_TYPES.items():
        if extension not in known:
            root.insert(0, root.makeelement(f"{{{_PACKAGE}/content-types}}Default"))
            root[0].set("Extension", extension)
            root[0].set("ContentType", kind)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


_DRAWING = (
    '</w:t><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/'
    'wordprocessingDrawing"><wp:extent cx="{across}" cy="{down}"/><wp:docPr id="1" name="{key}"/>'
    '<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData '
    'uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic xmlns:pic="http://'
    'schemas.openxmlformats.org/drawingml/2006/picture"><pic:nvPicPr><pic:cNvPr id="1" '
    'name="{key}"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip xmlns:r="http://schemas.'
    'openxmlformats.org/officeDocument/2006/relationships" r:embed="{key}"/><a:stretch>'
    '<a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/>'
    '<a:ext cx="{across}" cy="{down}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
    "</pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing>"
    '<w:t xml:space="preserve">'
)
