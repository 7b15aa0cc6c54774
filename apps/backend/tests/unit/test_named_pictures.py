"""Pictures that cells name, in an archive beside the workbook."""

import io
import stat
import unicodedata
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.core.database import session_factory
from app.domain.conversion import Missing, Mode, Options, Source
from app.domain.dry_run import dry_run
from app.domain.limits import Limits
from app.domain.modes import convert
from app.domain.named_pictures import NamedPictures, check_archive, fold
from app.domain.picture_files import MAX_PIXELS
from app.domain.refusal import Refused
from app.services.context import get_services
from app.tables import Job, PictureArchive, now
from app.worker import sweep as sweeping
from app.worker.sweep import sweep
from tests.documents import finished, template, unzipped
from tests.pictures import pictures_of, png, zipped, zipped_in
from tests.workbooks import xlsx

ANN, BOB = png(4, 2, 1), png(2, 2, 2)
PHOTO = "{{ Name }}: {{ images.Photo|picture(width=20) }}"


def archive(folder: Path, content: bytes | Mapping[str, bytes]) -> Path:
    path = folder / "photos.zip"
    path.write_bytes(content if isinstance(content, bytes) else zipped(content))
    return path


@contextmanager
def named(folder: Path, content: bytes | Mapping[str, bytes]) -> Iterator[NamedPictures]:
    with closing(NamedPictures(archive(folder, content))) as pictures:
        yield pictures


def read(pictures: NamedPictures, *texts: str) -> bytes:
    picture = pictures.picture("cell B2", *texts)
    assert picture is not None
    return picture.read()


def refusal(folder: Path, content: bytes | Mapping[str, bytes]) -> Refused:
    with pytest.raises(Refused) as refused:
        check_archive(archive(folder, content), Limits())
    return refused.value


def source(
    folder: Path, cells: list[Any], mode: Mode = Mode.PER_ROW, text: str = PHOTO, **options: Any
) -> Source:
    rows = [["Name", "Photo"], *([f"n{n}", cell] for n, cell in enumerate(cells, 1))]
    (folder / "staff.xlsx").write_bytes(xlsx({"Staff": rows}))
    (folder / "t.docx").write_bytes(template(text))
    photos = archive(folder, {"team/Ann.png": ANN, "team/Bob.PNG": BOB, "17.png": BOB})
    book = folder / "staff.xlsx"
    return Source(book, book.name, mode, Options(**options), folder / "t.docx", photos)


def made(wanted: Source, folder: Path) -> dict[str, bytes]:
    out = folder / "out"
    out.mkdir()
    parts: list[Path] = []
    done = convert(
        wanted, out, Limits(), lambda e: parts.append(e.path) if hasattr(e, "path") else None
    )
    if done.path:
        return {"result.docx": done.path.read_bytes()}
    return unzipped(parts[0].read_bytes())


def test_each_row_gets_the_picture_that_its_cell_names(tmp_path: Path):
    files = made(source(tmp_path, ["Ann.png", "bob", "team/ANN.png", None, 17, " "]), tmp_path)
    shown = [[content for content, *_ in pictures_of(each)] for each in files.values()]
    assert shown == [[ANN], [BOB], [ANN], [], [BOB], []]


def test_a_loop_shows_them_and_each_picture_is_in_the_document_once(tmp_path: Path):
    text = "{% for r in rows %}{{ r.images.Photo|picture(width=9) }}{% endfor %}"
    wanted = source(tmp_path, ["Ann", "Bob", "ann.PNG"], Mode.SINGLE, text)
    content = made(wanted, tmp_path)["result.docx"]
    assert [shown for shown, *_ in pictures_of(content)] == [ANN, BOB, ANN]
    assert sum(name.startswith("word/media/") for name in unzipped(content)) == 2


def test_a_missing_one_is_refused_by_its_cell_in_the_job_and_in_the_dry_run(tmp_path: Path):
    wanted = source(tmp_path, ["Ann", "Anne.png"])
    for run in (lambda: made(wanted, tmp_path), lambda: dry_run(wanted, Limits())):
        with pytest.raises(Refused) as refused:
            run()
        assert refused.value.code == "PICTURE_MISSING"
        assert "sheet 'Staff', cell B3" in refused.value.message
        assert "'Anne.png'" in refused.value.message
        assert "team/Ann.png" in refused.value.hint


def test_a_missing_one_is_left_out_where_missing_fields_are_blank(tmp_path: Path):
    text = PHOTO + "{% if not images.Photo %}none{% endif %}"
    files = made(source(tmp_path, ["Anne.png", "Ann"], text=text, missing=Missing.BLANK), tmp_path)
    assert [len(pictures_of(each)) for each in files.values()] == [0, 1]


