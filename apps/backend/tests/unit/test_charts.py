"""Charts in documents: each number is the cell's, and what is no number is refused."""

import io
import posixpath
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from app.domain.contexts import file_name_pattern
from app.domain.conversion import Missing, Mode, Source
from app.domain.dry_run import dry_run
from app.domain.limits import Limits
from app.domain.merging.documents import merge_documents
from app.domain.modes import convert
from app.domain.refusal import Refused
from app.domain.template import budget
from app.domain.template.chart_data import ChartData, Series, one_line
from app.domain.template.chart_parts import KINDS, ROUND, Look, chart_xml, workbook
from app.domain.template.compiled import compile_template
from tests.charts import CHART as CHART_NAMESPACE
from tests.charts import Chart, charts_of, labels_of, series_of
from tests.documents import paragraphs, template, unzipped
from tests.unit.test_templates import source, with_part

SALES: list[list[Any]] = [
    ["Month", "Total (€)", "Costs", "Team"],
    ["007", 1.5, -2, "a"],
    ["2026", 1234567.25, None, "a"],
    ["1.50", 0, 3, "b"],
]
CHART = 'chart("column", labels="Month", values=["Total (€)", "Costs"])'


def charted(tmp_path: Path, text: str, rows: list[list[Any]] = SALES, **options: Any) -> Source:
    return source(tmp_path, rows, text, Mode.SINGLE, **options)


def document_of(asked: Source) -> bytes:
    with TemporaryDirectory() as folder:
        finished = convert(asked, Path(folder), Limits(), lambda _event: None)
        assert finished.path is not None
        return finished.path.read_bytes()


def charts(tmp_path: Path, text: str, rows: list[list[Any]] = SALES, **options: Any) -> list[Chart]:
    return charts_of(document_of(charted(tmp_path, text, rows, **options)))


def test_a_chart_shows_the_numbers_of_its_cells_under_the_texts_of_theirs(tmp_path: Path):
    text = "before {{ rows|chart('column', labels='Month', values=['Total (€)', 'Costs']) }} after"
    content = document_of(charted(tmp_path, text))
    (chart,) = charts_of(content)
    assert chart.labels == ["007", "2026", "1.50"]
    assert chart.series == [("Total (€)", [1.5, 1234567.25, 0]), ("Costs", [-2, None, 3])]
    assert chart.sheet == [
        [None, "Total (€)", "Costs"],
        ["007", 1.5, -2],
        ["2026", 1234567.25, None],
        ["1.50", 0, 3],
    ]
    assert (chart.width_mm, chart.height_mm) == (160, 80)
    assert paragraphs(content) == ["before  after"]


def test_every_part_of_the_document_has_a_type_and_every_reference_a_part(tmp_path: Path):
    text = (
        "{{ rows|"
        + CHART
        + " }}{{ Team|qr }}{% for r in rows %}{{ rows|"
        + CHART
        + " }}{% endfor %}"
    )
    content = document_of(charted(tmp_path, text))
    parts = unzipped(content)
    types = etree.fromstring(parts["[Content_Types].xml"])
    overrides = [each.get("PartName") for each in types.iterfind("{*}Override")]
    endings = {each.get("Extension") for each in types.iterfind("{*}Default")}
    assert len(overrides) == len(set(overrides))
    assert {str(name).removeprefix("/") for name in overrides} <= set(parts)
    for name, data in parts.items():
        assert (
            f"/{name}" in overrides
            or name.rpartition(".")[2] in endings
            or (name == "[Content_Types].xml")
        )
        if name.endswith(".rels"):
            folder = posixpath.dirname(posixpath.dirname(name))
            for each in etree.fromstring(data):
                target = posixpath.normpath(posixpath.join(folder, each.get("Target") or ""))
                assert target in parts, (name, target)
    assert len(charts_of(content)) == 4
    assert next(iter(parts)) == "_rels/.rels"  # by which programs tell a document from any ZIP


@pytest.mark.parametrize("kind", KINDS)
def test_the_elements_of_a_chart_stand_in_the_order_of_the_schema(kind: str):
    data = ChartData(["a", "b"], [Series("x", [1, 2])])
    root = etree.fromstring(chart_xml(data, Look(kind, "T", "0.00", False, True)))
    order = "date1904 lang roundedCorners style chart spPr txPr externalData printSettings".split()
    names = [str(each.tag).rpartition("}")[2] for each in root]
    assert names == sorted(names, key=order.index)
    drawn = {"column": "barChart", "bar": "barChart"}.get(kind, f"{kind}Chart")
    assert [str(each.tag).rpartition("}")[2] for each in root.iter("{*}" + drawn)] == [drawn]


