"""The real server, a real signal, an open stream."""

import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2 as httpx

from tests.server import running_service
from tests.workbooks import xlsx


def test_sigterm_ends_the_service_with_a_stream_open(tmp_path: Path):
    with running_service(tmp_path) as service:
        url = f"{service.url}/api/v1"
        files = {"file": ("x.xlsx", xlsx({"S": [["a"], ["b"]]}))}
        workbook = httpx.post(f"{url}/workbooks", files=files, timeout=60).json()
        job = httpx.post(f"{url}/jobs", json={"workbook_id": workbook["id"]}, timeout=60).json()
        with httpx.stream("GET", f"{url}/jobs/{job['id']}/events", timeout=60) as stream:
            lines = stream.iter_lines()
            assert next(lines) == "retry: 2000"
            service.process.send_signal(signal.SIGTERM)
            for _ in lines:  # ends, because the service ends it
                continue
        assert service.process.wait(timeout=60) in {0, -signal.SIGTERM}


def test_what_comes_over_an_open_connection_after_sigterm_is_answered(tmp_path: Path):
    """As from a proxy, which cannot send a POST twice: a new connection is refused by now."""
    with running_service(tmp_path) as service, httpx.Client(base_url=service.url) as proxy:
        proxy.get("/health/live").raise_for_status()
        service.process.send_signal(signal.SIGTERM)
        _until_refused(service.port)
        files = {"file": ("x.xlsx", xlsx({"S": [["a"], ["b"]]}))}
        answer = proxy.post("/api/v1/workbooks", files=files, timeout=60)
        assert answer.status_code == 201
        assert answer.headers["connection"] == "close"
        assert service.process.wait(timeout=60) in {0, -signal.SIGTERM}


def test_a_request_that_is_under_way_at_sigterm_is_answered(tmp_path: Path):
    with running_service(tmp_path) as service:
        rows: list[list[Any]] = [["a", "b"], *([f"x{row}", row] for row in range(40_000))]
        files = {"file": ("long.xlsx", xlsx({"S": rows}))}
        with ThreadPoolExecutor() as pool:
            url = f"{service.url}/api/v1/convert"
            under_way = pool.submit(httpx.post, url, files=files, timeout=120)
            time.sleep(0.5)
            service.process.send_signal(signal.SIGTERM)
            assert under_way.result().status_code == 200
        assert service.process.wait(timeout=120) in {0, -signal.SIGTERM}


def _until_refused(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.02)
    raise AssertionError("connections are still taken")
