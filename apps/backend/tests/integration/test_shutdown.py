"""The real server, a real signal, an open stream."""

import signal
from pathlib import Path

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
