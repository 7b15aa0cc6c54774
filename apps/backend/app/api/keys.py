"""`/api/v1/keys`"""

from fastapi import APIRouter
from sqlalchemy import select

from app.api import problems
from app.api.access import Admin, SessionDependency
from app.api.pagination import Cursor, Limit, Page, page_of
from app.api.parameters import KeyId
from app.api.schemas import KeyIn, KeyOut, NewKeyOut
from app.services import keys
from app.tables import ApiKey

router = APIRouter(prefix="/api/v1/keys", tags=["keys"], responses=problems.COMMON)


@router.post("", status_code=201)
def create_key(body: KeyIn, session: SessionDependency, _client: Admin) -> NewKeyOut:
    """Make a key. It is shown this once: only its hash is kept."""
    key, secret = keys.create_key(session, body.name, body.scopes, body.rate_per_minute)
    return NewKeyOut(**KeyOut.model_validate(key).model_dump(), key=secret)


@router.get("")
def list_keys(
    session: SessionDependency, _client: Admin, limit: Limit = 20, cursor: Cursor = None
) -> Page[KeyOut]:
    """All keys, revoked ones too, newest first."""
    found, following = page_of(session, select(ApiKey), ApiKey, limit, cursor)
    return Page(items=[KeyOut.model_validate(k) for k in found], next_cursor=following)


@router.delete("/{key_id}", status_code=204, responses=problems.responses(404))
def revoke_key(key_id: KeyId, session: SessionDependency, _client: Admin) -> None:
    """From now on the key opens nothing."""
    keys.revoke_key(session, key_id)
