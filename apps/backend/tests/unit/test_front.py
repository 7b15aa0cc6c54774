"""Who asks is what the front says, and nobody else: by real sockets, each with an address of its own."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from app.api import front as fronts
from tests.server import Service, embedded_service

FRONT, STRANGER = "127.0.0.2", "127.0.0.3"
LIMIT = 4


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One for all tests: each has clients of its own, which are counted each for itself."""
    folder = tmp_path_factory.mktemp("front")
    with embedded_service(
        folder, EXCEL2DOC_FRONT=FRONT, EXCEL2DOC_RATE_PER_MINUTE=str(LIMIT)
    ) as running:
        yield running


def asking(service: Service, sender: str, forwarded: str | None) -> int:
    transport = httpx.HTTPTransport(local_address=sender)
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    with httpx.Client(transport=transport) as client:
        return client.get(f"{service.url}/api/v1/jobs", headers=headers).status_code


def refused(service: Service, sender: str, forwarded: list[str | None]) -> int:
    """How many of these requests are one too many for whom they are counted."""
    return [asking(service, sender, each) for each in forwarded].count(429)


def test_clients_behind_the_front_are_told_apart(service: Service):
    # Twice the limit and one more: a minute of the clock may end among them.
    many = 2 * LIMIT + 1
    assert refused(service, FRONT, ["10.0.0.1"] * many) > 0
    assert refused(service, FRONT, ["10.0.0.2", "2001:db8::2", "10.0.0.3"]) == 0


def test_what_a_client_wrote_before_the_front_is_not_believed(service: Service):
    forged: list[str | None] = [f"10.0.1.{each}, 10.0.0.4" for each in range(2 * LIMIT + 1)]
    assert refused(service, FRONT, forged) > 0


def test_a_stranger_cannot_choose_an_address(service: Service):
    forged: list[str | None] = [f"10.0.2.{each}" for each in range(2 * LIMIT + 1)]
    assert refused(service, STRANGER, forged) > 0
    # nor use up another's
    victim: list[str | None] = ["10.0.3.1"] * (2 * LIMIT + 1)
    refused(service, STRANGER, victim)
    assert refused(service, FRONT, ["10.0.3.1"]) == 0


def test_a_front_that_has_no_address_is_nobody(tmp_path: Path):
    with embedded_service(
        tmp_path, EXCEL2DOC_FRONT="front.invalid", EXCEL2DOC_RATE_PER_MINUTE=str(LIMIT)
    ) as running:
        forged: list[str | None] = [f"10.0.4.{each}" for each in range(2 * LIMIT + 1)]
        assert refused(running, FRONT, forged) > 0
        assert asking(running, STRANGER, None) == 200


def test_a_front_that_is_not_found_for_a_while_is_told_once_and_still_believed(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(fronts, "_KNOWN_SECONDS", 0.0)
    clients: list[str] = []
    names = [FRONT, "front.invalid", "front.invalid", FRONT, "front.invalid"]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        clients.append(scope["client"][0])

    async def nothing(*_: object) -> None:
        raise AssertionError

    asked = iter(names)
    front = fronts.Front(app, lambda: next(asked))

    async def ask() -> None:
        for _ in names:
            headers = [(b"x-forwarded-for", b"10.0.5.1")]
            scope: Scope = {"type": "http", "client": (FRONT, 1), "headers": headers}
            await front(scope, nothing, nothing)  # type: ignore[arg-type]

    with capture_logs() as logs:
        asyncio.run(ask())
    assert clients == ["10.0.5.1"] * len(names)
    assert [each["front"] for each in logs] == ["front.invalid"] * 2
