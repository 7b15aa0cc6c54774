"""The page at `/`: static files, no build step."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

_WEB = Path(__file__).parents[1] / "web"
_POLICY = "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'"
_PAPER_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src data:; font-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
"""Of the frame that draws Word documents: what a stranger's template brings reaches nothing."""

router = APIRouter(include_in_schema=False)


@router.get("/")
def get_page() -> FileResponse:
    return _closed("index.html", _POLICY)


@router.get("/paper")
def get_paper() -> FileResponse:
    return _closed("paper.html", _PAPER_POLICY)


def _closed(name: str, policy: str) -> FileResponse:
    return FileResponse(
        _WEB / name,
        headers={
            "Content-Security-Policy": policy,
            "Cache-Control": "no-cache",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )


def install(app: FastAPI) -> None:
    app.include_router(router)
    app.mount("/web", StaticFiles(directory=_WEB), name="web")