def test_a_picture_on_the_cell_goes_before_one_that_it_names(tmp_path: Path):
    wanted = source(tmp_path, [])
    own = png(5, 5, 9)
    with xlsxwriter.Workbook(wanted.workbook) as book:
        sheet = book.add_worksheet("Staff")
        sheet.write_row(0, 0, ["Name", "Photo"])
        sheet.write_row(1, 0, ["n", "Ann.png"])
        sheet.insert_image("B2", "own.png", {"image_data": io.BytesIO(own)})
    assert [c for each in made(wanted, tmp_path).values() for c, *_ in pictures_of(each)] == [own]


def test_a_name_in_two_folders_asks_for_the_folder(tmp_path: Path):
    with named(tmp_path, {"a/x.png": ANN, "b/x.png": BOB}) as pictures:
        assert read(pictures, "b/X.png") == BOB
        assert read(pictures, "b\\x") == BOB
        with pytest.raises(Refused) as refused:
            read(pictures, "x.png")
    assert refused.value.code == "PICTURE_AMBIGUOUS"
    assert "cell B2: 'x.png' is 'a/x.png' or 'b/x.png'" in refused.value.message


@pytest.mark.parametrize("packed", ["NFC", "NFD"])
@pytest.mark.parametrize("written", ["NFC", "NFD"])
@pytest.mark.parametrize("name", ["Müller.png", "Straße.png", "Ångström.png", "한글.png"])
def test_accents_and_case_are_one_however_they_are_written(
    tmp_path: Path, name: str, packed: str, written: str
):
    cell = unicodedata.normalize(written, name).upper()  # type: ignore[arg-type]
    entry = unicodedata.normalize(packed, name)  # type: ignore[arg-type]
    with named(tmp_path, {entry: ANN}) as pictures:
        assert read(pictures, cell) == ANN


@given(st.text(min_size=1))
def test_what_folds_folds_once_and_alike(name: str):
    assert fold(fold(name)) == fold(name)
    assert fold(unicodedata.normalize("NFD", name)) == fold(unicodedata.normalize("NFC", name))


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        *(("gb18030", "张伟.png"), ("gb18030", "團隊/誠信.png"), ("cp932", "山田太郎.png")),
        *(("cp437", "Müller.png"), ("utf-8", "张伟.png"), ("cp932", "表.png")),
    ],
)
def test_names_that_windows_packed_in_its_own_encoding_are_found(
    tmp_path: Path, encoding: str, name: str
):
    content = zipped_in(encoding, {name: ANN, "other.png": BOB})
    assert check_archive(archive(tmp_path, content), Limits()).pictures == 2
    with named(tmp_path, content) as pictures:
        assert read(pictures, name) == ANN


def test_what_systems_leave_beside_pictures_is_not_looked_at(tmp_path: Path):
    files = {
        **{"a.png": ANN, "__MACOSX/._a.png": b"x", ".DS_Store": b"x", "Thumbs.db": b"x"},
        **{"notes.txt": b"x", "b.webp": b"RIFF", "folder/": b""},
    }
    found = check_archive(archive(tmp_path, files), Limits())
    assert (found.pictures, found.left_out, found.left_out_count) == (1, ["notes.txt", "b.webp"], 2)
    with named(tmp_path, files) as pictures:
        assert read(pictures, "b.webp") == b"RIFF"  # it is refused by its kind where it is printed
        with pytest.raises(Refused, match="PICTURE_MISSING"):
            read(pictures, "notes")


@pytest.mark.parametrize(
    "name", ["../a.png", "a/../../b.png", "/etc/a.png", "C:\\a.png", "a\x07.png"]
)
def test_a_name_that_leads_out_of_the_archive_is_refused(tmp_path: Path, name: str):
    assert refusal(tmp_path, {name: ANN}).code == "PICTURE_NAME"


def test_two_names_that_a_person_takes_for_one_are_refused(tmp_path: Path):
    found = refusal(tmp_path, {"Ann.png": ANN, "ANN.png": BOB})
    assert (found.code, "'Ann.png' and 'ANN.png'" in found.message) == ("PICTURE_TWICE", True)
    decomposed = unicodedata.normalize("NFD", "Ü.png")
    assert refusal(tmp_path, {"ü.png": ANN, decomposed: BOB}).code == "PICTURE_TWICE"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no picture at all", "damaged or of no known kind"),
        (b"", "damaged or of no known kind"),
        (ANN[:33], "damaged or of no known kind"),  # whole up to its header
        (ANN[:-12], "damaged or of no known kind"),  # without its end
        (b"BM" + bytes(60), "neither PNG, JPEG nor GIF"),
        (png(20_000, 1).replace(b"\0\0\0\1\10", b"\0\0\x27\x10\10", 1), f"more than {MAX_PIXELS}"),
    ],
)
def test_a_picture_that_is_none_is_refused_by_its_name(tmp_path: Path, content: bytes, said: str):
    found = refusal(tmp_path, {"good.png": ANN, "team/bad.png": content})
    assert found.code == "PICTURE_DAMAGED"
    assert "'team/bad.png'" in found.message
    assert said in found.message


