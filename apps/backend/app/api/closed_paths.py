"""Paths beside the API that are open where no keys are asked for, and need one where they are."""

import base64
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import problem_response
from app.core.config import Settings
from app.core.database import session_factory
from app.services.errors import Denied, TooMany
from app.services.keys import admit

CLOSED = ("/metrics", "/docs", "/openapi.json")
_REALM = 'Basic realm="Excel2Doc: an API key as the password", charset="UTF-8"'


class ClosedPaths:
    """ASGI middleware. A browser asks its user for the key; Prometheus sends it as a bearer's."""

    def __init__(self, app: ASGIApp, settings: Callable[[], Settings]) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        settings = self._settings()
        if scope["type"] == "http" and settings.auth and _is_closed(scope):
            refusal = await run_in_threadpool(_refusal, scope, settings)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _is_closed(scope: Scope) -> bool:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    return any(path == closed or path.startswith(f"{closed}/") for closed in CLOSED)


def _refusal(scope: Scope, settings: Settings) -> Response | None:
    client = scope.get("client")
    secret = key_in(Headers(scope=scope).get("authorization", ""))
    try:
        with session_factory() as session:
            admit(session, secret, "read", client[0] if client else "?", settings)
    except Denied as denied:
        status = 403 if denied.code == "SCOPE_MISSING" else 401
        return problem_response(
            status, denied.code, "Not allowed", denied.message, WWW_Authenticate=_REALM
        )
    except TooMany as many:
        wait = str(many.retry_after_seconds)
        return problem_response(
            429, "TOO_MANY_REQUESTS", "Too many requests", many.message, Retry_After=wait
        )
    return None


def key_in(authorization: str) -> str | None:
    """The key of a header: a bearer's, or the password (or name) that a browser sends."""
    kind, _, value = authorization.partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:  # no base64, or no text in it
        return None
    return password or name or None
