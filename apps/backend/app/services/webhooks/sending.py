"""One request to another service: to an address that was looked at, followed nowhere, in time."""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence

from app.services.webhooks.address import Target

_CONNECT_SECONDS = 5
_WHOLE_SECONDS = 15
"""Also for one who answers a byte at a time."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, target: Target, addresses: Sequence[str], context: ssl.SSLContext) -> None:
        super().__init__(target.host, target.port, timeout=_CONNECT_SECONDS)
        self._target, self._addresses, self._context = target, addresses, context
        usual = target.port == (443 if target.is_tls else 80)
        self.host_header = target.host if usual else f"{target.host}:{target.port}"

    def connect(self) -> None:
        failure: OSError = OSError("there is no address")
        for address in self._addresses:
            try:
                plain = socket.create_connection((address, self.port), self.timeout)
                break
            except OSError as error:
                failure = error
        else:
            raise failure
        self.sock = plain
        if self._target.is_tls:
            self.sock = self._context.wrap_socket(plain, server_hostname=self.host)


def post(
    target: Target,
    addresses: Sequence[str],
    body: bytes,
    headers: Mapping[str, str],
    context: ssl.SSLContext,
) -> int:
    """The status of the answer; what the answer says is not read.

    Raises:
        OSError, http.client.HTTPException: there is none, or not in time.
    """
    connection = _Connection(target, addresses, context)
    expired = threading.Event()

    def cut() -> None:
        expired.set()
        if connection.sock is not None:
            _shut(connection.sock)

    watchdog = threading.Timer(_WHOLE_SECONDS, cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        sent = {"Host": connection.host_header, "Content-Type": "application/json", **headers}
        connection.request("POST", target.path, body, sent)
        status = connection.getresponse().status
        if expired.is_set():  # what is cut off looks like an end to http.client
            raise TimeoutError
        return status
    except (OSError, http.client.HTTPException) as error:
        if expired.is_set():
            raise TimeoutError(f"no answer within {_WHOLE_SECONDS} s") from error
        raise
    finally:
        watchdog.cancel()
        connection.close()


def _shut(open_socket: socket.socket) -> None:
    try:
        open_socket.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
