"""The audit log: every request of a known caller that changes, makes or takes something."""

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.database import session_factory
from app.services.owning import Caller
from app.tables import Audit

_READING = {"GET", "HEAD", "OPTIONS"}
_TAKEN = {"get_result", "get_version_file", "get_preview_document", "get_preview_page"}
"""Operations that only read, and yet carry a file away."""
_NOT_FOUND = 404
log = structlog.get_logger(__name__)


class Auditing:
    """ASGI middleware. An entry is written when the answer is known, before it goes out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def watched(message: Message) -> None:
            caller = state.get("caller")
            if message["type"] == "http.response.start" and caller is not None:
                entry = _entry(scope, caller, message["status"])
                if entry is not None:
                    await run_in_threadpool(_write, entry)
            await send(message)

        await self._app(scope, receive, watched)


def _entry(scope: Scope, caller: Caller, status: int) -> Audit | None:
    """None for what changes nothing and finds what it asks for."""
    action = getattr(scope.get("route"), "name", None) or scope["path"][:64]
    if scope["method"] in _READING and action not in _TAKEN and status != _NOT_FOUND:
        return None
    named = [
        str(value) for name, value in scope.get("path_params", {}).items() if name[-3:] == "_id"
    ]
    return Audit(
        team_id=caller.team_id,
        key_id=caller.key_id,
        address=caller.address[:64],
        action=action,
        subject=(caller.subject or (named[0] if named else None)),
        status=status,
    )


def _write(entry: Audit) -> None:
    """Where the database has gone since the request was admitted, the log holds the entry."""
    try:
        with session_factory() as session:
            session.add(entry)
            session.commit()
    except SQLAlchemyError as error:
        log.error(
            "audit_not_written",
            error=str(error)[:300],
            action=entry.action,
            subject=entry.subject,
            status=entry.status,
            key=str(entry.key_id),
        )
