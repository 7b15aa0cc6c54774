"""Results: by range (RFC 9110, chapter 14), under names that are nobody's path."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.core.config import get_settings
from app.storage.files import is_sha256
from tests.documents import finished
from tests.unit.test_jobs_api import PEOPLE, submit, upload


@pytest.fixture(scope="module")
def url(client: TestClient) -> str:
    job = finished(client, submit(client, workbook_id=upload(client, PEOPLE)).json()["id"])
    return f"/api/v1/jobs/{job['id']}/result"


def test_a_download_that_was_cut_is_continued(client: TestClient, url: str):
    whole = client.get(url)
    assert whole.headers["accept-ranges"] == "bytes"
    headers = {"Range": "bytes=100-", "If-Range": whole.headers["etag"]}
    rest = client.get(url, headers=headers)
    assert (rest.status_code, whole.content[:100] + rest.content) == (206, whole.content)
    other = client.get(url, headers={**headers, "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, whole.content)


def test_its_headers_are_given_without_it(client: TestClient, url: str):
    whole, head = client.get(url), client.head(url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "content-disposition", "etag", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]
    assert client.head(url.replace("result", "results")).status_code == 404


def test_a_range_from_the_end_and_several_are_served(client: TestClient, url: str):
    whole = client.get(url).content
    assert client.get(url, headers={"Range": "bytes=-7"}).content == whole[-7:]
    several = client.get(url, headers={"Range": "bytes=0-1,10-12"})
    assert several.headers["content-type"].startswith("multipart/byteranges")
    assert whole[10:13] in several.content


def test_a_range_that_is_not_there_is_a_problem(client: TestClient, url: str):
    size = len(client.get(url).content)
    response = client.get(url, headers={"Range": f"bytes={size}-"})
    assert response.status_code == 416
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["content-range"] == f"bytes */{size}"
    assert response.json()["code"] == "RANGE_NOT_SATISFIABLE"


@pytest.mark.parametrize("asked", ["bytes=x", "rows=0-1", "bytes", "bytes=5-2"])
def test_a_range_that_cannot_be_read_gives_the_whole(client: TestClient, url: str, asked: str):
    response = client.get(url, headers={"Range": asked})
    assert (response.status_code, response.content) == (200, client.get(url).content)


@pytest.mark.parametrize("name", ["../../etc/cron.d/x.xlsx", "..\\..\\x.xlsx", "C:\\x\\CON.xlsx"])
def test_no_file_in_storage_has_a_name_of_a_users(client: TestClient, name: str):
    workbook = client.get(f"/api/v1/workbooks/{upload(client, PEOPLE, name)}").json()
    assert workbook["name"] in {"x.xlsx", "CON.xlsx"}
    storage = get_settings().storage_dir
    kept = [p.name for p in (storage / "files").rglob("*") if p.is_file()]
    assert kept
    assert [each for each in kept if not is_sha256(each)] == []
    # Beside them lie the database and what a worker that was killed had begun.
    assert [p for p in storage.rglob("*") if p.name.endswith(workbook["name"])] == []
    assert not Path("/etc/cron.d/x.xlsx").exists()
