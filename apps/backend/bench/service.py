"""`/health` while jobs run: the service and its workers as processes of their own, embedded."""

import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx2 as httpx

_ROOT = Path(__file__).parents[1]
_REQUESTS = 300
_AT_ONCE = 20
"""Requests between two looks at whether all jobs still run."""


def health_under_load(folder: Path, jobs: int) -> float:
    """The 95th percentile of up to 300 requests, in milliseconds, while `jobs` jobs run."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "EXCEL2DOC_STORAGE_DIR": str(folder / "storage"),
        "EXCEL2DOC_MAX_UPLOAD_BYTES": str(1 << 30),
        "EXCEL2DOC_MAX_UNPACKED_BYTES": str(1 << 30),
        "EXCEL2DOC_RATE_PER_MINUTE": "1000000",
    }
    service = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port)]
    worker = [sys.executable, "-m", "app.worker"]
    processes = [_start(service, environment)]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=300) as client:
            _wait_for(client)
            # the service has a worker of its own
            processes += [_start(worker, environment) for _ in range(jobs - 1)]
            _run_jobs(client, folder / "memory.xlsx", jobs)
            times: list[float] = []
            while len(times) < _REQUESTS and _running(client) == jobs:
                times += [_milliseconds(client) for _ in range(_AT_ONCE)]
            if len(times) <= _AT_ONCE:
                raise RuntimeError("a job ended before the measurement did")
        return statistics.quantiles(times, n=20)[-1]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _milliseconds(client: httpx.Client) -> float:
    time.sleep(0.01)
    started = time.perf_counter()
    client.get("/health").raise_for_status()
    return (time.perf_counter() - started) * 1000


def _start(command: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, cwd=_ROOT, env=environment, stderr=subprocess.DEVNULL)


def _run_jobs(client: httpx.Client, path: Path, jobs: int) -> None:
    """Comes back when all of them run: each with options of its own, so that none is cached."""
    with path.open("rb") as file:
        uploaded = client.post("/api/v1/workbooks", files={"file": (path.name, file)})
    workbook = uploaded.raise_for_status().json()["id"]
    for number in range(1, jobs + 1):
        body = {"workbook_id": workbook, "options": {"header_row": number}}
        client.post("/api/v1/jobs", json=body).raise_for_status()
    deadline = time.monotonic() + 60
    while _running(client) < jobs:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{jobs} jobs do not run at once")
        time.sleep(0.1)


def _running(client: httpx.Client) -> int:
    found = client.get("/api/v1/jobs", params={"status": "running"}).raise_for_status()
    return len(found.json()["items"])


def _wait_for(client: httpx.Client) -> None:
    for _ in range(150):
        try:
            client.get("/health").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError("the service does not start")
