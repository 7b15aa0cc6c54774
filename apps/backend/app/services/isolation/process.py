"""The parent's side of `child`: start it, listen, and end it in time."""

import json
import os
import selectors
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import structlog

from app.domain.limits import Limits
from app.domain.refusal import Refused
from app.services.isolation.forked import Crashed, Forked, ForkServer

log = structlog.get_logger(__name__)
_SERVER = ForkServer()
_TICK_SECONDS = 0.5
_END_SECONDS = 5
_LIMIT_SIGNALS = {signal.SIGXCPU, signal.SIGABRT, signal.SIGSEGV, signal.SIGXFSZ}


Listener = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Isolation:
    """Runs requests, each in a process of its own."""

    limits: Limits
    server: ForkServer = _SERVER

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
        child = self.server.fork()
        try:
            _write(child.stdin, body)
            for event in _events(child, tick, seconds):
                if "result" in event:
                    return event["result"]
                _raise_if_final(event)
                listener(event)
            raise _death(child.wait(_END_SECONDS))
        finally:
            child.end()


def _write(descriptor: int, body: bytes) -> None:
    try:
        with open(descriptor, "wb", buffering=0, closefd=False) as pipe:
            while body:
                body = body[pipe.write(body) :]
    except BrokenPipeError as error:
        raise Crashed("the child was gone") from error


def _events(child: Forked, tick: Callable[[], None], seconds: int) -> Iterator[dict[str, Any]]:
    deadline = time.monotonic() + seconds
    os.set_blocking(child.stdout, False)
    pending = b""
    last_tick = time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            if selector.select(_TICK_SECONDS):
                chunk = os.read(child.stdout, 1 << 16)
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
                    "TIME_LIMIT", f"it took longer than {seconds} s", "split the workbook"
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
