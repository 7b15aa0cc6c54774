"""What is wrong with a template is told so that its author finds it."""

from pathlib import Path

import pytest

from tests.unit.test_templates import refused


def test_a_missing_field_is_named_with_its_paragraph(tmp_path: Path):
    found = refused(tmp_path, "Hello", "Dear {{ name }}")
    assert "'name'" in found.message
    assert "paragraph 2" in found.message


@pytest.mark.parametrize(
    ("code", "text", "said"),
    [
        ("TEMPLATE_SYNTAX", "{{ name", "a tag has no end, or no beginning"),
        ("TEMPLATE_SYNTAX", "{% if %}x{% endif %}", "Expected an expression"),
        ("TEMPLATE_SYNTAX", "{% for r in rows %}x", "'endfor'"),
        ("TEMPLATE_SYNTAX", "{{ first name }}", "got 'name'"),
        ("TEMPLATE_SYNTAX", "{{ 金额（元） }}", "unexpected char '（'"),
        ("TEMPLATE_SYNTAX", "{{ name|filtre }}", "No filter named 'filtre'"),
        ("TEMPLATE_VALUE", "{{ name + 1 }}", "TypeError"),
        ("TEMPLATE_VALUE", "{{ name|picture }}", "not a picture"),
        ("TEMPLATE_VALUE", "{%p if name|round %}", "TypeError"),
        ("TEMPLATE_FORBIDDEN", "{{ name.__class__ }}", "'__class__'"),
        ("FIELD_MISSING", "{{ names }}", "'names'"),
    ],
)
def test_what_is_wrong_is_told_with_its_paragraph(code: str, text: str, said: str, tmp_path: Path):
    closing = ["{%p endif %}"] if text.startswith("{%p") else []
    found = refused(tmp_path, "{{ name }}", "no tag", text, *closing, name="Ann")
    assert found.code == code
    assert f"paragraph 3: {text!r}" in found.message
    assert said in found.message


def test_a_misspelt_field_is_guessed(tmp_path: Path):
    assert "did you mean 'Name'?" in refused(tmp_path, "{{ Nmae }}", Name="Ann").hint
    assert "did you mean" not in refused(tmp_path, "{{ Town }}", Name="Ann").hint


def test_a_row_that_is_not_there_is_no_field_that_a_column_could_fill(tmp_path: Path):
    found = refused(tmp_path, "{{ rows[99].Name }}", rows=[])
    assert "'rows[99]' is not there" in found.message
    assert "column" not in found.hint