def test_a_link_is_no_picture(tmp_path: Path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        link = zipfile.ZipInfo("a.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(link, "/etc/passwd")
    assert refusal(tmp_path, buffer.getvalue()).code == "PICTURE_DAMAGED"


def test_bombs_and_archives_of_too_much_are_refused(tmp_path: Path):
    assert refusal(tmp_path, {"a.png": bytes(40 << 20)}).code == "ZIP_BOMB"
    assert (
        refusal(tmp_path, {f"{n}.png": b"" for n in range(10_001)}).code == "ZIP_TOO_MANY_ENTRIES"
    )
    assert refusal(tmp_path, {"a.txt": b"x"}).code == "PICTURES_NONE"
    assert refusal(tmp_path, b"PK no archive").code == "NOT_A_ZIP"
    with pytest.raises(Refused, match="ZIP_TOO_LARGE"):
        check_archive(archive(tmp_path, {"a.png": ANN}), Limits(unpacked_bytes=10))


def test_an_archive_is_taken_used_and_named_by_the_job(client: TestClient):
    def posted(path: str, **request: Any) -> dict[str, Any]:
        answer = client.post(f"/api/v1{path}", **request)
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.json()
        return found

    book = xlsx({"S": [["Name", "Photo"], ["Ann", "ann"], ["Bob", "bob"]]})
    photos = zipped({"Ann.png": ANN, "Bob.png": BOB})
    kept = posted("/picture-archives", files={"file": ("photos.zip", photos)})
    assert (kept["pictures"], kept["left_out"]) == (2, [])
    wanted = {
        "workbook_id": posted("/workbooks", files={"file": ("b.xlsx", book)})["id"],
        "template_id": posted("/templates", files={"file": ("t.docx", template(PHOTO))})["id"],
        "mode": "per-row",
    }
    # without the archive a text is no picture, and that is another conversion
    without = finished(client, posted("/jobs", json=wanted)["id"])
    wanted["pictures_id"] = kept["id"]
    job = finished(client, posted("/jobs", json=wanted)["id"])
    assert (job["status"], job["cached"], job["pictures_name"]) == ("done", False, "photos.zip")
    assert (without["pictures_id"], job["pictures_id"]) == (None, kept["id"])
    files = unzipped(client.get(f"/api/v1/jobs/{job['id']}/result").content)
    assert [pictures_of(each)[0][0] for each in files.values()] == [ANN, BOB]
    assert posted("/jobs", json=wanted)["cached"]
    assert posted("/previews", json=wanted)["documents"][0]["size_bytes"] > 0
    assert posted("/dry-runs", json=wanted)["missing_fields"] == []
    other = zipped({"Ann.png": BOB, "Bob.png": BOB})
    wanted["pictures_id"] = posted("/picture-archives", files={"file": ("p.zip", other)})["id"]
    assert not posted("/jobs", json=wanted)["cached"]

    path = f"/api/v1/picture-archives/{kept['id']}"
    assert kept["id"] in [
        each["id"] for each in client.get(path.rpartition("/")[0]).json()["items"]
    ]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    gone = client.post("/api/v1/jobs", json={**wanted, "pictures_id": kept["id"]})
    assert gone.status_code == 404


def test_the_file_stays_for_jobs_that_need_it_and_goes_with_the_last(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sweeping, "_GRACE_SECONDS", -1)
    photos = zipped({"only-here.png": png(7, 7, 7)})
    kept = client.post("/api/v1/picture-archives", files={"file": ("p.zip", photos)}).json()
    book = client.post(
        "/api/v1/workbooks", files={"file": ("b.xlsx", xlsx({"S": [["A"], ["swept"]]}))}
    ).json()
    storage = get_services().storage
    with session_factory() as session:
        found = session.get_one(PictureArchive, kept_id(kept))
        found.expires_at = now()
        own = {"workbook_id": kept_id(book), "team_id": found.team_id, "pictures_id": found.id}
        waits = Job(status="running", mode="table", options={}, content_key="kept", **own)
        session.add(waits)
        session.commit()
        sweep(session, get_services())
        assert storage.exists(kept["sha256"])
        waits.status = "cancelled"
        session.commit()
        sweep(session, get_services())
        assert not storage.exists(kept["sha256"])


def kept_id(thing: dict[str, Any]) -> Any:
    return uuid.UUID(thing["id"])