UNSAID = {
    **{"c:chart/c:dispBlanksAs": "gap", "c:chart/c:autoTitleDeleted": "0"},
    **{".//c:title/c:overlay": "0", ".//c:legend/c:overlay": "0"},
    **{".//c:dLbls/c:showVal": "1", ".//c:dLbls/c:showCatName": "0"},
    **{".//c:dLbls/c:showPercent": "0", ".//c:dLbls/c:showSerName": "0"},
}
BY_KIND = {
    "bar": {".//c:barChart/c:varyColors": "0", ".//c:ser/c:invertIfNegative": "0"},
    "line": {".//c:lineChart/c:varyColors": "0", ".//c:ser/c:smooth": "0"},
    "pie": {".//c:pieChart/c:varyColors": "1"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_to_be_guessed_by_a_reader(kind: str):
    data = ChartData(["a", "b"], [Series("x", [1, None])])
    if kind not in ROUND:
        data = replace(data, series=[*data.series, Series("y", [1, 2])])
    root = etree.fromstring(chart_xml(data, Look(kind, "T", "0.00", False, True)))
    axes = {} if kind in ROUND else {".//c:valAx/c:delete": "0", ".//c:catAx/c:delete": "0"}
    for path, value in (UNSAID | BY_KIND.get(kind, {}) | axes).items():
        found = root.findall(path, {"c": CHART_NAMESPACE})
        assert {each.get("val") for each in found} == {value}, path
    for labels in root.iter("{*}dLbls"):
        names = [str(each.tag).rpartition("}")[2] for each in labels]
        shown = [name for name in names if name.startswith("show")]
        assert shown[:6] == ORDER_SHOWN
    chart = next(root.iterchildren(f"{{{CHART_NAMESPACE}}}chart"))
    assert [str(each.tag).rpartition("}")[2] for each in chart] == [
        *("title", "autoTitleDeleted", "plotArea", "legend", "plotVisOnly", "dispBlanksAs")
    ]


ORDER_SHOWN = [
    *("showLegendKey", "showVal", "showCatName", "showSerName", "showPercent", "showBubbleSize")
]


@settings(max_examples=20)
@given(
    st.lists(st.text(max_size=20), min_size=1, max_size=5),
    st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=5, max_size=5),
)
def test_any_labels_and_numbers_come_out_as_they_went_in(
    texts: list[str], values: list[float | None]
):
    labels, numbers = [one_line(text) for text in texts], values[: len(texts)]
    data = ChartData(labels, [Series("x", numbers)])
    root = etree.fromstring(chart_xml(data, Look("line", "", "", False, False)))
    assert (labels_of(root), series_of(next(root.iter("{*}ser")))) == (labels, ("x", numbers))
    assert workbook(data) == workbook(data)


def test_how_a_chart_looks_is_asked_for_by_name(tmp_path: Path):
    (chart,) = charts(
        tmp_path,
        '{{ rows|chart("bar", "Month", "raw.Costs", title=rows[0].Team ~ " & co", width=100, '
        'height=50, fmt="#,##0 €", stacked=true, numbers=true) }}',
    )
    assert (chart.width_mm, chart.height_mm) == (100, 50)
    assert [each.get("val") for each in chart.all("barDir")] == ["bar"]
    assert [each.get("val") for each in chart.all("grouping")] == ["stacked"]
    assert {each.get("formatCode") for each in chart.all("numFmt")} == {"#,##0 €", "General"}
    assert ["".join(map(str, each.itertext())) for each in chart.all("title")] == ["a & co"]
    assert chart.series[0][0] == "Costs"


def test_rows_of_a_group_of_another_sheet_and_a_part_of_them_are_rows_too(tmp_path: Path):
    made = charts(
        tmp_path,
        '{{ rows[0:2]|chart("line", "Month", "Costs") }}'
        '{{ sheets.S.where("Team", "b")|chart("pie", "Month", "Costs") }}'
        '{{ rows|selectattr("Costs")|chart("area", "Month", "Costs") }}'
        '{% for g in rows|groupby("Team") %}{{ g.list|chart("line", "Month", "Costs") }}{% endfor %}',
    )
    assert [chart.labels for chart in made] == [
        ["007", "2026"],
        ["1.50"],
        ["007", "1.50"],
        ["007", "2026"],
        ["1.50"],
    ]


def test_numbers_that_a_csv_has_as_texts_are_numbers(tmp_path: Path):
    book = tmp_path / "book.csv"
    book.write_text("Month,Total\nJan,1.5\nFeb,\nMar,-2e3\n")
    letter = tmp_path / "t.docx"
    letter.write_bytes(template('{{ rows|chart("column", "Month", "Total") }}'))
    asked = charted(tmp_path, "x")
    found = document_of(Source(book, book.name, Mode.SINGLE, asked.options, letter))
    assert charts_of(found)[0].series == [("Total", [1.5, None, -2000])]


WRONG: list[tuple[Any, str]] = [
    ("n/a", r"'n/a' in column 'Total', row 3, is no number"),
    ("1,5", r"'1,5' in column 'Total', row 3, is no number"),
    (True, r"'TRUE' in column 'Total', row 3, is no number"),
    (date(2026, 1, 2), r"'2026-01-02' in column 'Total', row 3, is a date or a time"),
]


@pytest.mark.parametrize(("cell", "said"), WRONG)
def test_a_cell_that_is_no_number_is_refused_alike_by_job_and_dry_run(
    tmp_path: Path, cell: Any, said: str
):
    rows: list[list[Any]] = [["Month", "Total"], ["Jan", 1], ["Feb", cell]]
    asked = charted(tmp_path, 'first {{ rows|chart("column", "Month", "Total") }}', rows)
    told = []
    for attempt in (lambda: document_of(asked), lambda: dry_run(asked, Limits())):
        with pytest.raises(Refused, match=f"TEMPLATE_VALUE: .*paragraph 1.*chart: {said}") as found:
            attempt()
        told.append((found.value.message, found.value.hint))
    assert told[0] == told[1]


def test_a_result_that_is_a_template_again_gets_another_chart_and_picture(tmp_path: Path):
    tag = b'{{ rows|chart("column", "Month", "Costs") }}{{ Team|qr }}'
    asked = charted(tmp_path, tag.decode() + " [again]")
    assert asked.template is not None
    for _ in range(2):
        made = document_of(asked)
        text = unzipped(made)["word/document.xml"].replace(b"[again]", tag + b" [again]")
        asked.template.write_bytes(with_part(made, word__documentDOTxml=text))
    content = document_of(asked)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        related = etree.fromstring(archive.read("word/_rels/document.xml.rels"))
    ids = [each.get("Id") for each in related]
    assert (len(names), len(ids)) == (len(set(names)), len(set(ids)))
    assert len(charts_of(content)) == 3


def test_a_header_that_only_says_chart_has_none(tmp_path: Path):
    main = docx.Document()
    main.sections[0].header.paragraphs[0].text = "{{ Team }}: Overview | chart, a | picture"
    main.add_paragraph("x")
    asked = charted(tmp_path, "x")
    assert asked.template is not None
    main.save(str(asked.template))
    made = unzipped(document_of(asked))
    assert b"a: Overview | chart, a | picture" in made["word/header1.xml"]
    assert "word/_rels/header1.xml.rels" not in made


@pytest.mark.parametrize("title", ["Los!Q1 2026", "=Sheet1!A1", "=x", "A&B <1>", "Sales"])
def test_a_title_is_the_text_that_it_is(tmp_path: Path, title: str):
    text = f'{{{{ rows|chart("column", "Month", "Costs", title="{title}") }}}}'
    (made,) = charts(tmp_path, text)
    said = next(iter(made.all("title")))
    assert "".join(each.text or "" for each in said.iter("{*}t")) == title
    assert not list(said.iter("{*}f"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('rows[5:]|chart("column", "Month", "Costs")', "there are no rows"),
        ('rows|chart("column", "Month", "Empty")', "'Empty' has no number in any of its 3 rows"),
        ('rows|chart("colum", "Month", "Costs")', "there is no kind 'colum'"),
        ('rows|chart("pie", "Month", "Costs")', "-2 of '007' is below zero"),
        ('rows|chart("pie", "Month", ["Costs", "Total (€)"])', "one column, not 2"),
        ('rows|chart("pie", "Month", "Costs", stacked=true)', "cannot be stacked"),
        ('rows|chart("column", values="Costs")', "labels is not said"),
        ('rows|chart("column", "Month")', "values is not said"),
        ('rows|chart("column", "Month", 7)', "names of columns"),
        ('rows|chart("column", "Month", "Costs", width=1e9)', "a size is 10 to 1000 mm"),
        ('rows|chart("column", "Month", "Costs", title="x" * 256)', "more than 255 characters"),
        ('rows|chart("column", "Month", ["Costs"] * 51)', "1 to 50 columns, not 51"),
        ('Team|chart("column", "Month", "Costs")', "no list of rows"),
        ('[1]|chart("column", "Month", "Costs")', "no list of rows"),
        ('[rows]|map("chart", "column", "Month", "Costs")|list|join', "stands in the tag"),
    ],
)
def test_what_makes_no_chart_is_refused_in_one_line(tmp_path: Path, text: str, said: str):
    rows = [[*SALES[0], "Empty"], *([*row, None] for row in SALES[1:])]
    with pytest.raises(Refused) as found:
        document_of(charted(tmp_path, "{{ " + text + " }}", rows))
    assert found.value.code == "TEMPLATE_VALUE"
    assert said in found.value.message
    assert "\n" not in found.value.message


def test_a_column_that_is_missing_is_named_listed_or_left_out_by_choice(tmp_path: Path):
    text = '{{ rows|chart("column", "Month", ["Costs", "Cost"]) }}'
    asked = charted(tmp_path, text)
    with pytest.raises(Refused, match=r"FIELD_MISSING: field 'Cost' has no value") as found:
        document_of(asked)
    assert "'Costs'" in found.value.hint
    assert dry_run(asked, Limits()).missing_fields == ["Cost"]
    (chart,) = charts(tmp_path, text, missing=Missing.BLANK)
    assert [name for name, _ in chart.series] == ["Costs"]
    mapped = charts(tmp_path, text, mapping={"Cost": "Costs"})
    assert mapped[0].series[1] == ("Cost", [-2, None, 3])
    nothing = '{{ rows|chart("column", "Month", "Cost") }}'
    assert charts(tmp_path, nothing, missing=Missing.BLANK) == []


def test_the_columns_of_a_chart_are_fields_of_the_template(tmp_path: Path):
    asked = charted(tmp_path, '{{ rows|chart("column", labels="Month", values=["raw.Costs"]) }}')
    assert asked.template is not None
    assert compile_template(asked.template).fields.looped == ("Month", "Costs")
    assert dry_run(asked, Limits()).unused_columns == ["Total (€)", "Team"]


def test_a_chart_in_a_header_is_refused_at_the_upload(tmp_path: Path):
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "{{ rows|" + CHART + " }}"
    path = tmp_path / "t.docx"
    document.save(str(path))
    with pytest.raises(Refused, match=r"TEMPLATE_TAG: word/header.*no charts in headers"):
        compile_template(path)


def test_the_charts_of_a_document_are_counted_before_they_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(budget, "_MAX_CHARTED", 250)
    text = "{% for i in range(3) %}{{ rows|" + CHART + " }}{% endfor %}"
    with pytest.raises(Refused, match=r"TEMPLATE_RANGE.*more than 250 points"):
        document_of(charted(tmp_path, text))


@pytest.mark.parametrize("text", ['rows|chart("pie", "Month", "Costs")', 'Month|barcode("ean8")'])
def test_what_is_drawn_cannot_stand_in_a_name(text: str):
    with pytest.raises(Refused, match=r"FILE_NAME_PATTERN: .*cannot stand here"):
        file_name_pattern("{{ " + text + " }}")({"rows": [], "Month": "1"})


def test_names_that_others_use_lead_to_a_chart(tmp_path: Path):
    with pytest.raises(Refused) as refused:
        document_of(charted(tmp_path, "{{ rows|graph }}"))
    assert 'write rows|chart("column"' in refused.value.hint


def test_merged_documents_keep_each_their_own_chart(tmp_path: Path):
    contents = []
    for number in (1, 2):
        rows: list[list[Any]] = [["Month", "Total"], ["Jan", number]]
        asked = charted(tmp_path, '{{ rows|chart("line", "Month", "Total") }}', rows)
        contents.append(document_of(asked))
    merge_documents(contents, tmp_path / "all.docx", 1 << 28, lambda count: None)
    made = charts_of((tmp_path / "all.docx").read_bytes())
    assert [chart.series[0][1] for chart in made] == [[1], [2]]
    assert [chart.sheet[1][1] for chart in made] == [1, 2]
