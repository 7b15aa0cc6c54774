"""`/api/v1/teams` and `/api/v1/audit`"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import select

from app.api import examples, problems
from app.api.access import Admin, SessionDependency
from app.api.pagination import Cursor, Limit, Page, page_of
from app.api.parameters import TeamId
from app.api.schemas import AuditOut, TeamIn, TeamOut
from app.services.errors import NotFound
from app.tables import Audit, Team

router = APIRouter(prefix="/api/v1", tags=["teams"], responses=problems.COMMON)


@router.get("/teams")
def list_teams(
    session: SessionDependency, _caller: Admin, limit: Limit = 20, cursor: Cursor = None
) -> Page[TeamOut]:
    """All teams, newest first. One is made with its first key."""
    found, following = page_of(session, select(Team), Team, limit, cursor)
    return Page(items=[TeamOut.model_validate(t) for t in found], next_cursor=following)


@router.patch("/teams/{team_id}", responses=problems.responses(404))
def change_team(
    team_id: TeamId, body: TeamIn, session: SessionDependency, _caller: Admin
) -> TeamOut:
    """How long a team's files are kept: those that come from now on."""
    team = session.get(Team, team_id)
    if team is None:
        raise NotFound("team", team_id)
    team.keep_hours = body.keep_hours
    session.commit()
    return TeamOut.model_validate(team)


@router.get("/audit")
def list_audit(
    session: SessionDependency,
    _caller: Admin,
    limit: Limit = 20,
    cursor: Cursor = None,
    team: Annotated[
        UUID | None, Query(description="Only this team's", examples=[examples.TEAM["id"]])
    ] = None,
) -> Page[AuditOut]:
    """Who changed or took what, newest first: of all teams."""
    statement = select(Audit)
    if team:
        statement = statement.where(Audit.team_id == team)
    found, following = page_of(session, statement, Audit, limit, cursor)
    return Page(items=[AuditOut.model_validate(a) for a in found], next_cursor=following)
