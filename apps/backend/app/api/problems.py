"""Errors as RFC 9457 problem details."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from app.api import examples
from app.api.examples import shows
from app.domain.refusal import Refused
from app.services.errors import Conflict, Denied, NotFound, TooMany
from app.storage.files import Away, Gone

MEDIA_TYPE = "application/problem+json"
_STATUS_OF_REFUSAL = {"UPLOAD_TOO_LARGE": 413}
_CODE_OF_STATUS = {
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "UPLOAD_TOO_LARGE",
    416: "RANGE_NOT_SATISFIABLE",
}
log = structlog.get_logger(__name__)


class Problem(BaseModel):
    """RFC 9457, with `code` and `hint` as extension members."""

    model_config = shows(examples.PROBLEM)

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    code: str
    hint: str | None = None


def problem_response(
    status: int, code: str, title: str, detail: str | None = None, hint: str = "", **headers: str
) -> JSONResponse:
    body = Problem(
        type=f"urn:excel2doc:problem:{code.lower().replace('_', '-')}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        hint=hint or None,
    )
    return JSONResponse(
        body.model_dump(exclude_none=True),
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
        MEDIA_TYPE,
    )


def install(app: FastAPI) -> None:
    """Every error of `app` as a problem, in its description too."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        # a response's `model` would add application/json, which no problem is
        found = describe()
        found["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        return found

    app.openapi = openapi  # type: ignore[method-assign]

    @app.exception_handler(Refused)
    def refused(_request: Request, error: Refused) -> JSONResponse:
        status = _STATUS_OF_REFUSAL.get(error.code, 422)
        return problem_response(
            status, error.code, "The input was refused", error.message, error.hint
        )

    @app.exception_handler(NotFound)
    def not_found(_request: Request, error: NotFound) -> JSONResponse:
        return problem_response(404, "NOT_FOUND", "There is no such thing", str(error))

    @app.exception_handler(Conflict)
    def conflict(_request: Request, error: Conflict) -> JSONResponse:
        return problem_response(409, error.code, "Not in this state", error.message, error.hint)

    @app.exception_handler(Gone)
    def gone(_request: Request, _error: Gone) -> JSONResponse:
        return problem_response(
            409, "INPUT_GONE", "Not in this state", "the file has expired", "upload it again"
        )

    @app.exception_handler(Away)
    def storage_away(_request: Request, error: Away) -> JSONResponse:
        log.error("storage_away", error=str(error))
        return problem_response(503, "STORAGE_AWAY", "The storage does not answer", Retry_After="5")

    @app.exception_handler(Denied)
    def denied(_request: Request, error: Denied) -> JSONResponse:
        status = 403 if error.code == "SCOPE_MISSING" else 401
        headers = {"WWW_Authenticate": "Bearer"} if status == 401 else {}
        return problem_response(status, error.code, "Not allowed", error.message, **headers)

    @app.exception_handler(TooMany)
    def too_many(_request: Request, error: TooMany) -> JSONResponse:
        wait = str(error.retry_after_seconds)
        return problem_response(
            429, "TOO_MANY_REQUESTS", "Too many requests", error.message, Retry_After=wait
        )

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        places = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        return problem_response(
            422, "INVALID_REQUEST", "The request is not valid", "; ".join(places)
        )

    @app.exception_handler(HTTPException)
    def http(_request: Request, error: HTTPException) -> JSONResponse:
        code = _CODE_OF_STATUS.get(error.status_code, "HTTP_ERROR")
        title = HTTPStatus(error.status_code).phrase
        detail = str(error.detail) if error.detail != title else None
        response = problem_response(error.status_code, code, title, detail)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(OperationalError)
    @app.exception_handler(InterfaceError)
    def database_away(_request: Request, error: Exception) -> JSONResponse:
        log.error("database_away", error=str(error))
        return problem_response(
            503, "DATABASE_AWAY", "The database does not answer", Retry_After="5"
        )

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("unexpected_error", path=request.url.path, exc_info=error)
        return problem_response(500, "INTERNAL_ERROR", "Something went wrong on our side")


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers with problems of these statuses."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


COMMON = responses(401, 403, 422, 429, 503)
"""Any operation of `/api/v1` may answer with these."""
