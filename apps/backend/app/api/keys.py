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


@router.post("", status_code=201, responses=problems.responses(409))
def create_key(body: KeyIn, session: SessionDependency, caller: Admin) -> NewKeyOut:
    """Make a key. It is shown this once: only its hash is kept. All keys of a team share."""
    key, secret = keys.create_key(session, body.name, body.scopes, body.rate_per_minute, body.team)
    caller.subject = str(key.id)
    return NewKeyOut(**_to_out(key).model_dump(), key=secret)


@router.get("")
def list_keys(
    session: SessionDependency, _caller: Admin, limit: Limit = 20, cursor: Cursor = None
) -> Page[KeyOut]:
    """All keys, revoked ones too, newest first."""
    found, following = page_of(session, select(ApiKey), ApiKey, limit, cursor)
    return Page(items=[_to_out(k) for k in found], next_cursor=following)


@router.delete("/{key_id}", status_code=204, responses=problems.responses(404))
def revoke_key(key_id: KeyId, session: SessionDependency, _caller: Admin) -> None:
    """From now on the key opens nothing."""
    keys.revoke_key(session, key_id)


def _to_out(key: ApiKey) -> KeyOut:
    kept = KeyOut.model_fields.keys() - {"team"}
    return KeyOut(**{name: getattr(key, name) for name in kept}, team=key.team.name)
