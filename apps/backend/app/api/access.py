"""Who asks? A dependency for every route of `/api/v1`."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from app.core.config import Settings, get_settings
from app.core.database import get_session
from app.services.keys import admit, count_request
from app.services.owning import Caller
from app.tables import SHARED_TEAM

_bearer = HTTPBearer(auto_error=False, description="An API key, where the service asks for one")

SessionDependency = Annotated[Session, Depends(get_session)]
SettingsDependency = Annotated[Settings, Depends(get_settings)]


def require(scope: str) -> Callable[..., Caller]:
    """A dependency that lets a request pass, counted, and says whose it is."""

    def pass_request(
        request: Request,
        session: SessionDependency,
        settings: SettingsDependency,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Caller:
        address = request.client.host if request.client else "?"
        caller = Caller(f"ip:{address}", SHARED_TEAM, None, address)
        per_minute = settings.rate_per_minute
        if settings.auth:
            secret = credentials.credentials if credentials else None
            key = admit(session, secret, scope, address, settings)
            caller = Caller(f"key:{key.id}", key.team_id, key.id, address)
            per_minute = key.rate_per_minute
            session.rollback()  # a route starts with a transaction of its own
        request.state.caller = caller  # for the audit log
        count_request(caller.client, per_minute)
        return caller

    return pass_request


Reader = Annotated[Caller, Depends(require("read"))]
Writer = Annotated[Caller, Depends(require("write"))]
Admin = Annotated[Caller, Depends(require("admin"))]
