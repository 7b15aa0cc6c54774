"""Requests over HTTP, and their answers."""

import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from typing import Any, cast
from urllib.parse import urlsplit

from excel2doc.errors import Problem, Unreachable

_TRIES = 4
_WAIT_SECONDS = 1.0
_MOST_WAIT_SECONDS = 60.0
_AWAY = frozenset({429, 502, 503, 504})
"""The service, or what is before it, asks to come back."""


class Transport:
    """One service; a request that it cannot take now is sent again."""

    def __init__(self, url: str, key: str | None, timeout_seconds: float) -> None:
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
            raise Unreachable(f"{url!r} is no address of a service: write http://host:8000")
        self.url = url.rstrip("/")
        self._key, self._timeout = key, timeout_seconds

    def json(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer to a request with a body of JSON.

        Raises:
            Problem; Unreachable.
        """
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        with self.open(method, path, data, headers) as answer:
            return self._decoded(answer)

    def upload(
        self, path: str, file_name: str, content: bytes, fields: Mapping[str, str] | None = None
    ) -> Any:
        """The answer to a file sent as a form does. Raises: Problem; Unreachable."""
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in (fields or {}).items()
        ]
        quoted = file_name.replace('"', "%22").replace("\r", " ").replace("\n", " ")
        parts.append(
            f"--{boundary}\r\nContent-Disposition: form-data; "
            f'name="file"; filename="{quoted}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        data = "".join(parts).encode() + content + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        with self.open("POST", path, data, headers) as answer:
            return self._decoded(answer)

    @contextmanager
    def open(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> Iterator[HTTPResponse]:
        """The answer, to be read. Raises: Problem; Unreachable."""
        given = dict(headers)
        if self._key:
            given["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(  # noqa: S310 (http and https only)
            f"{self.url}/api/v1{path}", data, given, method=method
        )
        for last in (*[False] * (_TRIES - 1), True):
            try:
                answer = urllib.request.urlopen(request, timeout=self._timeout)  # noqa: S310
            except urllib.error.HTTPError as error:
                with error:
                    if last or error.code not in _AWAY:
                        raise _problem(error) from error
                    wait = error.headers.get("Retry-After") or ""
                time.sleep(
                    min(float(wait) if wait.isdecimal() else _WAIT_SECONDS, _MOST_WAIT_SECONDS)
                )
            except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
                if last:
                    reason = getattr(error, "reason", error)
                    raise Unreachable(
                        f"no service answers at {self.url}: {reason}; start it, or name another one"
                    ) from error
                time.sleep(_WAIT_SECONDS)
            else:
                with answer, self._whole():
                    yield cast("HTTPResponse", answer)
                return

    @contextmanager
    def _whole(self) -> Iterator[None]:
        try:
            yield
        except (HTTPException, ConnectionError, TimeoutError) as error:
            raise Unreachable(f"the answer of {self.url} ended before it was whole") from error

    def _decoded(self, answer: HTTPResponse) -> Any:
        content = answer.read()
        if not content:
            return None
        try:
            return json.loads(content)
        except ValueError as error:
            raise Unreachable(f"what answers at {self.url} is no Excel2Doc service") from error


def _problem(error: urllib.error.HTTPError) -> Problem:
    try:
        body = json.loads(error.read())
    except (ValueError, HTTPException, OSError):
        body = {}
    if not isinstance(body, dict):
        body = {}
    detail = body.get("detail") or body.get("title") or error.reason
    return Problem(
        error.code, body.get("code") or f"HTTP_{error.code}", detail, body.get("hint") or ""
    )
