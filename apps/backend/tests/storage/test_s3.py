"""A real S3 server. tools/e2e brings one into the test image; here: PATH=~/.cache/excel2doc/tools/bin:$PATH"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from app.storage.files import Away, DiskStorage, Gone, Storage
from app.storage.s3 import S3Storage
from tests.documents import table
from tests.server import ROOT
from tests.unit.test_jobs_api import PEOPLE
from tests.workbooks import xlsx

PROGRAM = shutil.which("versitygw")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="versitygw is not on the PATH")


class Server:
    """VersityGW over a folder; it can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [str(PROGRAM), "--port", f"127.0.0.1:{self.port}", "posix", str(self.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise TimeoutError("versitygw does not listen")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    access, secret = secrets.token_hex(8), secrets.token_hex(16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROOT_ACCESS_KEY", access)
        patch.setenv("ROOT_SECRET_KEY", secret)
        patch.setenv("AWS_ACCESS_KEY_ID", access)
        patch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        folder = tmp_path_factory.mktemp("s3")
        (folder / "bucket").mkdir()  # the posix backend's buckets are folders
        running = Server(folder)
        yield running
        running.stop()


@pytest.fixture
def storage(server: Server, tmp_path: Path) -> S3Storage:
    return S3Storage("s3://bucket/" + secrets.token_hex(4), server.url, tmp_path / "s", 1 << 20)


def put(storage: Storage, folder: Path, content: bytes) -> str:
    path = folder / secrets.token_hex(4)
    path.write_bytes(content)
    return storage.put(path).sha256


def read(storage: Storage, sha256: str) -> bytes:
    with storage.local(sha256) as path:
        return path.read_bytes()


@pytest.fixture(params=["disk", "s3"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "disk":
        return DiskStorage(tmp_path / "d")
    chosen: Storage = request.getfixturevalue("storage")
    return chosen


@pytest.mark.parametrize("size", [0, 1, 40 << 20], ids=["empty", "a byte", "multipart"])
def test_what_is_put_is_read_again_by_its_hash(either: Storage, tmp_path: Path, size: int):
    content = os.urandom(size)
    sha256 = put(either, tmp_path, content)
    assert sha256 == put(either, tmp_path, content)
    assert read(either, sha256) == content
    assert [name for name, _ in either.names()] == [sha256]
    assert time.time() - next(either.names())[1] < 60
    either.delete(sha256)
    assert not either.exists(sha256)
    with pytest.raises(Gone), either.local(sha256):
        pass


def test_a_name_that_is_no_hash_reaches_no_store(either: Storage):
    for name in ("../../etc/passwd", "a" * 63, ""):
        with pytest.raises(ValueError, match="SHA-256"):
            either.exists(name)


def test_copies_are_read_without_the_store_and_do_not_grow_without_end(
    storage: S3Storage, tmp_path: Path
):
    hashes = [put(storage, tmp_path, os.urandom(400_000)) for _ in range(4)]
    for sha256 in hashes:
        read(storage, sha256)
    copies = {p.name for p in (tmp_path / "s" / "copies").iterdir()}
    assert copies == set(hashes[2:])


def test_an_object_that_was_changed_is_not_given_out(
    storage: S3Storage, server: Server, tmp_path: Path
):
    sha256 = put(storage, tmp_path, b"as it was")
    place = next((server.folder / "bucket").rglob(sha256))
    place.write_bytes(b"as it is ")
    with pytest.raises(Away, match="not what it was"):
        read(storage, sha256)
    assert not (tmp_path / "s" / "copies" / sha256).exists()


@pytest.fixture
def service(server: Server, tmp_path: Path) -> Iterator[httpx.Client]:
    """The service as it is started, with its files in the bucket."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "EXCEL2DOC_STORAGE_DIR": str(tmp_path / "service"),
        "EXCEL2DOC_STORAGE_URL": "s3://bucket/service",
        "EXCEL2DOC_S3_ENDPOINT": server.url,
        "DATABASE_URL": "",
        "REDIS_URL": "",
    }
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **settings}, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            for _ in range(150):
                try:
                    client.get("/health/live").raise_for_status()
                    break
                except httpx.HTTPError:
                    time.sleep(0.2)
            yield client
    finally:
        process.kill()
        process.wait()


def test_a_store_that_is_away_is_a_503_and_costs_no_job(server: Server, service: httpx.Client):
    file = {"file": ("people.xlsx", xlsx({"People": PEOPLE}))}
    workbook = service.post("/api/v1/workbooks", files=file).json()["id"]
    assert list((server.folder / "bucket" / "service").iterdir())
    assert service.get("/health/ready").json()["disk"] == "ok"
    server.stop()
    job = service.post("/api/v1/jobs", json={"workbook_id": workbook}).json()
    away = service.post("/api/v1/workbooks", files=file)
    assert (away.status_code, away.json()["code"]) == (503, "STORAGE_AWAY")
    assert away.headers["retry-after"] == "5"
    assert service.get("/health/ready").json()["disk"] == "down"
    assert service.get(f"/api/v1/jobs/{job['id']}").json()["status"] in {"queued", "running"}
    server.start()
    deadline = time.monotonic() + 90
    while service.get(f"/api/v1/jobs/{job['id']}").json()["status"] != "done":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    done = service.get(f"/api/v1/jobs/{job['id']}").json()
    assert (done["attempt"], done["error"]) == (1, None)
    whole = service.get(f"/api/v1/jobs/{job['id']}/result").content
    assert table(whole)[1] == ["Ann & Co", "1234.5"]
    part = service.get(f"/api/v1/jobs/{job['id']}/result", headers={"Range": "bytes=3-9"})
    assert (part.status_code, part.content) == (206, whole[3:10])
