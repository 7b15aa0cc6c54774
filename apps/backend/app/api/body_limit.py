"""A body that is larger than any upload may be is not taken in.

A form's file is on disk whole before its route is asked, so the route's own count comes too late.
"""

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_AROUND_BYTES = 1 << 20
"""Of a form, beside its file."""


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
        announced = Headers(scope=scope).get("content-length", "")
        is_announced = announced.isdigit() and int(announced) > limit
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            if is_announced:
                raise _too_large(most)
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise _too_large(most)
            return message

        await self._app(scope, counted, send)


def _too_large(most: int) -> HTTPException:
    return HTTPException(413, f"the file is larger than {most} bytes")
