"""The page at `/`: static files, no build step."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

_WEB = Path(__file__).parents[1] / "web"
_POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"

router = APIRouter(include_in_schema=False)


@router.get("/")
def get_page() -> FileResponse:
    return FileResponse(
        _WEB / "index.html",
        headers={
            "Content-Security-Policy": _POLICY,
            "Cache-Control": "no-cache",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )


def install(app: FastAPI) -> None:
    app.include_router(router)
    app.mount("/web", StaticFiles(directory=_WEB), name="web")
