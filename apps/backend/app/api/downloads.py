"""A stored file as a download, whole or by range (RFC 9110, chapter 14)."""

from urllib.parse import quote

from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException
from starlette.responses import MalformedRangeHeader, RangeNotSatisfiable

from app.services.errors import NotFound
from app.storage.files import Storage


def download(storage: Storage, sha256: str, name: str, media_type: str) -> FileResponse:
    """Raises: NotFound."""
    if not storage.exists(sha256):
        raise NotFound("file", name)
    with storage.local(sha256) as path:
        return _Download(
            path,
            media_type=media_type,
            headers={
                "Content-Disposition": attachment(name),
                "ETag": f'"{sha256}"',
                "X-Content-Type-Options": "nosniff",
            },
        )


class _Download(FileResponse):
    """A range that cannot be read is passed over; one that is not there is a problem."""

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader:
            return []  # the whole file: RFC 9110, 14.2
        except RangeNotSatisfiable as error:
            raise HTTPException(
                416,
                f"the file has {file_size} bytes, and none in {http_range!r}",
                headers={"Content-Range": f"bytes */{file_size}"},
            ) from error


def attachment(name: str) -> str:
    """RFC 6266: a name for old clients, and the whole one in UTF-8."""
    plain = (c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    ascii_name = "".join(plain)
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
