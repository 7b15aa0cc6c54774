"""SIGTERM reaches open streams: uvicorn waits for them, and nothing else would tell them."""

import signal
import threading
from types import FrameType

stopping = threading.Event()


def watch_signals() -> None:
    """Set `stopping` on the signals that uvicorn handles, then let uvicorn handle them."""
    if threading.current_thread() is not threading.main_thread():
        return  # a test client; there is nothing to stop
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def handle(received: int, frame: FrameType | None, before: object = before) -> None:
            stopping.set()
            if callable(before):
                before(received, frame)

        signal.signal(number, handle)
