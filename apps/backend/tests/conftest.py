"""Each process that runs tests has a database of its own, so that a developer's data is never touched."""

import os
import secrets
import tempfile
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings

_server_url = os.environ.get("DATABASE_URL")
_name = f"excel2doc_test_{secrets.token_hex(6)}"
_scratch = tempfile.TemporaryDirectory(prefix="excel2doc-test-")

# a busy machine is no reason to fail
settings.register_profile(
    "patient", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("dist", "no") == "no":  # else other processes run them, and inherit ours
        _use_own_services()
    _hold_all_of_them_to_the_limit(config)


def pytest_report_header() -> list[str]:
    seed = os.environ.get("TEST_SEED")
    return [f"TEST_SEED={seed}"] if seed else []


def _use_own_services() -> None:
    """Before anything imports app.core, which reads the environment."""
    os.environ["EXCEL2DOC_STORAGE_DIR"] = _scratch.name
    if _server_url:
        os.environ["DATABASE_URL"] = urlsplit(_server_url)._replace(path=f"/{_name}").geturl()
    number = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    redis_url = os.environ.get("REDIS_URL")
    if redis_url and number:
        os.environ["REDIS_URL"] = urlsplit(redis_url)._replace(path=f"/{number}").geturl()


def _hold_all_of_them_to_the_limit(config: pytest.Config) -> None:
    """A part of the tests covers a part of the code: the limit is for a run of all of them."""
    all_of_them = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    coverage = config.pluginmanager.getplugin("_cov")
    if coverage is not None and (not all_of_them or config.option.keyword):
        coverage.options.cov_fail_under = 0
        if not any(argument.startswith("--cov") for argument in config.invocation_params.args):
            coverage.options.cov_report = {}


@pytest.fixture(scope="session", autouse=True)
def database() -> Iterator[None]:
    from app.core.database import engine, migrate

    if _server_url:
        with psycopg.connect(_server_url, autocommit=True) as server:
            server.execute(f'CREATE DATABASE "{_name}"')
    try:
        migrate()
        yield
    finally:
        engine.dispose()
        if _server_url:
            with psycopg.connect(_server_url, autocommit=True) as server:
                server.execute(f'DROP DATABASE IF EXISTS "{_name}" WITH (FORCE)')
        _scratch.cleanup()


@pytest.fixture(scope="module")
def client(database: None) -> Iterator[TestClient]:
    """The service, with a worker of its own as in the embedded mode; gone before the next module."""
    from app.core.config import get_settings
    from app.main import app
    from app.services.context import get_services
    from app.worker.loop import Loop

    get_settings().rate_per_minute = 1_000_000
    stopping = threading.Event()
    worker = threading.Thread(target=Loop(get_services(), stopping).run, daemon=True)
    with TestClient(app) as running:
        if not get_settings().embedded:
            worker.start()
        yield running
        stopping.set()
        if worker.is_alive():
            worker.join(5)
