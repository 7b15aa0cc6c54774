"""`/health` while workers work: a service of its own, embedded, on a free port."""

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


def health_under_load(folder: Path, jobs: int) -> float:
    """The 95th percentile of 300 requests, in milliseconds, while `jobs` workers read."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "EXCEL2DOC_STORAGE_DIR": str(folder / "storage")}
    service = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port)],
        cwd=_ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}/health"
    workers: list[subprocess.Popen[bytes]] = []
    try:
        _wait_for(url)
        task = [sys.executable, "-m", "bench.tasks", "ours-memory", str(folder)]
        command = ["nice", "-n", "10", *task]  # as the service does with its jobs
        workers = [
            subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.DEVNULL) for _ in range(jobs)
        ]
        time.sleep(1)
        times = []
        with httpx.Client() as client:
            for _ in range(_REQUESTS):
                started = time.perf_counter()
                client.get(url).raise_for_status()
                times.append((time.perf_counter() - started) * 1000)
                time.sleep(0.01)
        return statistics.quantiles(times, n=20)[-1]
    finally:
        for process in [*workers, service]:
            process.kill()
            process.wait()


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            httpx.get(url).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(url)
