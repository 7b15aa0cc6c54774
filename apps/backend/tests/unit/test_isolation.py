"""Limits of time and memory, on the real process that reads what strangers send."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.services.isolation.process import Crashed, Isolation
from tests.documents import template
from tests.server import ROOT
from tests.workbooks import xlsx

NUMBERS = "{% set xs = range(9999)|list %}"
ENDLESS = (
    NUMBERS
    + "{% for i in xs %}{% for j in xs %}{% set n = xs|sort|length %}{% endfor %}{% endfor %}"
)
"""Within what a template may count and write, and yet without an end."""
GATHERING = (
    NUMBERS + "{% set n = namespace(all=[]) %}"
    "{% for i in xs %}{% set n.all = [n.all, xs|list] %}{% endfor %}"
)


@pytest.fixture
def isolation(request: pytest.FixtureRequest) -> Iterator[Isolation]:
    limited = Isolation(request.param)
    yield limited
    limited.close()


def conversion(folder: Path, text: str, mode: str = "single") -> dict[str, Any]:
    (folder / "w.xlsx").write_bytes(xlsx({"S": [["Name"], ["Ann"]]}))
    (folder / "t.docx").write_bytes(template(text))
    paths = {"workbook": str(folder / "w.xlsx"), "template": str(folder / "t.docx")}
    return {
        **{"operation": "convert", "workbook_name": "w.xlsx", "mode": mode, "options": {}},
        **{**paths, "folder": str(folder), "done_rows": 0},
    }


@pytest.mark.parametrize("isolation", [Limits(seconds=2)], indirect=True)
def test_a_job_that_does_not_end_is_ended(isolation: Isolation, tmp_path: Path):
    with pytest.raises(Refused, match="TIME_LIMIT"):
        isolation.run(conversion(tmp_path, ENDLESS))


@pytest.mark.parametrize("isolation", [Limits(memory_bytes=400 << 20)], indirect=True)
def test_a_job_that_takes_all_memory_is_ended(isolation: Isolation, tmp_path: Path):
    with pytest.raises(Refused, match="MEMORY_LIMIT"):
        isolation.run(conversion(tmp_path, GATHERING))
    done = isolation.run(conversion(tmp_path, "{{ Name }}"))  # the next one has its own
    assert Path(done["path"]).stat().st_size > 0


@pytest.mark.parametrize("isolation", [Limits(seconds=60)], indirect=True)
def test_what_a_tick_raises_ends_the_job(isolation: Isolation, tmp_path: Path):
    class Enough(Exception):
        pass

    def tick() -> None:
        raise Enough

    with pytest.raises(Enough):
        isolation.run(conversion(tmp_path, ENDLESS), tick=tick)


@pytest.mark.parametrize("isolation", [Limits()], indirect=True)
def test_an_operation_that_there_is_not_is_a_crash_and_no_hang(isolation: Isolation):
    with pytest.raises(Crashed, match="ValueError: nothing"):
        isolation.run({"operation": "nothing"})


def child(request: dict[str, Any], limits: Limits) -> "subprocess.Popen[bytes]":
    started = subprocess.Popen(
        [sys.executable, "-m", "app.services.isolation.child"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert started.stdin
    started.stdin.write(json.dumps({**request, "limits": asdict(limits)}).encode() + b"\n")
    started.stdin.flush()
    return started


def test_the_kernel_holds_the_process_to_its_limits(tmp_path: Path):
    running = child(conversion(tmp_path, ENDLESS), Limits(seconds=300, memory_bytes=700 << 20))
    assert running.stdout
    running.stdout.readline()  # it has begun
    held = Path(f"/proc/{running.pid}/limits").read_text()
    running.kill()
    running.communicate()
    found = {line[:26].strip(): line[26:].split()[0] for line in held.splitlines()}
    assert found["Max address space"] == str(700 << 20)
    assert found["Max cpu time"] == "300"
    assert found["Max core file size"] == "0"


def test_processor_time_that_is_used_up_ends_the_process(tmp_path: Path):
    running = child(conversion(tmp_path, ENDLESS), Limits(seconds=1))
    assert running.wait(timeout=300) == -signal.SIGXCPU
    running.communicate()


def test_the_process_ends_with_its_parent(tmp_path: Path):
    running = child(conversion(tmp_path, ENDLESS), Limits(seconds=300))
    assert running.stdin
    assert running.stdout
    running.stdout.readline()
    running.stdin.close()  # as a parent's death does
    assert running.wait(timeout=60) == 3
    running.stdout.close()


def test_the_process_is_told_no_secret(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://x:secret@nowhere/x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    isolation = Isolation(Limits())
    with pytest.raises(Crashed):
        isolation.run({"operation": "nothing"})
    spare = isolation._spare
    assert spare
    for _ in range(100):  # between fork and exec the environment is still its parent's
        environment = Path(f"/proc/{spare.pid}/environ").read_bytes()
        if b"/nonexistent" in environment:
            break
        time.sleep(0.05)
    assert b"HOME=/nonexistent" in environment
    assert b"secret" not in environment
    assert os.getpgid(spare.pid) == spare.pid
    isolation.close()
