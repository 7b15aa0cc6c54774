"""A body that is larger than any upload may be is not taken in.

A form's file is on disk whole before its route is asked, so the route's own count comes too late.
"""

import asyncio
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_AROUND_BYTES = 1 << 20
"""Of a form, beside its file."""
_DRAINED_SECONDS = 60.0
_IDLE_SECONDS = 5.0
_DRAINED_BYTES = 1 << 30


class BodyLimit:
    """ASGI middleware. Starlette's own answers in plain text when the length was announced."""

    def __init__(self, app: ASGIApp, max_upload_bytes: Callable[[], int]) -> None:
        self._app, self._max_upload_bytes = app, max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._max_upload_bytes()
        limit = most + _AROUND_BYTES
        headers = Headers(scope=scope)
        announced = headers.get("content-length", "")
        is_announced = announced.isdigit() and int(announced) > limit
        waits_for_us = "100-continue" in headers.get("expect", "").lower()
        taken = 0
        refused = False

        async def counted() -> Message:
            nonlocal taken, refused
            if is_announced:
                refused = True
                raise _too_large(most)
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                refused = True
                raise _too_large(most)
            return message

        async def answered(message: Message) -> None:
            last = message["type"] == "http.response.body" and not message.get("more_body")
            if not (refused and last) or (waits_for_us and not taken):
                await send(message)
                return
            await send({**message, "more_body": True})
            await _drain(receive)
            await send({"type": "http.response.body", "body": b""})

        await self._app(scope, counted, answered)


async def _drain(receive: Receive) -> None:
    """Take the rest and drop it: to a client that sends on, a closed connection is no answer."""
    deadline = time.monotonic() + _DRAINED_SECONDS
    dropped = 0
    while dropped < _DRAINED_BYTES and time.monotonic() < deadline:
        try:
            message = await asyncio.wait_for(receive(), _IDLE_SECONDS)
        except TimeoutError:
            return
        dropped += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return


def _too_large(most: int) -> HTTPException:
    return HTTPException(413, f"the file is larger than {most} bytes")
