"""`/api/v1/workbooks`"""

from typing import Annotated

from fastapi import APIRouter, Form, UploadFile
from sqlalchemy import select

from app.api import problems
from app.api.access import Reader, SessionDependency, SettingsDependency, Writer
from app.api.pagination import Cursor, Limit, Page, page_of
from app.api.parameters import MOST_HOURS, HeaderRow, SheetName, WorkbookId
from app.api.schemas import SheetOut, WorkbookOut
from app.services import workbooks
from app.services.context import get_services
from app.services.uploads import received
from app.tables import Workbook, now

router = APIRouter(prefix="/api/v1/workbooks", tags=["workbooks"], responses=problems.COMMON)


@router.post("", status_code=201, responses=problems.responses(413))
def upload_workbook(
    file: UploadFile,
    session: SessionDependency,
    settings: SettingsDependency,
    caller: Writer,
    keep_hours: Annotated[int | None, Form(ge=1, le=MOST_HOURS, examples=[2])] = None,
) -> WorkbookOut:
    """Upload an .xlsx, .xlsm, .xlsb, .xls, .ods, .fods, .csv or .json: its sheets are looked at.

    Macros never run.

    `keep_hours`: for how long it and what is made of it are kept, if not for as long as usual.

    curl -F file=@customers.xlsx http://localhost:8000/api/v1/workbooks
    """
    with received(file.file, file.filename, settings.max_upload_bytes) as upload:
        workbook = workbooks.add_workbook(
            session, get_services(), caller.team_id, upload, keep_hours
        )
    caller.subject = str(workbook.id)
    return WorkbookOut.model_validate(workbook)


@router.get("")
def list_workbooks(
    session: SessionDependency, caller: Reader, limit: Limit = 20, cursor: Cursor = None
) -> Page[WorkbookOut]:
    """The team's workbooks that have not expired, newest first."""
    kept = select(Workbook).where(Workbook.team_id == caller.team_id, Workbook.expires_at > now())
    found, following = page_of(session, kept, Workbook, limit, cursor)
    return Page(items=[WorkbookOut.model_validate(w) for w in found], next_cursor=following)


@router.get("/{workbook_id}", responses=problems.responses(404))
def get_workbook(
    workbook_id: WorkbookId, session: SessionDependency, caller: Reader
) -> WorkbookOut:
    """One workbook, its sheets, columns and first rows."""
    return WorkbookOut.model_validate(workbooks.get_workbook(session, caller.team_id, workbook_id))


@router.get("/{workbook_id}/sheet", responses=problems.responses(404, 409))
def look_at_sheet(
    workbook_id: WorkbookId,
    name: SheetName,
    session: SessionDependency,
    caller: Reader,
    header_row: HeaderRow = None,
) -> SheetOut:
    """A sheet as it looks with another header row: its columns, their fields, the first rows."""
    found = workbooks.look_at_sheet(
        session, get_services(), caller.team_id, workbook_id, name, header_row
    )
    return SheetOut.model_validate(found)


@router.delete("/{workbook_id}", status_code=204, responses=problems.responses(404))
def forget_workbook(workbook_id: WorkbookId, session: SessionDependency, caller: Writer) -> None:
    """Forget a workbook now. Jobs that wait or run still finish."""
    workbooks.forget_workbook(session, caller.team_id, workbook_id)
