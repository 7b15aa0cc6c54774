"""Who asks? A dependency for every route of `/api/v1`."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from app.core.config import Settings, get_settings
from app.core.database import get_session
from app.services.keys import admit, count_request

_bearer = HTTPBearer(auto_error=False, description="An API key, where the service asks for one")

SessionDependency = Annotated[Session, Depends(get_session)]
SettingsDependency = Annotated[Settings, Depends(get_settings)]


def require(scope: str) -> Callable[..., str]:
    """A dependency that lets a request pass, counted, and gives its client's name."""

    def pass_request(
        request: Request,
        session: SessionDependency,
        settings: SettingsDependency,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> str:
        address = request.client.host if request.client else "?"
        client, per_minute = f"ip:{address}", settings.rate_per_minute
        if settings.auth:
            secret = credentials.credentials if credentials else None
            key = admit(session, secret, scope, address, settings)
            client, per_minute = f"key:{key.id}", key.rate_per_minute
            session.rollback()  # a route starts with a transaction of its own
        count_request(client, per_minute)
        return client

    return pass_request


Reader = Annotated[str, Depends(require("read"))]
Writer = Annotated[str, Depends(require("write"))]
Admin = Annotated[str, Depends(require("admin"))]
