"""In a loop over rows a line shows its own row, however the row's column is written."""

from pathlib import Path
from typing import Any

import pytest

from app.domain.conversion import Mode
from app.domain.template.fields import Fields
from tests.documents import paragraphs, template
from tests.unit.test_templates import compiled, refused, run, source

HEADERS = ["Unit price (€)", "Name", "单价（元）", "No.", "class", "count"]
ROWS: list[list[Any]] = [HEADERS, [1.5, "Ann", "a", "x", "c", 7], [2, "Bob", "b", "y", "d", 8]]


def lines(tmp_path: Path, text: str, rows: list[list[Any]] = ROWS, **options: Any) -> list[str]:
    return paragraphs(
        run(source(tmp_path, rows, text, Mode.SINGLE, **options), tmp_path)["result.docx"]
    )


@pytest.mark.parametrize(
    "expression",
    [
        'r["Unit price (€)"]',
        "r.Unit_price",
        'r.raw["Unit price (€)"]',
        "r.raw.Unit_price",
        'r.row["Unit price (€)"]',
        "r.price",
        "rows[loop.index0].Unit_price",
    ],
)
def test_every_way_to_write_a_column_gives_the_row_of_the_line(expression: str, tmp_path: Path):
    text = "{% for r in rows %}{{ " + expression + " }}/{% endfor %}"
    assert lines(tmp_path, text, mapping={"price": "Unit price (€)"}) == ["1.5/2/"]


def test_headers_of_signs_and_reserved_names_are_written_as_they_stand(tmp_path: Path):
    text = '{% for r in rows %}{{ r["单价（元）"] }}{{ r["No."] }}{{ r["class"] }}{{ r.count_ }}{{ r.row["count"] }}{{ r.count }} {% endfor %}'
    assert lines(tmp_path, text) == ["axc772 byd882 "]


def test_the_loop_may_call_its_variable_row(tmp_path: Path):
    text = '{% for row in rows %}{{ row["Unit price (€)"] }}/{{ row.Name }} {% endfor %}'
    assert lines(tmp_path, text) == ["1.5/Ann 2/Bob "]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('{% for r in rows %}{{ row["Unit price (€)"] }}{% endfor %}', 'r["Unit price (€)"]'),
        ("{% for x in rows|sort(attribute='Name') %}{{ raw.Total }}{% endfor %}", "x.raw.Total"),
        ("{% for r in rows %}{{ images.Photo|picture }}{% endfor %}", "r.images."),
        ("{% for r in rows %}{{ row_number }}{% endfor %}", "r.row_number"),
        ("{% for r in rows if r.Name == row['Name'] %}{{ r.Name }}{% endfor %}", "r["),
        ("{% set all = rows[1:] %}{% for r in all %}{{ row['x'] }}{% endfor %}", "r["),
        (
            "{% for g in rows|groupby('Name') %}{% for r in g.list %}{{ row['x'] }}{% endfor %}{% endfor %}",
            "r[",
        ),
        ("{% for n, g in rows|groupby('Name') %}{{ raw.x }}{% endfor %}", "g.list[0].raw"),
        (
            "{% for b in rows|batch(2) %}{% for r in b %}{{ raw.x }}{% endfor %}{% endfor %}",
            "r.raw",
        ),
    ],
)
def test_what_would_be_the_first_row_on_every_line_is_refused(text: str, hint: str, tmp_path: Path):
    found = refused(tmp_path, "Hello", text)
    assert found.code == "TEMPLATE_FIRST_ROW"
    assert "paragraph 2" in found.message
    assert hint in found.hint
    assert "rows[0]" in found.hint


@pytest.mark.parametrize(
    "text",
    [
        '{{ row["a"] }}{% for r in rows %}{{ r.a }}{% else %}{{ row["a"] }}{% endfor %}{{ raw.a }}',
        "{% for c in [1, 2] %}{{ row['a'] }}{% endfor %}",
        "{% set raw = 1 %}{% for r in rows %}{{ raw }}{% endfor %}",
    ],
)
def test_the_first_row_is_written_where_it_is_meant(text: str, tmp_path: Path):
    compiled(tmp_path, template(text))


def fields(tmp_path: Path, text: str) -> Fields:
    return compiled(tmp_path, template(text)).fields


@pytest.mark.parametrize(
    "text",
    [
        "{% for r in rows %}{{ r.a }}{{ r['b c'] }}{{ r.raw.d }}{% endfor %}",
        "{% for t, g in rows|groupby('a') %}{% for r in g %}{{ r['b c'] }}{{ r.d }}{% endfor %}{% endfor %}",
        "{% for g in rows|groupby('a') %}{% for r in g.list|sort(attribute='b c') %}{{ r.d }}{% endfor %}{% endfor %}",
        "{% for g in rows|groupby('a') %}{{ g[1][0]['b c'] }}{{ g.list|sum(attribute='raw.d') }}{% endfor %}",
        "{{ rows|map(attribute='a')|join }}{{ rows|sum(attribute='raw.b c') }}{{ rows[0].d }}",
        "{% set s = rows|selectattr('a')|list %}{{ (s|first)['b c'] }}{{ (s|last).images.d }}",
        "{% for b in rows|batch(3) %}{% for r in b %}{{ r.a }}{{ r.row['b c'] }}{{ r.d }}{% endfor %}{% endfor %}",
        "{% with s = rows|list %}{{ s[0].a }}{{ s[1]['b c'] }}{{ s[2].d }}{% endwith %}",
        "{{ (rows[0] if rows else rows[1]).a }}{{ rows|join(',', 'b c') }}{{ rows|max(attribute='d') }}",
    ],
)
def test_the_fields_of_rows_are_found_wherever_rows_go(text: str, tmp_path: Path):
    found = fields(tmp_path, text)
    assert set(found.looped) == {"a", "b c", "d"}
    assert found.single == ()
    assert found.uses_rows


def test_fields_of_the_first_row_in_a_loop_are_told(tmp_path: Path):
    text = (
        "{{ Customer }}{% for r in rows %}{{ r.Name }}{{ Total }}{% set n = 1 %}{{ n }}{% endfor %}"
    )
    found = fields(tmp_path, text)
    [warned] = found.warnings
    assert found.single == ("Customer", "Total")
    assert (warned.code, warned.names) == ("FIRST_ROW_IN_LOOP", ("Total",))


def test_a_header_that_is_a_field_name_is_that_field_whatever_stands_before_it(tmp_path: Path):
    rows: list[list[Any]] = [["Unit price", "Unit_price", "A", "A", "A_2"], [1, 2, 3, 4, 5]]
    text = '{% for r in rows %}{{ r.Unit_price }}{{ r["Unit price"] }}{{ r.A }}{{ r.A_2 }}{{ r.A_3 }}{{ r.row["A"] }}{% endfor %}'
    assert lines(tmp_path, text, rows, header_row=1) == ["213543"]


def test_an_ampersand_in_a_tag_is_one(tmp_path: Path):
    rows: list[list[Any]] = [["R & D", "Name"], ["x", "A & B"]]
    text = '{% for r in rows %}{{ r["R & D"] }}{% if r.Name == "A & B" %}{{ " & " }}{% endif %}{% endfor %}'
    assert lines(tmp_path, text, rows) == ["x & "]
