"""A dry run tells what the job then does."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import dry_run as dry_runs
from app.domain.conversion import Missing, Mode, Source
from app.domain.dry_run import DryRun, dry_run
from app.domain.limits import Limits
from app.domain.refusal import Refused
from tests.documents import paragraphs
from tests.unit.test_templates import run, source

ROWS: list[list[Any]] = [["Name", "Unit price", "Town"], ["Ann", 1.5, "X"], ["Bob", 0, "Y"], ["Cy", 3, "X"]]  # fmt: skip
PER_ROW = (
    "{{ Name }}",
    "{{ gone }}",
    "{{ gone.deep }}",
    "{{ gone['x']['y'] }}",
    "{{ gone|default('-') }}",
    "{{ gone.deep|default('-') }}",
    "{% if gone is defined %}x{% endif %}",
    "{% if gone %}x{% else %}y{% endif %}",
    "{% if gone == 1 %}x{% endif %}",
    "{% if raw.Unit_price > 1 %}{{ lost }}{% endif %}",
    "{% if 'x' in gone %}y{% endif %}",
    "{{ gone + 1 }}",
    "{{ 1 - gone }}",
    "{{ -gone }}",
    "{{ gone|round }}{{ gone|upper }}",
    "{{ raw.gone|fmt('0') }}",
    "{{ row['no such'] }}",
    "{% for x in gone %}{{ x }}{% endfor %}",
    "{{ 10 // raw.Unit_price }}",
    "{{ 10 / gone|length }}",
    "{{ gone() }}{{ gone|length }}{{ gone ~ 'x' }}{{ range(gone) }}",
    "{{ Name.__class__ }}",
    "{{ Name|picture }}",
    "{{ rows }}",
    "{{r gone }}",
)
SINGLE = (
    "{% for r in rows %}{{ r.Name }}{% endfor %}",
    "{% for r in rows %}{{ r['no such'] }}{% endfor %}",
    "{{ rows[2].Name }}",
    "{{ rows[99] }}",
    "{{ rows[99].Name }}",
    "{{ rows|length }}",
    "{% for g in rows|groupby('Town') %}{{ g.grouper }}: {{ g.list|length }}; {% endfor %}",
    "{% for town, g in rows|groupby('Town') %}{{ town }}{{ g[0].gone }}{% endfor %}",
    "{% for g in rows|groupby('gone') %}{{ g.grouper }}{% endfor %}",
    "{{ rows|sum(attribute='raw.Unit_price') }}",
    "{{ rows|map(attribute='gone')|join }}",
    "{{ gone }}{{ Name }}",
    "{% for r in rows %}{% if loop.last %}{{ r.gone }}{% endif %}{% endfor %}",
)


def outcomes(asked: Source, folder: Path) -> tuple[DryRun | Refused, dict[str, bytes] | Refused]:
    found: list[Any] = []
    for tried in (lambda: dry_run(asked, Limits()), lambda: run(asked, folder)):
        try:
            found.append(tried())
        except Refused as refusal:
            found.append(refusal)
    return found[0], found[1]


def compare(mode: Mode, text: str, missing: Missing) -> None:
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        asked = source(folder, ROWS, text, mode, missing=missing, file_name="{{ Name }}")
        told, did = outcomes(asked, folder)
    if isinstance(did, Refused):
        if did.code == "FIELD_MISSING" and isinstance(told, DryRun):
            assert told.missing_fields
        else:
            assert isinstance(told, Refused)
            assert (told.code, told.message, told.hint) == (did.code, did.message, did.hint)
        return
    assert isinstance(told, DryRun)
    assert missing is Missing.BLANK or not told.missing_fields
    assert told.checked_rows == told.rows == 3
    assert [(p.name, p.lines) for p in told.previews] == [
        (name, [text for text in paragraphs(content) if text.strip()])
        for name, content in did.items()
    ]


@settings(max_examples=25)
@given(st.sampled_from(Missing), st.lists(st.sampled_from(PER_ROW), min_size=1, max_size=3))
def test_a_dry_run_tells_of_each_row_what_the_job_does(missing: Missing, texts: list[str]):
    compare(Mode.PER_ROW, " ".join(texts), missing)


@pytest.mark.parametrize("missing", Missing)
@pytest.mark.parametrize("text", PER_ROW)
def test_a_dry_run_of_one_tag_tells_what_the_job_does(missing: Missing, text: str):
    compare(Mode.PER_ROW, text, missing)


@pytest.mark.parametrize("missing", Missing)
@pytest.mark.parametrize("text", SINGLE)
def test_a_dry_run_tells_of_one_document_what_the_job_does(missing: Missing, text: str):
    compare(Mode.SINGLE, text, missing)


@settings(max_examples=25)
@given(st.sampled_from(Missing), st.lists(st.sampled_from(SINGLE), min_size=2, max_size=3))
def test_a_dry_run_of_many_tags_tells_what_the_job_does(missing: Missing, texts: list[str]):
    compare(Mode.SINGLE, " ".join(texts), missing)


@pytest.mark.parametrize(
    ("mode", "text", "missing"),
    [
        (Mode.PER_ROW, "{{ row['x'] }}{{ a }}{{ raw.b }}{{ a }}", ["x", "a", "b"]),
        (
            Mode.SINGLE,
            "{% for r in rows %}{{ r['x'] }}{% endfor %}{{ rows[99] }}",
            ["x", "rows[99]"],
        ),
        (Mode.PER_ROW, "{% if Name == 'Cy' %}{{ third }}{% endif %}", ["third"]),
    ],
)
def test_every_missing_field_is_listed_once(
    mode: Mode, text: str, missing: list[str], tmp_path: Path
):
    assert dry_run(source(tmp_path, ROWS, text, mode), Limits()).missing_fields == missing


def test_fields_in_headers_are_looked_at(tmp_path: Path):
    asked = source(tmp_path, ROWS, "{{ Name }}", Mode.PER_ROW)
    assert asked.template
    document = docx.Document(str(asked.template))
    document.sections[0].header.paragraphs[0].text = "{{ gone }}"
    document.save(str(asked.template))
    assert dry_run(asked, Limits()).missing_fields == ["gone"]


def test_rows_that_were_not_looked_at_are_counted_and_their_fields_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dry_runs, "CHECKED_ROWS", 2)
    asked = source(tmp_path, ROWS, "{% if Name == 'Cy' %}{{ third }}{% endif %}", Mode.PER_ROW)
    found = dry_run(asked, Limits())
    assert (found.rows, found.checked_rows, found.missing_fields) == (3, 2, ["third"])
