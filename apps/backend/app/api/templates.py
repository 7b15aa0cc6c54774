"""`/api/v1/templates`"""

from typing import Annotated

from fastapi import APIRouter, Form, UploadFile
from fastapi.responses import FileResponse
from sqlalchemy import select

from app.api import problems
from app.api.access import Reader, SessionDependency, SettingsDependency, Writer
from app.api.downloads import download
from app.api.pagination import Cursor, Limit, Page, page_of
from app.api.parameters import TemplateId, VersionNumber
from app.api.schemas import TemplateOut, VersionOut
from app.domain.conversion import DOCX
from app.services import templates
from app.services.context import get_services
from app.services.uploads import received
from app.tables import Template

router = APIRouter(prefix="/api/v1/templates", tags=["templates"], responses=problems.COMMON)
_UPLOAD_PROBLEMS = problems.responses(404, 409, 413)


@router.post("", status_code=201, responses=_UPLOAD_PROBLEMS)
def upload_template(
    file: UploadFile,
    session: SessionDependency,
    settings: SettingsDependency,
    caller: Writer,
    name: Annotated[str, Form(max_length=255, examples=["Letter"])] = "",
) -> TemplateOut:
    """Upload a .docx with placeholders. It is checked, and its fields are listed.

    curl -F file=@letter.docx -F name=Letter http://localhost:8000/api/v1/templates
    """
    with received(file.file, file.filename, settings.max_upload_bytes) as upload:
        template = templates.add_template(
            session, get_services(), caller.team_id, upload, name.strip()
        )
    caller.subject = str(template.id)
    return TemplateOut.model_validate(template)


@router.post("/{template_id}/versions", status_code=201, responses=_UPLOAD_PROBLEMS)
def upload_version(
    template_id: TemplateId,
    file: UploadFile,
    session: SessionDependency,
    settings: SettingsDependency,
    caller: Writer,
) -> VersionOut:
    """A new version of a template. Jobs keep the version that they were made with.

    curl -F file=@letter.docx http://localhost:8000/api/v1/templates/ID/versions
    """
    with received(file.file, file.filename, settings.max_upload_bytes) as upload:
        version = templates.add_version(
            session, get_services(), caller.team_id, template_id, upload
        )
    return VersionOut.model_validate(version)


@router.get("")
def list_templates(
    session: SessionDependency, caller: Reader, limit: Limit = 20, cursor: Cursor = None
) -> Page[TemplateOut]:
    """The team's templates, newest first."""
    kept = select(Template).where(Template.team_id == caller.team_id, Template.deleted_at.is_(None))
    found, following = page_of(session, kept, Template, limit, cursor)
    return Page(items=[TemplateOut.model_validate(t) for t in found], next_cursor=following)


@router.get("/{template_id}", responses=problems.responses(404))
def get_template(
    template_id: TemplateId, session: SessionDependency, caller: Reader
) -> TemplateOut:
    """One template with its versions."""
    return TemplateOut.model_validate(templates.get_template(session, caller.team_id, template_id))


@router.head("/{template_id}/versions/{number}/file", include_in_schema=False)
@router.get(
    "/{template_id}/versions/{number}/file",
    response_class=FileResponse,
    responses={200: {"content": {DOCX: {}}}, **problems.responses(404)},
)
def get_version_file(
    template_id: TemplateId, number: VersionNumber, session: SessionDependency, caller: Reader
) -> FileResponse:
    """The .docx of a version, as it was uploaded.

    curl http://localhost:8000/api/v1/templates/ID/versions/1/file -o letter.docx
    """
    version = templates.get_version(session, caller.team_id, template_id, number)
    return download(get_services().storage, version.sha256, version.file_name, DOCX)


@router.delete("/{template_id}", status_code=204, responses=problems.responses(404))
def remove_template(template_id: TemplateId, session: SessionDependency, caller: Writer) -> None:
    """No new job can use the template; those that use it finish."""
    templates.remove_template(session, caller.team_id, template_id)
