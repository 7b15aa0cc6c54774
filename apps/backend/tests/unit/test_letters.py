"""Letters and samples where they are made: the service makes them in processes of their own."""

from pathlib import Path
from typing import Any

import pytest

from app.domain.conversion import Mode, Options, Source
from app.domain.letters import Letter, Wording, has_letters, letters
from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.domain.sample import Sampled, sample
from tests.documents import template

_ROWS = "Name,Mail,Due\nAnn, Ann@Example.ORG ,1\nBo,bo@bücher.example,2\nCy,,3\nDi,di at home,4\n"
_LIMITS = Limits()


def source(folder: Path, *words: str, mode: Mode = Mode.PER_ROW, **options: Any) -> Source:
    book, letter = folder / "w.csv", folder / "letter.docx"
    book.write_text(_ROWS, encoding="utf-8")
    letter.write_bytes(template(*(words or ("Dear {{ Name }}",))))
    used = None if mode is Mode.TABLE else letter
    return Source(book, "w.csv", mode, Options(**options), used)


def written(folder: Path, source: Source, **more: str) -> list[Letter]:
    words = {"address": "Mail", "subject": "For {{ Name }}", "text": "Due:\t{{ Due }}\r\nBye\x07"}
    return letters(source, Wording(**(words | more)), _LIMITS)


def refusal(folder: Path, source: Source, **more: str) -> Refused:
    with pytest.raises(Refused) as refused:
        written(folder, source, **more)
    return refused.value


def test_each_document_has_a_letter_in_their_order(tmp_path: Path):
    ann, bo, cy, di = written(tmp_path, source(tmp_path))
    assert (ann.address, ann.subject, ann.text) == (
        "Ann@example.org",
        "For Ann",
        "Due:    1\nBye ",
    )
    assert ("row 2" in ann.place, ann.document.endswith(".docx")) == (True, False)
    assert bo.address == "bo@xn--bcher-kva.example"
    assert cy.problem == ("ADDRESS_MISSING", "the cell is empty")
    assert di.problem is not None
    assert (di.address, di.problem[0]) == ("di at home", "ADDRESS_INVALID")


def test_a_row_that_a_text_skips_has_no_letter(tmp_path: Path):
    skipping = "{% if Name != 'Bo' %}{{ skip_row() }}{% endif %}x"
    assert [m.subject for m in written(tmp_path, source(tmp_path), text=skipping)] == ["For Bo"]


def test_a_group_has_one_letter_to_its_first_address(tmp_path: Path):
    grouped = source(tmp_path, "{{ count }}", mode=Mode.PER_GROUP, group_by="Name")
    assert len(written(tmp_path, grouped, subject="{{ group }}", text="{{ count }}")) == 4


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"address": "Post"}, "COLUMN_UNKNOWN", "Post"),
        ({"subject": "{{ 'x' * 600 }}"}, "MAIL_TEXT", "the subject has more than 500"),
        ({"text": "{{ 'x' * 30000 }}"}, "MAIL_TEXT", "the text has more than 20000"),
        ({"text": "{% if %}"}, "MAIL_TEXT", ""),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, more: dict[str, str], code: str, words: str):
    refused = refusal(tmp_path, source(tmp_path), **more)
    assert refused.code == code
    assert words in refused.message


def test_a_mailing_has_so_many_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.domain.letters.MAX_LETTERS", 3)
    assert refusal(tmp_path, source(tmp_path)).code == "TOO_MANY_MAILS"


def test_only_several_documents_have_letters():
    found = {mode: has_letters(mode, merged=False) for mode in Mode}
    assert found == {
        Mode.TABLE: False,
        Mode.PER_ROW: True,
        Mode.PER_GROUP: True,
        Mode.SINGLE: False,
    }
    assert not has_letters(Mode.PER_ROW, merged=True)


def sampled(folder: Path, source: Source, first: int = 0) -> Sampled:
    return sample(source, _LIMITS, folder, first)


def test_a_sample_pages_through_the_documents(tmp_path: Path):
    found = sampled(tmp_path, source(tmp_path))
    assert [d.lines for d in found.documents] == [["Dear Ann"], ["Dear Bo"], ["Dear Cy"]]
    assert found.documents[0].values == {"Name": "Ann"}
    assert found.documents[0].path.read_bytes().startswith(b"PK")
    assert found.following == 3
    rest = sampled(tmp_path, source(tmp_path), 3)
    assert ([d.position for d in rest.documents], rest.following) == ([3], None)
    with pytest.raises(Refused, match="no document is made from number 5 on"):
        sampled(tmp_path, source(tmp_path), 4)


def test_a_sample_leaves_out_rows_that_are_skipped(tmp_path: Path):
    skipping = "{% if Name == 'Ann' %}{{ skip_row() }}{% endif %}{{ Name }}"
    found = sampled(tmp_path, source(tmp_path, skipping))
    assert [d.position for d in found.documents] == [1, 2, 3]
    with pytest.raises(Refused):
        sampled(tmp_path, source(tmp_path, "{{ skip_row() }}", mode=Mode.SINGLE))


def test_a_sample_of_tables_and_of_what_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    table = source(tmp_path, mode=Mode.TABLE)
    (document,) = sampled(tmp_path, table).documents
    assert (document.name, document.values) == ("result.docx", {})
    assert document.lines[0].startswith("Ann |  Ann@Example.ORG  | 1")
    monkeypatch.setattr("app.domain.sample._MAX_BYTES", document.path.stat().st_size - 1)
    with pytest.raises(Refused) as refused:
        sampled(tmp_path, table)
    assert refused.value.code == "PREVIEW_TOO_LARGE"
    one = sampled(tmp_path, source(tmp_path)).documents[0].path.stat().st_size
    monkeypatch.setattr("app.domain.sample._MAX_BYTES", one * 3 // 2)
    assert sampled(tmp_path, source(tmp_path)).following == 1
