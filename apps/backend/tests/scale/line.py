"""A line to a server that can be cut: all connections end, and for a while none is made."""

import socket
import threading
import time
from contextlib import suppress


class Line:
    """Listens on `port` of this machine and leads to `host:port` of another."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, seconds: float) -> int:
        """How many connections ended by it."""
        with self._lock:
            self._is_cut = True
            ended = list(self._open)
        for each in ended:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        time.sleep(seconds)
        self._is_cut = False
        return len(ended) // 2

    def _accept(self) -> None:
        while True:
            near, _address = self._listener.accept()
            try:
                if self._is_cut:
                    raise ConnectionRefusedError
                far = socket.create_connection(self._to, 10)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._open |= {near, far}
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(a, b), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open.discard(source)
        source.close()
