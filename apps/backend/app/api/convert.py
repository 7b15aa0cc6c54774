"""One call, one document."""

from collections.abc import Iterator
from pathlib import PurePath
from typing import BinaryIO

from fastapi import APIRouter, UploadFile
from fastapi.responses import StreamingResponse

from app.api import problems
from app.api.access import SessionDependency, SettingsDependency, Writer
from app.api.downloads import attachment
from app.domain.conversion import DOCX
from app.services.context import get_services
from app.services.conversion import convert_to_tables
from app.services.uploads import received

router = APIRouter(prefix="/api/v1", tags=["convert"], responses=problems.COMMON)


@router.post(
    "/convert",
    response_class=StreamingResponse,
    responses={200: {"content": {DOCX: {}}}, **problems.responses(413)},
)
def convert(
    file: UploadFile,
    session: SessionDependency,
    settings: SettingsDependency,
    caller: Writer,
) -> StreamingResponse:
    """A workbook in, a .docx with its visible sheets as tables out, in the same call.

    curl -F file=@report.xlsx http://localhost:8000/api/v1/convert -o report.docx
    """
    with received(file.file, file.filename, settings.max_upload_bytes) as upload:
        record, result = convert_to_tables(session, get_services(), upload)
    caller.subject = str(record.id)
    return StreamingResponse(
        _chunks(result),
        media_type=DOCX,
        headers={
            "Content-Disposition": attachment(PurePath(record.source_name).stem + ".docx"),
            "Content-Length": str(record.result_bytes),
            "X-Conversion-Id": str(record.id),
        },
    )


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(256 * 1024):
            yield chunk
