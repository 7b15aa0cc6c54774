"""Who asks, where a proxy stands in front: it says so in X-Forwarded-For, and so may anybody."""

import asyncio
import socket
import time
from collections.abc import Callable

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

log = structlog.get_logger(__name__)

_KNOWN_SECONDS = 1.0
"""How long the addresses of a name are believed: a front that is replaced gets another one."""


class Front:
    """ASGI middleware: what the front says of its clients is taken, and what others say is not.

    `name` gives the host name of the front, or its address; empty where there is none. A name may
    have several addresses.
    """

    def __init__(self, app: ASGIApp, name: Callable[[], str]) -> None:
        self._app, self._name = app, name
        self._believing = ProxyHeadersMiddleware(app, [])  # type: ignore[arg-type]
        self._until = 0.0
        self._is_failing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = self._name()
        if scope["type"] == "lifespan" or not name or not _is_forwarded(scope):
            await self._app(scope, receive, send)
            return
        if time.monotonic() >= self._until:
            await self._look_up(name)
        await self._believing(scope, receive, send)  # type: ignore[arg-type]

    async def _look_up(self, name: str) -> None:
        # Set before the wait: who asks meanwhile goes by what is known, and looks up nothing.
        self._until = time.monotonic() + _KNOWN_SECONDS
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                name, None, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError) as error:  # there is none now, or it cannot be a name
            if not self._is_failing:
                log.warning("front_not_found", front=name, error=str(error))
            self._is_failing = True
            return  # the last addresses stay: one that does not answer is mostly back soon
        self._is_failing = False
        addresses = [str(address[0]) for *_, address in found]
        self._believing = ProxyHeadersMiddleware(self._app, addresses)  # type: ignore[arg-type]


def _is_forwarded(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "x-forwarded-for" in headers or "x-forwarded-proto" in headers
