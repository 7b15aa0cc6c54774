"""A stored file as a download, whole or by range (RFC 9110, chapter 14)."""

from urllib.parse import quote

from fastapi.responses import FileResponse

from app.services.errors import NotFound
from app.storage.files import Storage


def download(storage: Storage, sha256: str, name: str, media_type: str) -> FileResponse:
    """Raises: NotFound."""
    if not storage.exists(sha256):
        raise NotFound("file", name)
    with storage.local(sha256) as path:
        return FileResponse(
            path,
            media_type=media_type,
            headers={
                "Content-Disposition": attachment(name),
                "ETag": f'"{sha256}"',
                "X-Content-Type-Options": "nosniff",
            },
        )


def attachment(name: str) -> str:
    """RFC 6266: a name for old clients, and the whole one in UTF-8."""
    plain = (c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    ascii_name = "".join(plain)
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
