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
NO_PROCESS = 0
"""In the place of a pid."""

_ROOT = Path(__file__).parents[3]
_START_SECONDS = 60
_END_SECONDS = 5


class Crashed(Exception):
    """The child ended without an answer, for no fault that we know of the input."""


class NoProcess(Crashed):
    """There was none to do it, or none any more: whatever the input was."""


class _ServerEnded(Exception):
    """The fork server is gone, or answers no more."""


@dataclass(slots=True)
class Forked:
    """A process of the fork server's. It is ours to end, and its pid is its own until then."""

    pid: int
    stdin: int
    stdout: int
    _channel: socket.socket
    _status: int | None = None

    def wait(self, seconds: float | None = None) -> int:
        """How it ended, as `subprocess` has it.

        Raises: Crashed: it has not, after `seconds`. NoProcess: the server ended before it.
        """
        if self._status is None:
            self._channel.settimeout(seconds)
            try:
                self._status = _number(self._channel)
            except TimeoutError as error:
                raise Crashed("the process said that it was done, and went on") from error
            finally:
                self._channel.settimeout(None)
        if self._status is None:
            raise NoProcess("the fork server ended")
        return self._status

    def end(self) -> None:
        """It is gone when this returns. Where the server is gone, its closed stdin ends it."""
        try:
            if self._runs():
                os.kill(self.pid, signal.SIGKILL)
                with contextlib.suppress(Crashed):
                    self.wait()
        finally:
            os.close(self.stdin)
            os.close(self.stdout)
            self._channel.close()

    def _runs(self) -> bool:
        """Whether it does, and the server keeps its pid: that may be somebody else's without it."""
        return self._status is None and _is_open(self._channel)


@dataclass(slots=True, eq=False)
class ForkServer:
    """Started when the first process is asked for, and again when it has ended."""

    _process: "subprocess.Popen[bytes] | None" = None
    _control: socket.socket | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fork(self) -> Forked:
        """A process that waits for its request.

        Raises: NoProcess: there is none to be had; those that run go on.
        """
        with self._lock:
            for _ in range(2):
                try:
                    return _ask(self._control or self._start())
                except _ServerEnded:
                    self._end()
                except OSError as error:  # no descriptor or no memory for one more
                    raise NoProcess(f"no process could be started: {error}") from error
        raise NoProcess("no process could be started: the fork server ends")

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


def _ask(control: socket.socket) -> Forked:
    """Raises: _ServerEnded. NoProcess: the server could not fork. OSError: of this process."""
    ours, theirs = socket.socketpair()
    with contextlib.ExitStack() as given, contextlib.ExitStack() as failed:
        given.callback(theirs.close)
        failed.callback(ours.close)
        read, stdin = os.pipe()
        given.callback(os.close, read)
        failed.callback(os.close, stdin)
        stdout, written = os.pipe()
        given.callback(os.close, written)
        failed.callback(os.close, stdout)
        try:
            socket.send_fds(control, [b"+"], [theirs.fileno(), read, written])
            given.close()  # the server has them, or nobody
            ours.settimeout(_START_SECONDS)
            pid = _number(ours)
        except (BrokenPipeError, ConnectionResetError, TimeoutError) as error:
            raise _ServerEnded from error
        if pid is None and not _is_open(control):
            raise _ServerEnded
        if pid is None or pid == NO_PROCESS:
            raise NoProcess("no process could be started: the fork server cannot fork")
        ours.settimeout(None)
        failed.pop_all()
        return Forked(pid, stdin, stdout, ours)


def _is_open(channel: socket.socket) -> bool:
    """Whether the other end is, and has said nothing."""
    try:
        channel.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False
    return False


def _number(channel: socket.socket) -> int | None:
    """None where the other end is closed."""
    try:
        told = channel.recv(NUMBER.size, socket.MSG_WAITALL)
    except ConnectionResetError:
        return None
    return NUMBER.unpack(told)[0] if len(told) == NUMBER.size else None
