import contextlib
import io
import random
import zipfile

import pytest

from app.domain.refusal import Refused
from app.domain.zip_guard import check_zip
from tests.workbooks import xlsx

MIB = 1024 * 1024


def archive(entries: dict[str, bytes]) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return buffer


def refusal_of(source: io.BytesIO, max_unpacked_bytes: int = 200 * MIB) -> str:
    with pytest.raises(Refused) as caught:
        check_zip(source, max_unpacked_bytes)
    return caught.value.code


def test_a_workbook_passes():
    check_zip(io.BytesIO(xlsx({"Sheet1": [["a", 1]]})), 200 * MIB)


def test_an_entry_that_unpacks_a_thousandfold_is_refused_by_name():
    bomb = archive({"xl/worksheets/sheet1.xml": b"0" * 10 * MIB})
    with pytest.raises(Refused, match=r"sheet1\.xml") as caught:
        check_zip(bomb, 200 * MIB)
    assert caught.value.code == "ZIP_BOMB"


def test_a_small_entry_may_be_well_compressed():
    check_zip(archive({"empty.xml": b" " * 90_000}), 200 * MIB)


def test_a_header_that_lies_about_the_size_is_refused():
    data = archive({"a": bytes(range(256)) * 100}).getvalue()
    size = (25_600).to_bytes(4, "little")
    lying = data.replace(size, (10).to_bytes(4, "little"))
    assert lying != data
    assert refusal_of(io.BytesIO(lying)) == "NOT_A_ZIP"


def test_the_sum_of_all_entries_counts():
    entries = {f"{i}.xml": bytes(range(256)) * 4 for i in range(10)}
    assert refusal_of(archive(entries), 5_000) == "ZIP_TOO_LARGE"


def test_too_many_entries_are_refused():
    assert refusal_of(archive({str(i): b"" for i in range(1_001)})) == "ZIP_TOO_MANY_ENTRIES"


def test_what_is_no_archive_is_refused():
    assert refusal_of(io.BytesIO(b"PK\x03\x04 not really")) == "NOT_A_ZIP"
    assert refusal_of(io.BytesIO(b"")) == "NOT_A_ZIP"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_cannot_be_unpacked_bit_by_bit_is_refused(method: int):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr("a.xml", bytes(64 * MIB))
    assert refusal_of(buffer) == "NOT_A_ZIP"


def test_a_damaged_archive_is_refused_or_passes_but_is_never_a_crash():
    whole = xlsx({"Sheet1": [["a", 1]] * 50})
    chance = random.Random(8)
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        with contextlib.suppress(Refused):
            check_zip(
                io.BytesIO(damaged[: chance.randrange(len(damaged) // 2, len(damaged) + 1)]), MIB
            )
        with contextlib.suppress(Refused):
            check_zip(io.BytesIO(damaged), MIB)
