"""The charts of a document, read by python-docx and openpyxl: as Word finds them, part by part."""

import io
from dataclasses import dataclass

import docx
import openpyxl
from lxml import etree

CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_IDS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True, slots=True)
class Chart:
    """`series` are name and values, None for a gap; `sheet` is what "Edit Data" shows."""

    root: etree._Element
    width_mm: float
    height_mm: float
    labels: list[str]
    series: list[tuple[str, list[float | None]]]
    sheet: list[list[object]]

    def all(self, name: str) -> list[etree._Element]:
        return list(self.root.iter(f"{{{CHART}}}{name}"))


def charts_of(content: bytes) -> list[Chart]:
    """In the order in which they stand."""
    document = docx.Document(io.BytesIO(content))
    found = []
    for shape in document.inline_shapes:
        reference = next(shape._inline.iter(f"{{{CHART}}}chart"), None)
        if reference is None:
            continue
        part = document.part.related_parts[reference.get(_IDS)]
        assert part.content_type.endswith(".drawingml.chart+xml")
        root = etree.fromstring(part.blob)
        external = next(root.iterchildren(f"{{{CHART}}}externalData"))
        workbook = part.rels[external.get(_IDS)].target_part
        assert workbook.content_type.endswith(".spreadsheetml.sheet")
        sheet = openpyxl.load_workbook(io.BytesIO(workbook.blob)).active
        assert sheet is not None
        found.append(
            Chart(
                root,
                round(shape.width.mm, 1),
                round(shape.height.mm, 1),
                labels_of(root),
                [series_of(each) for each in root.iter(f"{{{CHART}}}ser")],
                [list(row) for row in sheet.iter_rows(values_only=True)],
            )
        )
    return found


def labels_of(root: etree._Element) -> list[str]:
    """What stands below the first series."""
    cache = next(root.iter(f"{{{CHART}}}cat")).find(f"{{{CHART}}}strRef/{{{CHART}}}strCache")
    assert cache is not None
    return [str(text or "") for text in _points(cache)]


def series_of(element: etree._Element) -> tuple[str, list[float | None]]:
    """Name and values of a `c:ser`, as it draws them before anybody edits."""
    names = element.find(f"{{{CHART}}}tx/{{{CHART}}}strRef/{{{CHART}}}strCache")
    values = element.find(f"{{{CHART}}}val/{{{CHART}}}numRef/{{{CHART}}}numCache")
    assert names is not None
    assert values is not None
    return str(_points(names)[0]), [None if v is None else float(v) for v in _points(values)]


def _points(cache: etree._Element) -> list[str | None]:
    count = cache.find(f"{{{CHART}}}ptCount")
    assert count is not None
    found: list[str | None] = [None] * int(count.get("val") or 0)
    for point in cache.iterchildren(f"{{{CHART}}}pt"):
        found[int(point.get("idx") or 0)] = point.findtext(f"{{{CHART}}}v") or ""
    return found
