"""The parent's side of `child`: start it, listen, and end it in time."""

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog

from app.domain.limits import Limits
from app.domain.refusal import Refused

log = structlog.get_logger(__name__)
_ROOT = Path(__file__).parents[3]
_TICK_SECONDS = 0.5
_LIMIT_SIGNALS = {signal.SIGXCPU, signal.SIGABRT, signal.SIGSEGV, signal.SIGXFSZ}


class Crashed(Exception):
    """The child ended without an answer, for no fault that we know of the input."""


class Stopped(Exception):
    """The listener wanted no more."""


Listener = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class Isolation:
    """Runs requests in processes of their own; one is started ahead, so that none waits for it."""

    limits: Limits
    _spare: "subprocess.Popen[bytes] | None" = None
    _lock: threading.Lock = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def run(
        self,
        request: dict[str, Any],
        listener: Listener = lambda _event: None,
        tick: Callable[[], None] = lambda: None,
        max_seconds: int | None = None,
    ) -> Any:
        """The result of `request`.

        Args:
            listener: told of every event before the result.
            tick: called at least twice a second; what it raises ends the child.
            max_seconds: where less than the limits' own is to be had.

        Raises:
            Refused: what the child refused; `TIME_LIMIT` and `MEMORY_LIMIT`.
            Crashed: the child ended in another way.
        """
        seconds = min(self.limits.seconds, max_seconds or self.limits.seconds)
        limits = asdict(self.limits) | {"seconds": seconds}
        body = json.dumps({**request, "limits": limits}).encode() + b"\n"
        with self._child() as child:
            stdin, stdout = child.stdin, child.stdout
            if stdin is None or stdout is None:
                raise Crashed("no pipes")
            try:
                stdin.write(body)
                stdin.flush()
            except BrokenPipeError as error:
                raise Crashed("the child was gone") from error
            for event in self._events(child, tick, seconds):
                if "result" in event:
                    return event["result"]
                _raise_if_final(event)
                listener(event)
            raise _death(child.wait())

    def close(self) -> None:
        with self._lock:
            spare, self._spare = self._spare, None
        if spare:
            _end(spare)

    @contextmanager
    def _child(self) -> "Iterator[subprocess.Popen[bytes]]":
        with self._lock:
            child, self._spare = self._spare, None
        if child is None or child.poll() is not None:
            child = _start()
        try:
            yield child
        finally:
            _end(child)
            with self._lock:
                if self._spare is None:
                    self._spare = _start()

    def _events(
        self, child: "subprocess.Popen[bytes]", tick: Callable[[], None], seconds: int
    ) -> Iterator[dict[str, Any]]:
        deadline = time.monotonic() + seconds
        stdout = child.stdout
        if stdout is None:
            return
        descriptor = stdout.fileno()
        os.set_blocking(descriptor, False)
        pending = b""
        last_tick = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while True:
                if selector.select(_TICK_SECONDS):
                    chunk = os.read(descriptor, 1 << 16)
                    if not chunk:
                        return
                    *lines, pending = (pending + chunk).split(b"\n")
                    for line in lines:
                        yield json.loads(line)
                now = time.monotonic()
                if now - last_tick >= _TICK_SECONDS:
                    last_tick = now
                    tick()
                if now > deadline:
                    raise Refused(
                        "TIME_LIMIT",
                        f"it took longer than {seconds} s",
                        "split the workbook",
                    )


def _raise_if_final(event: dict[str, Any]) -> None:
    if "refused" in event:
        raise Refused(**event["refused"])
    if "limit" in event:
        raise Refused(
            "MEMORY_LIMIT", "it needed more memory than a job may have", "split the input"
        )
    if "crashed" in event:
        raise Crashed(event["crashed"])


def _death(status: int) -> Exception:
    if status < 0 and -status in _LIMIT_SIGNALS:
        kind = "TIME_LIMIT" if -status == signal.SIGXCPU else "MEMORY_LIMIT"
        return Refused(kind, "the input needed more than a job may have", "split the input")
    return Crashed(f"the process ended with status {status}")


def _start() -> "subprocess.Popen[bytes]":
    """No secrets in its environment, and no more arenas than one thread needs."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MALLOC_ARENA_MAX": "1",
        "HOME": "/nonexistent",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "app.services.isolation.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe:
            try:
                pipe.close()
            except BrokenPipeError:
                continue
