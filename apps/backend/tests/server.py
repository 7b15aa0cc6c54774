"""The service as a process of its own, started as its users start it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Service:
    url: str
    port: int
    process: "subprocess.Popen[bytes]"
    log: Path


@contextmanager
def running_service(folder: Path, **settings: str | None) -> Iterator[Service]:
    """A service that answers, its log in `folder`; a setting that is None is left out."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {k: v for k, v in {**os.environ, **settings}.items() if v is not None}
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port)]
    command += ["--http", "app.core.draining:Draining", "--timeout-graceful-shutdown", "120"]
    log = folder / "service.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=stderr)
    service = Service(f"http://127.0.0.1:{port}", port, process, log)
    try:
        _wait(service)
        yield service
    finally:
        process.kill()
        process.wait()


@contextmanager
def embedded_service(folder: Path, **settings: str) -> Iterator[Service]:
    """One that needs neither database nor Redis; all that it keeps is in `folder`."""
    settings["EXCEL2DOC_STORAGE_DIR"] = str(folder)
    with running_service(folder, DATABASE_URL=None, REDIS_URL=None, **settings) as running:
        yield running


def client_environment(service_url: str) -> dict[str, str]:
    """In which `python -m excel2doc` is found, and finds the service."""
    return {**os.environ, "EXCEL2DOC_URL": service_url, "PYTHONPATH": str(ROOT / "client")}


def _wait(service: Service) -> None:
    deadline = time.monotonic() + 120
    # One for all: to make one, with its certificates, takes longer than the question.
    with httpx.Client(base_url=service.url) as client:
        while time.monotonic() < deadline and service.process.poll() is None:
            try:
                client.get("/health/live").raise_for_status()
                return
            except httpx.HTTPError:
                time.sleep(0.05)
    raise AssertionError(service.log.read_text())
