"""A chart as Word keeps it: its drawing, and the workbook that "Edit Data" opens.

Both are XlsxWriter's. A chart of Excel's is written as one of Word's is, but for the reference to
its workbook.
"""

import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from app.domain.template.chart_data import ChartData
from app.domain.template.chart_defaults import C, say_what_is_unsaid
from app.domain.xml_safe import local, parse

KINDS = ("column", "bar", "line", "area", "pie", "doughnut")
ROUND = ("pie", "doughnut")
"""Parts of a whole: one column, and no number below zero."""
CHART_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CHART = "xl/charts/chart1.xml"
_SHEET = "Sheet1"
_TITLE = "Title"
"""In the place of the chart's own."""
_MADE = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Equal charts are equal to the byte."""
_WORKBOOK_ID = "rId1"
_SQUARE = f'<c:roundedCorners xmlns:c="{C}" val="0"/>'
_REFERENCE = (
    f'<c:externalData xmlns:c="{C}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/'
    f'relationships" r:id="{_WORKBOOK_ID}"><c:autoUpdate val="0"/></c:externalData>'
)


@dataclass(frozen=True, slots=True)
class Look:
    """How a chart looks; `fmt` is one of Excel's number formats, for the axis and the numbers."""

    kind: str
    title: str
    fmt: str
    stacked: bool
    numbers: bool


def chart_xml(data: ChartData, look: Look) -> bytes:
    """The chart part. Its relationship `rId1` is the workbook."""
    with zipfile.ZipFile(io.BytesIO(_written(data, look))) as archive:
        root = parse(archive.read(_CHART), "chart")
    _keep_labels_as_texts(root)
    say_what_is_unsaid(root)
    _say_title(root, look.title)
    for before, added in (("chart", _SQUARE), ("printSettings", _REFERENCE)):
        place = next(root.iterchildren(f"{{{C}}}{before}"))
        place.addprevious(etree.fromstring(added))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def workbook(data: ChartData) -> bytes:
    """The .xlsx with the numbers alone."""
    return _written(data, None)


def chart_relationships(name: str) -> bytes:
    """Those of the chart part, whose workbook is `name`."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="{_WORKBOOK_ID}" Type="http://schemas.openxmlformats.org/officeDocument/'
        f'2006/relationships/package" Target="{name}"/></Relationships>'
    ).encode()


def _keep_labels_as_texts(root: etree._Element) -> None:
    """A label that reads like a number is one to XlsxWriter, and "007" would be drawn as 7."""
    for category in root.iter(f"{{{C}}}cat"):
        for element in list(category.iter(etree.Element)):
            name = local(element)
            if name == "formatCode" and (parent := element.getparent()) is not None:
                parent.remove(element)
            elif name.startswith("num"):
                element.tag = f"{{{C}}}str{name.removeprefix('num')}"


def _say_title(root: etree._Element, title: str) -> None:
    """As it is: of "Los!Q1" or "=A!B1" XlsxWriter makes a reference to a cell."""
    for place in root.iterfind(f"{{{C}}}chart/{{{C}}}title//{{*}}t"):
        place.text = title


def _written(data: ChartData, look: Look | None) -> bytes:
    import xlsxwriter  # not with the module: few documents have charts

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"created": _MADE})
        sheet = book.add_worksheet(_SHEET)
        for row, label in enumerate(data.labels, 1):
            sheet.write_string(row, 0, label)
        for column, series in enumerate(data.series, 1):
            sheet.write_string(0, column, series.name)
            for row, value in enumerate(series.values, 1):
                if value is not None:
                    sheet.write_number(row, column, value)
        if look is not None:
            sheet.insert_chart(0, 0, _chart(book, data, look))
    return out.getvalue()


def _chart(book: Any, data: ChartData, look: Look) -> Any:
    subtype = {"subtype": "stacked"} if look.stacked else {}
    chart = book.add_chart({"type": look.kind, **subtype})
    last = len(data.labels)
    for column, series in enumerate(data.series, 1):
        numbers = {"value": True, "num_format": look.fmt} if look.fmt else {"value": True}
        chart.add_series(
            {
                "name": [_SHEET, 0, column],
                "categories": [_SHEET, 1, 0, last, 0],
                "values": [_SHEET, 1, column, last, column],
                "categories_data": data.labels,
                "values_data": series.values,
                "data_labels": numbers if look.numbers else None,
            }
        )
    chart.set_title({"name": _TITLE} if look.title else {"none": True})
    chart.set_chartarea({"border": {"none": True}})
    many = len(data.series) > 1 or look.kind in ROUND
    chart.set_legend({"position": "bottom"} if many else {"none": True})
    if look.kind not in ROUND and look.fmt:
        axis = chart.set_x_axis if look.kind == "bar" else chart.set_y_axis
        axis({"num_format": look.fmt})
    return chart
