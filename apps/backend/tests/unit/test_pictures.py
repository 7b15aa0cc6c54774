"""Pictures of the workbook in documents."""

import io
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
import xlsxwriter

from app.domain.conversion import Mode, Options, Source
from app.domain.dry_run import dry_run
from app.domain.limits import Limits
from app.domain.modes import convert
from app.domain.refusal import Refused
from app.domain.template.compiled import compile_template
from app.domain.workbook.opening import open_workbook
from tests.documents import template, unzipped
from tests.pictures import pictures_of, png


def workbook(folder: Path, pictures: dict[str, bytes], rows: int = 3) -> Path:
    path = folder / "staff.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Staff")
        sheet.write_row(0, 0, ["Name", "Photo"])
        for row in range(1, rows + 1):
            sheet.write(row, 0, f"n{row}")
        for cell, content in pictures.items():
            sheet.insert_image(cell, f"{cell}.png", {"image_data": io.BytesIO(content)})
    return path


def made(tmp_path: Path, book: Path, mode: Mode, *texts: str, **options: Any) -> list[Path]:
    letter = tmp_path / "t.docx"
    letter.write_bytes(template(*texts))
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    source = Source(book, book.name, mode, Options(**options), letter)
    parts: list[Path] = []
    finished = convert(
        source,
        out,
        Limits(),
        lambda event: parts.append(event.path) if hasattr(event, "path") else None,
    )
    return [finished.path] if finished.path else parts


def test_each_row_gets_the_picture_of_its_cell_in_the_size_that_is_asked_for(tmp_path: Path):
    one, two = png(40, 20, 1), png(10, 10, 2)
    book = workbook(tmp_path, {"B2": one, "B4": two})
    text = "{{ Name }}: {{ images.Photo|picture(width=30) }}!"
    files = unzipped(made(tmp_path, book, Mode.PER_ROW, text)[0].read_bytes())
    assert pictures_of(files["2.docx"]) == [(one, 30.0, 15.0)]
    assert pictures_of(files["3.docx"]) == []
    assert pictures_of(files["4.docx"]) == [(two, 30.0, 30.0)]
    assert docx.Document(io.BytesIO(files["2.docx"])).paragraphs[0].text == "n1: !"


def test_a_loop_and_a_condition_see_pictures_and_a_repeated_one_is_kept_once(tmp_path: Path):
    same = png(8, 8)
    book = workbook(tmp_path, {"B2": same, "B3": same})
    text = (
        "{% for r in rows %}{% if r.images.Photo %}[{{ r.images.Photo|picture(height=5) }}]"
        "{% else %}none{% endif %}{% endfor %}"
    )
    content = made(tmp_path, book, Mode.SINGLE, text)[0].read_bytes()
    assert pictures_of(content) == [(same, 5.0, 5.0)] * 2
    media = [name for name in unzipped(content) if name.startswith("word/media/")]
    assert len(media) == 1
    ids = [shape._inline.docPr.id for shape in docx.Document(io.BytesIO(content)).inline_shapes]
    assert len(set(ids)) == 2


def test_a_picture_stands_between_runs_too_and_without_a_size_fits_the_page(tmp_path: Path):
    book = workbook(tmp_path, {"B2": png(4000, 1000)}, rows=1)
    files = unzipped(
        made(tmp_path, book, Mode.PER_ROW, "{{r images.Photo|picture }}")[0].read_bytes()
    )
    assert pictures_of(files["2.docx"])[0][1:] == (160.0, 40.0)


def test_a_field_can_be_mapped_to_a_column_of_pictures(tmp_path: Path):
    book = workbook(tmp_path, {"B2": png(2, 2)}, rows=1)
    letter = tmp_path / "t.docx"
    letter.write_bytes(template("{{ images.face|picture(width=9) }}"))
    assert compile_template(letter).fields.single == ("face",)
    source = Source(book, book.name, Mode.PER_ROW, Options(), letter)
    assert dry_run(source, Limits()).missing_fields == ["face"]
    parts = made(
        tmp_path,
        book,
        Mode.PER_ROW,
        "{{ images.face|picture(width=9) }}",
        mapping={"face": "Photo"},
    )
    assert len(pictures_of(unzipped(parts[0].read_bytes())["2.docx"])) == 1


def test_a_template_that_holds_a_picture_of_its_own_keeps_it(tmp_path: Path):
    document = docx.Document()
    own = png(3, 3, 9)
    document.add_picture(io.BytesIO(own))
    document.add_paragraph("{{ images.Photo|picture(width=9) }}")
    document.save(str(tmp_path / "own.docx"))
    book = workbook(tmp_path, {"B2": png(2, 2)}, rows=1)
    source = Source(book, book.name, Mode.SINGLE, Options(), tmp_path / "own.docx")
    path = convert(source, tmp_path, Limits(), lambda _event: None).path
    assert path
    assert [content for content, *_ in pictures_of(path.read_bytes())] == [own, png(2, 2)]


@pytest.mark.parametrize(
    ("content", "text", "said"),
    [
        (png(2, 2)[:20], "{{ images.Photo|picture }}", "cell B2"),
        (png(2, 2), "{{ images.Photo|picture(width=1e9) }}", "at most 1000 mm"),
        (png(2, 2), "{{ Name|picture }}", "not a picture"),
    ],
)
def test_what_is_no_picture_is_refused_by_its_cell(
    tmp_path: Path, content: bytes, text: str, said: str
):
    book = workbook(tmp_path, {"B2": png(2, 2)}, rows=1)
    if content != png(2, 2):
        parts = unzipped(book.read_bytes())
        with zipfile.ZipFile(book, "w") as archive:
            for name, data in parts.items():
                archive.writestr(name, content if name.startswith("xl/media/") else data)
    with pytest.raises(Refused, match=f"TEMPLATE_VALUE.*row 2.*{said}"):
        made(tmp_path, book, Mode.PER_ROW, text)


def test_too_many_pictures_are_refused_by_sheet_and_cell(tmp_path: Path):
    book = workbook(tmp_path, {f"B{row}": png(1, 1) for row in range(2, 6)}, rows=5)
    with (
        open_workbook(book, book.name, Limits(images=3)) as reader,
        pytest.raises(Refused, match=r"TOO_MANY_IMAGES.*'Staff', cell B5"),
    ):
        reader.pictures(0)


def test_other_kinds_of_workbook_have_none(tmp_path: Path):
    for name in ("sample.xls", "sample.ods"):
        path = Path(__file__).parents[1] / "data" / name
        with open_workbook(path, name, Limits()) as reader:
            assert reader.pictures(0) == {}
