"""Lists a page at a time, by cursor: nothing is skipped or shown twice when things are added."""

import base64
import binascii
import json
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, and_, or_
from sqlalchemy.orm import Session

from app.api.examples import shows_one_item
from app.domain.refusal import Refused

Item = TypeVar("Item", bound=BaseModel)
Limit = Annotated[int, Query(ge=1, le=100, description="Items on this page", examples=[20])]
Cursor = Annotated[
    str | None,
    Query(description="`next_cursor` of the page before", examples=["WyIyMDI2LTExLTI0…"]),
]


class Page(BaseModel, Generic[Item]):
    model_config = ConfigDict(json_schema_extra=shows_one_item)

    items: list[Item]
    next_cursor: str | None = None


def page_of(
    session: Session, statement: Select[Any], model: Any, limit: int, cursor: str | None
) -> tuple[list[Any], str | None]:
    """The newest first. Raises: Refused: `CURSOR_INVALID`."""
    if cursor:
        created_at, key = _read(cursor)
        older = model.created_at < created_at
        same = and_(model.created_at == created_at, model.id < key)
        statement = statement.where(or_(older, same))
    ordered = statement.order_by(model.created_at.desc(), model.id.desc()).limit(limit + 1)
    found = list(session.scalars(ordered))
    more = found[limit - 1] if len(found) > limit else None
    return found[:limit], _write(more.created_at, more.id) if more else None


def _write(created_at: datetime, key: UUID) -> str:
    text = json.dumps([created_at.isoformat(), str(key)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[datetime, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        created_at, key = json.loads(text)
        return datetime.fromisoformat(created_at), UUID(key)
    except (binascii.Error, ValueError, TypeError, AttributeError) as error:
        raise Refused("CURSOR_INVALID", "the cursor is none of ours") from error
