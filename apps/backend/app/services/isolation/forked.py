"""The parent's side of `fork_server`: it is started once, and asked for one process a request."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

NUMBER = struct.Struct("!i")
"""A pid, or a status as `subprocess` has it: below zero it is the signal that ended the process."""

_ROOT = Path(__file__).parents[3]
_START_SECONDS = 60
_END_SECONDS = 5


class Crashed(Exception):
    """The child ended without an answer, for no fault that we know of the input."""


@dataclass(slots=True)
class Forked:
    """A process of the fork server's. It is ours to end, and its pid is its own until then."""

    pid: int
    stdin: int
    stdout: int
    _channel: socket.socket
    _status: int | None = None

    def wait(self) -> int:
        """How it ended, as `subprocess` has it.

        Raises: Crashed: the server ended before it.
        """
        if self._status is None:
            self._status = _number(self._channel)
        if self._status is None:
            raise Crashed("the fork server ended")
        return self._status

    def end(self) -> None:
        """It is gone when this returns. Where the server is gone, its closed stdin ends it."""
        if self._status is None and self._served():
            os.kill(self.pid, signal.SIGKILL)
            with contextlib.suppress(Crashed):
                self.wait()
        os.close(self.stdin)
        os.close(self.stdout)
        self._channel.close()

    def _served(self) -> bool:
        """Whether the server keeps its pid; without it, that may be somebody else's by now."""
        try:
            return self._channel.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False


@dataclass(slots=True, eq=False)
class ForkServer:
    """Started when the first process is asked for, and again when it has ended."""

    _process: "subprocess.Popen[bytes] | None" = None
    _control: socket.socket | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fork(self) -> Forked:
        """A process that waits for its request.

        Raises: Crashed: there is none to be had.
        """
        with self._lock:
            for _ in range(2):
                try:
                    forked = _ask(self._control or self._start())
                except OSError:
                    forked = None
                if forked:
                    return forked
                self._end()
        raise Crashed("no process could be started")

    def close(self) -> None:
        with self._lock:
            self._end()

    def _start(self) -> socket.socket:
        """No secrets in its environment, and no more arenas than one thread needs."""
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(_ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MALLOC_ARENA_MAX": "1",
            "HOME": "/nonexistent",
        }
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app.services.isolation.fork_server"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        self._control = ours
        return ours

    def _end(self) -> None:
        process, self._process = self._process, None
        control, self._control = self._control, None
        if control:
            control.close()
        if process:
            try:
                process.wait(_END_SECONDS)  # it ends what it has forked, then itself
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _ask(control: socket.socket) -> Forked | None:
    """None where the server has ended, or could not fork."""
    ours, theirs = socket.socketpair()
    with contextlib.ExitStack() as failed:
        failed.callback(ours.close)
        ours.settimeout(_START_SECONDS)
        given, stdin = os.pipe()
        failed.callback(os.close, stdin)
        stdout, taken = os.pipe()
        failed.callback(os.close, stdout)
        try:
            socket.send_fds(control, [b"+"], [given, taken, theirs.fileno()])
        finally:
            os.close(given)
            os.close(taken)
            theirs.close()
        pid = _number(ours)
        if pid is None:
            return None
        ours.settimeout(None)
        failed.pop_all()
        return Forked(pid, stdin, stdout, ours)


def _number(channel: socket.socket) -> int | None:
    try:
        told = channel.recv(NUMBER.size, socket.MSG_WAITALL)
    except ConnectionResetError:
        return None
    return NUMBER.unpack(told)[0] if len(told) == NUMBER.size else None
