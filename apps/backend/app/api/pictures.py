"""`/api/v1/picture-archives`"""

from typing import Annotated

from fastapi import APIRouter, Form, UploadFile
from sqlalchemy import select

from app.api import problems
from app.api.access import Reader, SessionDependency, SettingsDependency, Writer
from app.api.pagination import Cursor, Limit, Page, page_of
from app.api.parameters import MOST_HOURS, PicturesId
from app.api.schemas import PictureArchiveOut
from app.services import pictures
from app.services.context import get_services
from app.services.uploads import received
from app.tables import PictureArchive, now

router = APIRouter(prefix="/api/v1/picture-archives", tags=["pictures"], responses=problems.COMMON)


@router.post("", status_code=201, responses=problems.responses(413))
def upload_pictures(
    file: UploadFile,
    session: SessionDependency,
    settings: SettingsDependency,
    caller: Writer,
    keep_hours: Annotated[int | None, Form(ge=1, le=MOST_HOURS, examples=[2])] = None,
) -> PictureArchiveOut:
    """Upload a .zip of .png, .jpg and .gif, which cells of a workbook name: each is looked at.

    `keep_hours`: for how long it is kept, if not for as long as usual.

    curl -F file=@photos.zip http://localhost:8000/api/v1/picture-archives
    """
    with received(file.file, file.filename, settings.max_upload_bytes) as upload:
        archive = pictures.add_pictures(session, get_services(), caller.team_id, upload, keep_hours)
    caller.subject = str(archive.id)
    return PictureArchiveOut.model_validate(archive)


@router.get("")
def list_pictures(
    session: SessionDependency, caller: Reader, limit: Limit = 20, cursor: Cursor = None
) -> Page[PictureArchiveOut]:
    """The team's archives that have not expired, newest first."""
    kept = select(PictureArchive).where(
        PictureArchive.team_id == caller.team_id, PictureArchive.expires_at > now()
    )
    found, following = page_of(session, kept, PictureArchive, limit, cursor)
    items = [PictureArchiveOut.model_validate(each) for each in found]
    return Page(items=items, next_cursor=following)


@router.get("/{pictures_id}", responses=problems.responses(404))
def get_pictures(
    pictures_id: PicturesId, session: SessionDependency, caller: Reader
) -> PictureArchiveOut:
    """One archive: how many pictures, and what of it is none."""
    return PictureArchiveOut.model_validate(
        pictures.get_pictures(session, caller.team_id, pictures_id)
    )


@router.delete("/{pictures_id}", status_code=204, responses=problems.responses(404))
def forget_pictures(pictures_id: PicturesId, session: SessionDependency, caller: Writer) -> None:
    """Forget an archive now. Jobs that wait or run still finish."""
    pictures.forget_pictures(session, caller.team_id, pictures_id)
