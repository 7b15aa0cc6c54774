"""The survey of published workbooks finds what it looks for."""

import pytest

from tests.corpus import survey
from tests.corpus.survey import LEAST, Answer, faults, page

FINE = [Answer("a-1.0", "x.xlsx", 200, 1.0)] * LEAST
REFUSED = Answer("b-2.0", "a|b.xls", 422, 1.0, "ENCRYPTED", "it has a password", "remove it")


def test_a_run_of_documents_and_refusals_is_fine():
    assert faults([*FINE, REFUSED]) == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer("a", "x.xls", 500, 1.0, "INTERNAL_ERROR", "oh"), "a/x.xls: 500"),
        (Answer("a", "x.xls", 200, 20.5), "a/x.xls: took 20.5 s"),
        (Answer("a", "x.xls", 422, 1.0, "X"), "reads ''"),
        (Answer("a", "x.xls", 422, 1.0, "X", "KeyError('a')"), "KeyError"),
    ],
)
def test_a_bad_answer_is_named(answer: Answer, said: str):
    (found,) = faults([*FINE, answer])
    assert said in found


def test_too_few_workbooks_are_no_survey():
    assert faults(FINE[1:]) == [f"only {LEAST - 1} workbooks, of {LEAST}"]


def test_the_page_counts_and_shows_each_refusal():
    text = page([*FINE, REFUSED, REFUSED])
    assert f"{LEAST + 2:,} workbooks" in text
    assert f"| a-1.0 | {LEAST} | {LEAST} | 0 |" in text
    assert "| b-2.0 | 2 | 0 | 2 |" in text
    assert "| `ENCRYPTED` | 2 | a\\|b.xls | it has a password | remove it |" in text


def test_equal_workbooks_are_one(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("survey")
    for package, name in (("a", "x.xlsx"), ("b", "y.XLS"), ("b", "z.txt")):
        (folder / package).mkdir(exist_ok=True)
        (folder / package / name).write_bytes(b"same")
    assert [(package, path.name) for package, path in survey.workbooks(folder)] == [("a", "x.xlsx")]
