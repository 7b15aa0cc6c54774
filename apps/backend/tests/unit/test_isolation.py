"""Limits of time and memory, on the real process that reads what strangers send."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import pytest

from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.services.context import get_services
from app.services.errors import TooMany
from app.services.isolation.forked import Crashed, ForkServer, NoProcess
from app.services.isolation.process import Isolation
from app.services.isolation.slots import run_isolated
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
def isolation(request: pytest.FixtureRequest) -> Isolation:
    return Isolation(request.param)


@pytest.fixture
def server() -> Iterator[ForkServer]:
    own = ForkServer()
    yield own
    own.close()


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


def test_the_process_is_told_no_secret(monkeypatch: pytest.MonkeyPatch, server: ForkServer):
    monkeypatch.setenv("DATABASE_URL", "postgresql://x:secret@nowhere/x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    forked = server.fork()
    environment = Path(f"/proc/{forked.pid}/environ").read_bytes()
    assert b"HOME=/nonexistent" in environment
    assert b"secret" not in environment
    wait_for(lambda: os.getpgid(forked.pid) == forked.pid)  # Ctrl-C is its parent's alone
    forked.end()


def test_it_has_no_way_to_the_server_and_to_its_siblings(server: ForkServer):
    """Whoever takes it over could answer for another."""
    sibling, forked = server.fork(), server.fork()
    wait_for(lambda: names(forked.pid, "fd") == {"0", "1", "2", "3"})
    links = [str(path.readlink()) for path in Path(f"/proc/{forked.pid}/fd").iterdir()]
    assert not [link for link in links if link.startswith("socket:")]
    forked.end()
    sibling.end()


def test_the_server_forks_from_one_thread(server: ForkServer):
    """A lock that another thread holds would never be let go in the child."""
    forked = server.fork()
    assert len(names(server_pid(server), "task")) == 1
    forked.end()


def test_a_process_that_is_killed_from_outside_is_named(server: ForkServer):
    forked = server.fork()
    os.kill(forked.pid, signal.SIGKILL)
    assert forked.wait() == -signal.SIGKILL
    assert Path(f"/proc/{forked.pid}").exists()  # its pid stays its own
    forked.end()
    wait_for(lambda: not Path(f"/proc/{forked.pid}").exists())


def test_a_job_whose_process_is_killed_has_crashed(server: ForkServer, tmp_path: Path):
    server.fork().end()  # it is there
    task = f"/proc/{server_pid(server)}/task/{server_pid(server)}"

    def tick() -> None:
        for pid in Path(f"{task}/children").read_text().split():
            os.kill(int(pid), signal.SIGKILL)

    with pytest.raises(Crashed, match=f"status {-signal.SIGKILL}"):
        Isolation(Limits(), server).run(conversion(tmp_path, ENDLESS), tick=tick)


def test_a_server_that_is_gone_is_started_again_and_its_process_ends(
    server: ForkServer, tmp_path: Path
):
    left = server.fork()
    os.kill(server_pid(server), signal.SIGKILL)
    with pytest.raises(Crashed, match="the fork server ended"):
        left.wait()
    done = Isolation(Limits(), server).run(conversion(tmp_path, "{{ Name }}"))
    assert Path(done["path"]).stat().st_size > 0
    left.end()
    wait_for(lambda: not alive(left.pid))


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_server_that_cannot_fork_says_so_and_what_runs_goes_on(server: ForkServer, left: int):
    running = server.fork()
    pid = server_pid(server)
    most = max(map(int, names(pid, "fd"))) + 1 + left
    with limited(pid, resource.RLIMIT_NOFILE, most), pytest.raises(NoProcess):
        server.fork()
    assert alive(running.pid)
    assert server_pid(server) == pid
    server.fork().end()
    running.end()


def test_a_parent_without_descriptors_says_so_and_what_runs_goes_on(server: ForkServer):
    running = server.fork()
    for left in range(6):  # up to all that one takes
        most = lowest_free() + left
        few = limited(os.getpid(), resource.RLIMIT_NOFILE, most)
        with few, pytest.raises(NoProcess, match="open files"):
            server.fork()
    assert alive(running.pid)
    running.end()


def test_one_that_ends_while_the_server_does_is_let_go(server: ForkServer):
    forked = server.fork()
    os.kill(forked.pid, signal.SIGKILL)
    wait_for(lambda: not alive(forked.pid))
    os.kill(server_pid(server), signal.SIGKILL)
    forked.end()


def test_one_that_closes_its_answer_and_goes_on_is_ended(server: ForkServer):
    forked = server.fork()
    with pytest.raises(Crashed, match="went on"):
        forked.wait(0.1)
    forked.end()
    wait_for(lambda: not alive(forked.pid))


def test_no_process_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch):
    def none(_server: ForkServer) -> NoReturn:
        raise NoProcess("none")

    monkeypatch.setattr(ForkServer, "fork", none)
    with pytest.raises(TooMany):
        run_isolated(get_services(), {"operation": "inspect"})


def test_what_is_forked_ends_with_the_server(server: ForkServer):
    left = server.fork()
    server.close()
    wait_for(lambda: not alive(left.pid))
    left.end()


def test_many_at_once_each_have_their_own(server: ForkServer):
    def one(number: int) -> str:
        with pytest.raises(Crashed) as caught:
            Isolation(Limits(), server).run({"operation": f"nothing-{number}"})
        return str(caught.value)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(one, range(40)))
    assert found == [f"ValueError: nothing-{number}" for number in range(40)]
    assert len(names(server_pid(server), "fd")) < 12  # nothing is left open


@contextmanager
def limited(pid: int, kind: int, most: int) -> Iterator[None]:
    soft, hard = resource.prlimit(pid, kind)
    resource.prlimit(pid, kind, (most, hard))
    yield
    resource.prlimit(pid, kind, (soft, hard))


def lowest_free() -> int:
    descriptor = os.open("/dev/null", os.O_RDONLY)
    os.close(descriptor)
    return descriptor


def names(pid: int, folder: str) -> set[str]:
    return {path.name for path in Path(f"/proc/{pid}/{folder}").iterdir()}


def server_pid(server: ForkServer) -> int:
    assert server._process
    return server._process.pid


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):  # gone before the file, or before it was read
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)
