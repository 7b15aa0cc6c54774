"""The real server, a real signal, an open stream."""

import os
import signal
import socket
import subprocess
import sys
import time

import httpx2 as httpx

from tests.integration.workers import ROOT
from tests.workbooks import xlsx


def test_sigterm_ends_the_service_with_a_stream_open():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port)]
    service = subprocess.Popen(command, cwd=ROOT, env=os.environ, stderr=subprocess.DEVNULL)
    try:
        for _ in range(150):
            try:
                httpx.get(f"{url}/health/live").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        files = {"file": ("x.xlsx", xlsx({"S": [["a"], ["b"]]}))}
        workbook = httpx.post(f"{url}/api/v1/workbooks", files=files, timeout=60).json()
        job = httpx.post(f"{url}/api/v1/jobs", json={"workbook_id": workbook["id"]}).json()
        with httpx.stream("GET", f"{url}/api/v1/jobs/{job['id']}/events", timeout=60) as stream:
            lines = stream.iter_lines()
            assert next(lines) == "retry: 2000"
            service.send_signal(signal.SIGTERM)
            for _ in lines:  # ends, because the service ends it
                continue
        assert service.wait(timeout=20) in {0, -signal.SIGTERM}
    finally:
        service.kill()
        service.wait()
