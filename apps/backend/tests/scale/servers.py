"""A PostgreSQL and a Redis of one's own, that can be killed in the middle and started again."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psycopg

_PATIENCE_SECONDS = 120
_USER = "postgres"
"""Whose PostgreSQL is where we are root, as which it does not start."""


class OwnServers:
    """Both, with data in `folder`; gone with the `with`.

    Raises:
        FileNotFoundError: `initdb`, `postgres` or `redis-server` is not on the PATH.
    """

    def __init__(self, folder: Path) -> None:
        for program in ("initdb", "postgres", "redis-server"):
            if shutil.which(program) is None:
                raise FileNotFoundError(f"{program} is not on the PATH")
        self._data, self._redis_folder = folder / "postgres", folder / "redis"
        self._ports = {"PostgreSQL": _free_port(), "Redis": _free_port()}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._user = _USER if os.geteuid() == 0 else None
        self._folder = folder
        self._stack = ExitStack()

    @property
    def database_url(self) -> str:
        return f"postgresql://{_USER}@127.0.0.1:{self._ports['PostgreSQL']}/postgres"

    @property
    def redis_url(self) -> str:
        return f"redis://127.0.0.1:{self._ports['Redis']}/0"

    def __enter__(self) -> "OwnServers":
        self._redis_folder.mkdir()
        self._data.mkdir(mode=0o700)
        if self._user:
            self._folder.chmod(0o755)
            shutil.chown(self._data, self._user)
        how = ["-U", _USER, "--auth=trust", "-E", "UTF8", "--locale=C"]
        subprocess.run(
            ["initdb", "-D", str(self._data), *how],
            user=self._user,
            cwd="/",
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self._log = self._stack.enter_context((self._folder / "servers.log").open("ab"))
        for name in self._ports:
            self._stack.callback(self._kill, name)
            self._start(name)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def restart(self, name: str, seconds: float) -> None:
        """Killed at once, as by a power cut; `seconds` later it is there again."""
        self._kill(name)
        time.sleep(seconds)
        self._start(name)

    def _kill(self, name: str) -> None:
        process = self._running.pop(name, None)
        if process is None:
            return
        process.kill()
        process.wait()
        if name == "PostgreSQL":  # its children end by themselves, and hold the memory until then
            self._wait(name, self._is_let_go)

    def _start(self, name: str) -> None:
        port = str(self._ports[name])
        commands = {
            "PostgreSQL": [
                *("postgres", "-D", str(self._data), "-p", port, "-h", "127.0.0.1"),
                *("-c", "unix_socket_directories=", "-c", "max_connections=300"),
            ],
            "Redis": [
                *("redis-server", "--bind", "127.0.0.1", "--port", port),
                *("--dir", str(self._redis_folder)),
            ],
        }
        self._running[name] = subprocess.Popen(
            commands[name],
            user=self._user if name == "PostgreSQL" else None,
            cwd="/",
            stdout=self._log,
            stderr=self._log,
        )
        self._wait(name, self._answers if name == "PostgreSQL" else self._is_open)

    def _wait(self, name: str, is_so: Callable[[str], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not is_so(name):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name}: not within {_PATIENCE_SECONDS} s")
            time.sleep(0.1)

    def _answers(self, _name: str) -> bool:
        try:
            psycopg.connect(self.database_url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _is_open(self, name: str) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._ports[name])) == 0

    def _is_let_go(self, _name: str) -> bool:
        """Whether no process has the folder as its own any more."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if (folder / "cwd").readlink() == self._data:
                    return False
            except OSError:
                continue
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
