"""Charts into a document: `{{ rows|chart("column", labels="Month", values="Total") }}`."""

from collections.abc import Callable
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from jinja2 import Undefined, pass_environment
from markupsafe import Markup

from app.domain.refusal import Refused
from app.domain.template.chart_data import ChartData, chart_data, one_line
from app.domain.template.chart_parts import (
    CHART_TYPE,
    KINDS,
    ROUND,
    WORKBOOK_TYPE,
    Look,
    chart_relationships,
    chart_xml,
    workbook,
)
from app.domain.template.printed import Printed
from app.domain.template.sandbox import Sandbox

_EMU_PER_MM = 36_000
_LEAST_MM, _MOST_MM = 10, 1_000
_MAX_TITLE = 255


@dataclass(frozen=True, slots=True)
class ChartFilter:
    """The filter that prints charts into `printed`."""

    printed: Printed

    @pass_environment
    def print(
        self,
        sandbox: Sandbox,
        rows: object,
        kind: str = "column",
        labels: str = "",
        values: object = (),
        title: object = "",
        width: float = 160,
        height: float = 80,
        fmt: str = "",
        stacked: bool = False,
        numbers: bool = False,
    ) -> Markup:
        """A chart with a series for each column of `values`; sizes in millimetres.

        Raises:
            Refused: `TEMPLATE_VALUE`, `TEMPLATE_RANGE`; FieldMissing.
        """
        if isinstance(rows, Undefined):
            return Markup(str(rows))
        columns = [values] if isinstance(values, str) else values
        if not isinstance(columns, list | tuple) or not all(isinstance(c, str) for c in columns):
            raise _refused("values are names of columns", 'write values="Total"')
        if not labels or not columns:
            missing = "values" if labels else "labels"
            example = 'rows|chart("column", labels="Month", values=["Total", "Costs"])'
            raise _refused(f"{missing} is not said", f"write {example}")
        data = chart_data(sandbox, rows, str(labels), columns)
        look = Look(_kind(kind), _title(title), str(fmt), bool(stacked), bool(numbers))
        _check(data, look)
        sandbox.budget.chart(data.points)
        return self._print(data, look, _emu(width), _emu(height)) if data.series else Markup("")

    def filters(self) -> dict[str, Callable[..., Markup]]:
        """By name."""
        return {"chart": self.print}

    def _print(self, data: ChartData, look: Look, across: int, down: int) -> Markup:
        number = len(self.printed.types) // 2 + 1
        name = f"{self.printed.mark}{number}"
        chart, book = f"charts/{name}.xml", f"embeddings/{name}.xlsx"
        key = self.printed.relate("chart", chart)
        self.printed.xml[chart] = chart_xml(data, look)
        self.printed.xml[f"charts/_rels/{name}.xml.rels"] = chart_relationships(f"../{book}")
        self.printed.packed[book] = workbook(data)
        self.printed.types |= {chart: CHART_TYPE, book: WORKBOOK_TYPE}
        about = quoteattr(look.title or ", ".join(series.name for series in data.series))
        return Markup(_DRAWING.format(key=key, across=across, down=down, about=about))


def _check(data: ChartData, look: Look) -> None:
    if look.stacked and look.kind not in ("column", "bar", "area", "line"):
        raise _refused(f"a {look.kind} cannot be stacked")
    if look.kind not in ROUND:
        return
    if len(data.series) > 1:
        raise _refused(f"a {look.kind} shows one column, not {len(data.series)}")
    for series in data.series:
        for label, value in zip(data.labels, series.values, strict=True):
            if value is not None and value < 0:
                raise _refused(
                    f"{value} of {label!r} is below zero, and no part of a {look.kind}",
                    'use "column" or "bar"',
                )


def _kind(kind: object) -> str:
    if kind not in KINDS:
        raise _refused(f"there is no kind {str(kind)[:40]!r}", f"there are: {', '.join(KINDS)}")
    return str(kind)


def _title(title: object) -> str:
    """A missing field is said, or blank, as when it is printed."""
    if isinstance(title, Undefined):
        title = str(title)
    text = "" if title is None else one_line(title)
    if len(text) > _MAX_TITLE:
        raise _refused(f"the title has more than {_MAX_TITLE} characters")
    return text


def _emu(millimetres: float) -> int:
    size = float(millimetres)
    if not _LEAST_MM <= size <= _MOST_MM:
        raise _refused(f"a size is {_LEAST_MM} to {_MOST_MM} mm")
    return round(size * _EMU_PER_MM)


def _refused(message: str, hint: str = "") -> Refused:
    return Refused("TEMPLATE_VALUE", f"chart: {message}", hint)


_DRAWING = (
    '</w:t><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/'
    'wordprocessingDrawing"><wp:extent cx="{across}" cy="{down}"/>'
    '<wp:docPr id="1" name="{key}" descr={about}/>'
    '<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData '
    'uri="http://schemas.openxmlformats.org/drawingml/2006/chart"><c:chart xmlns:c="http://schemas.'
    'openxmlformats.org/drawingml/2006/chart" xmlns:r="http://schemas.openxmlformats.org/'
    'officeDocument/2006/relationships" r:id="{key}"/></a:graphicData></a:graphic></wp:inline>'
    '</w:drawing><w:t xml:space="preserve">'
)
