"""`/api/v1/previews`"""

from pathlib import PurePath

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from app.api import problems
from app.api.access import Reader, SessionDependency, Writer
from app.api.downloads import download
from app.api.jobs import wanted_of
from app.api.parameters import DocumentNumber, PageNumber, PreviewId
from app.api.schemas import ErrorOut, PreviewedOut, PreviewIn, PreviewSetOut
from app.domain.conversion import DOCX
from app.services import previews
from app.services.context import get_services
from app.tables import Preview

PNG = "image/png"
router = APIRouter(prefix="/api/v1/previews", tags=["previews"], responses=problems.COMMON)


@router.post("", status_code=201, responses=problems.responses(404, 409))
def make_preview(
    body: PreviewIn, response: Response, session: SessionDependency, caller: Writer
) -> PreviewSetOut:
    """Up to three documents as the job would make them, from the one at `first` on.

    Where a worker with LibreOffice runs, pictures of their first pages follow (`status`). Fields
    without a value are blank; of a sheet in mode `table` the first 200 rows are taken.
    """
    preview = previews.make(session, get_services(), caller, wanted_of(body), body.first)
    caller.subject = str(preview.id)
    response.headers["Location"] = f"/api/v1/previews/{preview.id}"
    return _to_out(preview)


@router.get("/{preview_id}", responses=problems.responses(404))
def get_preview(preview_id: PreviewId, session: SessionDependency, caller: Reader) -> PreviewSetOut:
    """The documents, and whether their pages are there yet. It is kept for an hour."""
    return _to_out(previews.get(session, caller.team_id, preview_id))


@router.get(
    "/{preview_id}/documents/{number}/file",
    response_class=FileResponse,
    responses={200: {"content": {DOCX: {}}}, **problems.responses(404)},
)
def get_preview_document(
    preview_id: PreviewId, number: DocumentNumber, session: SessionDependency, caller: Reader
) -> FileResponse:
    """A document of a preview.

    curl http://localhost:8000/api/v1/previews/ID/documents/1/file -OJ
    """
    found = previews.document_of(session, caller.team_id, preview_id, number)
    return download(get_services().storage, found["sha256"], found["name"], DOCX)


@router.get(
    "/{preview_id}/documents/{number}/pages/{page}",
    response_class=FileResponse,
    responses={200: {"content": {PNG: {}}}, **problems.responses(404)},
)
def get_preview_page(
    preview_id: PreviewId,
    number: DocumentNumber,
    page: PageNumber,
    session: SessionDependency,
    caller: Reader,
) -> FileResponse:
    """A page as a picture, 1,000 dots wide.

    curl http://localhost:8000/api/v1/previews/ID/documents/1/pages/1 -o page.png
    """
    document, sha256 = previews.page_of(session, caller.team_id, preview_id, number, page)
    name = f"{PurePath(document).stem} {page}.png"
    return download(get_services().storage, sha256, name, PNG)


def _to_out(preview: Preview) -> PreviewSetOut:
    documents = [
        PreviewedOut(
            **{name: value for name, value in each.items() if name not in {"sha256", "pages"}},
            page_count=None if each["pages"] is None else len(each["pages"]),
        )
        for each in preview.documents
    ]
    return PreviewSetOut(
        id=preview.id,
        created_at=preview.created_at,
        expires_at=preview.expires_at,
        status=preview.status,
        documents=documents,
        following=preview.following,
        error=ErrorOut(**preview.error) if preview.error else None,
    )
