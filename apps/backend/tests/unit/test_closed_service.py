"""A service that asks for keys, on a fresh store, from its first key on."""

import base64
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from fastapi.routing import iter_route_contexts

from app.main import app
from tests.server import ROOT, Service, running_service

MEGABYTE = 1 << 20
OPEN = {"/", "/paper", "/health", "/health/live", "/health/ready"}


@pytest.fixture(scope="module")
def first_key(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Made as the README says, before anything has made the store."""
    folder = tmp_path_factory.mktemp("fresh")
    environment = {**os.environ, "EXCEL2DOC_STORAGE_DIR": str(folder / "store")}
    environment = {k: v for k, v in environment.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    command = [sys.executable, "-m", "app.cli.keys", "first"]
    made = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return made.stdout.strip(), folder


@pytest.fixture(scope="module")
def service(first_key: tuple[str, Path]) -> Iterator[Service]:
    folder = first_key[1]
    settings = {
        "EXCEL2DOC_STORAGE_DIR": str(folder / "store"),
        "EXCEL2DOC_AUTH": "true",
        "EXCEL2DOC_AUTH_FAILURES_PER_MINUTE": "5",
        "EXCEL2DOC_MAX_UPLOAD_BYTES": str(MEGABYTE),
    }
    with running_service(folder, DATABASE_URL=None, REDIS_URL=None, **settings) as running:
        yield running


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_the_first_key_of_a_fresh_store_opens_the_service(
    service: Service, first_key: tuple[str, Path]
):
    assert first_key[0].startswith("e2d_")
    answer = httpx.get(f"{service.url}/api/v1/keys", headers=bearer(first_key[0]))
    assert [key["name"] for key in answer.json()["items"]] == ["first"]


@pytest.mark.parametrize("path", ["/metrics", "/docs", "/openapi.json", "/docs/oauth2-redirect"])
def test_what_tells_of_the_service_asks_for_a_key_too(
    path: str, service: Service, first_key: tuple[str, Path]
):
    denied = httpx.get(service.url + path)
    assert (denied.status_code, denied.json()["code"]) == (401, "KEY_MISSING")
    assert denied.headers["www-authenticate"].startswith("Basic ")
    assert httpx.get(service.url + path, headers=bearer(first_key[0])).status_code == 200
    as_a_browser = base64.b64encode(f"me:{first_key[0]}".encode()).decode()
    header = {"Authorization": f"Basic {as_a_browser}"}
    assert httpx.get(service.url + path, headers=header).status_code == 200
    broken = httpx.get(service.url + path, headers={b"Authorization": "Basic é".encode()})
    assert broken.status_code == 401


def test_no_other_path_is_open_but_health_and_the_page(service: Service):
    paths = [
        route.path or ""
        for route in iter_route_contexts(app.routes)
        if "GET" in (route.methods or set()) and route.path not in OPEN
    ]
    assert {"/metrics", "/docs", "/api/v1/jobs"} <= set(paths)
    for path in paths:
        for name in ("job_id", "workbook_id", "template_id", "preview_id", "key_id"):
            path = path.replace("{" + name + "}", "5a9f1c9e-3f1f-4c3b-9c11-0a8c5f6a2b10")  # noqa: PLW2901
        answer = httpx.get(service.url + path.replace("{number}", "1").replace("{page}", "1"))
        assert answer.status_code == 401, path


@pytest.mark.parametrize("connection_header", ["close", "keep-alive"])
@pytest.mark.parametrize("announced", [True, False])
def test_a_client_that_sends_on_gets_its_413_all_the_same(
    service: Service, announced: bool, connection_header: str, first_key: tuple[str, Path]
):
    size = 40 * MEGABYTE
    length = f"Content-Length: {size}" if announced else "Transfer-Encoding: chunked"
    head = (
        f"POST /api/v1/workbooks HTTP/1.1\r\nHost: x\r\n{length}\r\n"
        f"Authorization: Bearer {first_key[0]}\r\nConnection: {connection_header}\r\n"
        "Content-Type: multipart/form-data; boundary=B\r\n\r\n"
    )
    form = b'--B\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
    content = form + b"x" * (size - len(form))
    if not announced:
        content = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content)
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as connection:
        connection.sendall(head.encode())
        connection.sendall(content)  # all of it, before it looks for an answer
        answer = b""
        while not answer.endswith(b"}") and (more := connection.recv(65536)):
            answer += more
    assert answer.startswith(b"HTTP/1.1 413 "), answer[:200]
    assert b"UPLOAD_TOO_LARGE" in answer


def test_a_client_that_waits_for_a_word_is_told_before_it_sends(service: Service):
    head = (
        f"POST /api/v1/workbooks HTTP/1.1\r\nHost: x\r\nContent-Length: {40 * MEGABYTE}\r\n"
        "Expect: 100-continue\r\nContent-Type: multipart/form-data; boundary=B\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        connection.sendall(head.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_whoever_guesses_keys_is_not_listened_to_for_a_minute(
    service: Service, first_key: tuple[str, Path]
):
    url = f"{service.url}/api/v1/jobs"
    answers: list[httpx.Response] = []
    # Five a minute of the clock, and a minute may end here.
    while len(answers) < 40 and (not answers or answers[-1].status_code == 401):
        answers.append(httpx.get(url, headers=bearer(f"e2d_guess{len(answers)}")))
    *heard, last = answers
    assert {answer.json()["code"] for answer in heard} == {"KEY_UNKNOWN"}
    assert len(heard) >= 5
    assert (last.status_code, last.json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert 0 < int(last.headers["retry-after"]) <= 60
    closed = httpx.get(f"{service.url}/metrics", headers=bearer("e2d_guess"))
    assert closed.status_code in {401, 429}
    assert httpx.get(f"{service.url}/health/live").status_code == 200
