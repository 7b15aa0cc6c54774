"""A template calculates with values, never with the text that Excel shows."""

import datetime
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.conversion import Mode
from app.domain.refusal import Refused
from app.domain.template import budget
from tests.documents import paragraphs, template
from tests.unit.test_templates import compiled, refused, run, source

DAY = datetime.datetime(2026, 2, 1)
ROWS: list[list[Any]] = [
    ["Name", "Total", "Other", "Date"],
    ["Ann", 1234.5, 1, datetime.datetime(2026, 2, 1)],
    ["Bob", 98, 2, datetime.datetime(2025, 12, 31)],
    ["Cy", 300, None, datetime.datetime(2026, 1, 15)],
]


def lines(tmp_path: Path, text: str, mode: Mode = Mode.SINGLE) -> list[str]:
    files = run(source(tmp_path, ROWS, text, mode, file_name="{{ Name }}"), tmp_path)
    return [line for content in files.values() for line in paragraphs(content)]


@pytest.mark.parametrize(
    "expression",
    [
        "Total + 1",
        "1 + Total",
        "Total * 2",
        "Total - Other",
        "Total + Other",
        "Total / 2",
        "2 // Total",
        "Total % 7",
        "-Total",
        "Total ** 2",
        "Total > 100",
        "100 <= Total",
        "Total == 98",
        "Total != 98",
        "Total|round",
        "Total|abs",
        "Total in [1, 98]",
        "rows|sum(attribute='Total')",
        "rows|map(attribute='Total')|sum",
    ],
)
def test_to_calculate_with_what_excel_shows_says_where_the_value_is(
    expression: str, tmp_path: Path
):
    with pytest.raises(Refused) as caught:
        lines(tmp_path, "{{ " + expression + " }}")
    assert caught.value.code == "TEMPLATE_VALUE"
    assert "use raw.Total" in caught.value.hint
    assert "paragraph 1" in caught.value.message


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("raw.Total + 1", "1235.5"),
        ("Total|float * 2", "2469"),
        ("Total|int", "1234"),
        ("Total|fmt('#,##0.00')", "1,234.50"),
        ("Date|fmt('dd.mm.yyyy')", "01.02.2026"),
        ("Total ~ ' ' ~ Other", "1234.5 1"),
        ("Name + ' ' + Total", "Ann 1234.5"),
        ("Total == '1234.5'", "TRUE"),
        ("rows|sum(attribute='raw.Total')", "1632.5"),
        ("rows|sum(attribute='raw.Other')", "3"),
        ("rows|sort(attribute='Total')|map(attribute='Name')|join(' ')", "Bob Cy Ann"),
        ("rows|sort(attribute='Date')|map(attribute='Name')|join(' ')", "Bob Cy Ann"),
        ("(rows|max(attribute='Total')).Name", "Ann"),
        ("(rows|min(attribute='Date')).Name", "Bob"),
        ("rows|sort(attribute='Other')|map(attribute='Name')|join(' ')", "Ann Bob Cy"),
        ("rows|groupby('Total')|map(attribute='grouper')|join(' ')", "98 300 1234.5"),
        ("'<&>'|e", "<&>"),
        ("'%.2f' % raw.Total", "1234.50"),
        ("'x'|int(7)", "7"),
    ],
)
def test_values_are_values_and_texts_are_sorted_by_what_they_stand_for(
    expression: str, text: str, tmp_path: Path
):
    assert lines(tmp_path, "{{ " + expression + " }}") == [text]


def test_a_text_that_is_no_number_is_no_zero(tmp_path: Path):
    for name in ("int", "float"):
        found = refused(tmp_path, "{{ x|" + name + " }}", x="1,234.50")
        assert (found.code, found.hint) == (
            "TEMPLATE_VALUE",
            f"say what to take instead: |{name}(0)",
        )


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("{{ x|format('0.00') }}", "TEMPLATE_SYNTAX", '|fmt("#,##0.00")'),
        ("{{ x|strftime('%d') }}", "TEMPLATE_SYNTAX", 'raw.Date|fmt("dd.mm.yyyy")'),
        ("{{ x|safe }}", "TEMPLATE_SYNTAX", "leave it out"),
        ("{{ x|uper }}", "TEMPLATE_SYNTAX", "did you mean 'upper'?"),
        ("{{ x|qqqqqq }}", "TEMPLATE_SYNTAX", "there are: abs, "),
        ("{{ day.strftime('%d') }}", "TEMPLATE_FORBIDDEN", 'raw.Date|fmt("dd.mm.yyyy")'),
        ("{{ x.format(1) }}", "TEMPLATE_FORBIDDEN", '|fmt("#,##0.00")'),
        ("{{ x.uper() }}", "FIELD_MISSING", ""),
        ("{{ d.none + 1 }}", "TEMPLATE_VALUE", "(raw.Total or 0)"),
        ("{{ x + 1 }}", "TEMPLATE_VALUE", "raw.Total"),
        ("{{ d }}", "TEMPLATE_VALUE", "r.Name"),
        ("{{ xs }}", "TEMPLATE_VALUE", "join"),
        ("{{ range }}", "TEMPLATE_VALUE", "( )"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "TEMPLATE_VALUE", "itself"),
    ],
)
def test_what_is_not_there_says_what_to_write_instead(
    text: str, code: str, hint: str, tmp_path: Path
):
    found = refused(tmp_path, text, x="abc", day=DAY, d={"none": None}, xs=["a"])
    assert found.code == code
    assert hint in found.hint


HUGE = (
    "{{ '%999999999d' % 1 }}",
    "{{ '%.999999999f' % 1 }}",
    "{{ '%*d' % (999999999, 1) }}",
    "{{ '%(a)999999999d' % {'a': 1} }}",
    "{{ '{:>999999999}'.format(1) }}",
    "{% for i in range(10000) %}{% for j in range(10000) %}{{ j }}{% endfor %}{% endfor %}",
    "{% set xs = range(10000)|list %}{% for i in xs %}{% for j in xs %}{% endfor %}{% endfor %}",
    "{% set ns = namespace(s='aaaaaaaaaa') %}{% for i in range(40) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    "{% set ns = namespace(s='aaaaaaaaaa') %}{% for i in range(40) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "{% set ns = namespace(n=9) %}{% for i in range(60) %}{% set ns.n = ns.n * ns.n %}{% endfor %}",
    "{% set s = 'a' * 90000 %}{{ s|replace('a', s) }}",
    "{% set s = 'a' * 90000 %}{{ s.replace('', s) }}",
    "{{ 'a\nb'|indent(999999999) }}",
    "{{ [1]|batch(999999999, 0)|list }}",
    "{{ [1]|slice(999999999)|list }}",
    "{{ range(9000)|join('a' * 90000) }}",
    "{{ 1|round(999999999) }}",
    "{% set xs = range(1000)|list %}{{ [xs, xs]|sum(start=[]) }}",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}",
    "{% set s = 'a' * 90000 %}{% for i in range(9000) %}{{ s }}{% endfor %}",
)


@pytest.mark.parametrize("text", HUGE)
def test_what_would_fill_time_or_memory_is_refused_by_name(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # reached in a fraction of the time; the next test measures the service's own
    lower = {"_MAX_CALLS": 10_000, "_MAX_RANGED": 20_000, "_MAX_LOOPED": 50_000}
    for name, most in {**lower, "_MAX_PART": 4 << 20}.items():
        assert most < getattr(budget, name)
        monkeypatch.setattr(budget, name, most)
    assert refused(tmp_path, text).code in {
        "TEMPLATE_FORBIDDEN",
        "TEMPLATE_RANGE",
        "TEMPLATE_VALUE",
    }


def test_a_document_is_counted_before_its_texts_are_made():
    asked: list[int] = []

    def pieces() -> Iterator[str]:
        for number in range(1_000):
            asked.append(number)
            yield "x" * budget.MAX_TEXT

    with pytest.raises(Refused, match="TEMPLATE_RANGE"):
        budget.concat(pieces())
    assert len(asked) == budget._MAX_PART // budget.MAX_TEXT + 1
    assert budget.concat(str(number) for number in range(5_000)) == "".join(map(str, range(5_000)))
    assert budget.concat(["a", *[""] * 5_000, "b"]) == "ab"  # so many empty cells are no end


MEASURE = """
import resource, sys, time
from pathlib import Path
from app.domain.refusal import Refused
from app.domain.template.compiled import compile_template
made = compile_template(Path(sys.argv[1]))
before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    made.document({})
except Refused as refusal:
    print(refusal.code, time.process_time() - started)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("text", [HUGE[0], HUGE[1], HUGE[4], HUGE[5]])
def test_a_huge_width_or_ranges_in_ranges_take_under_a_second_and_50_mb(text: str, tmp_path: Path):
    path = tmp_path / "t.docx"
    path.write_bytes(template(text))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
    )
    code, seconds, megabytes = done.stdout.split()
    assert code.startswith("TEMPLATE_")
    assert float(seconds) < 1
    assert int(megabytes) < 50


def test_ranges_are_counted_for_each_document_anew(tmp_path: Path):
    made = compiled(tmp_path, template("{% for i in range(9000) %}{% endfor %}ok"))
    for _ in range(40):
        assert paragraphs(made.document({})) == ["ok"]
