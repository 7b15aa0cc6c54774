"""A service of one table and two folders, on a server of this container, backed up by restic.

A call of restic takes half a second, for its key: what each test begins with is backed up once, and
copied.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from service_backup import postgres
from service_backup.repository import Repository, Snapshot
from service_backup.settings import Settings, read_settings
from service_backup.take import take

DATABASE = "shop"
PLACE = Path("/tmp/service")
"""Always the same: a snapshot holds whole paths."""
OLD = {"storage/a/1": "one " * 500, "storage/b/2": "two", "uploads/c/3": "three"}
"""What is backed up, with one row."""
NEW = {"storage/a/1": "uno", "storage/n/9": "nine", "uploads/c/3": "tre", "uploads/d/4": "quattro"}
"""What is there later, with two."""


class Service:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings: Settings = read_settings()
        self.repository = Repository(self.settings)
        self.data = self.settings.folders
        for folder in ("storage", "uploads"):
            (self.data / folder).mkdir(parents=True)

    def write(self, files: dict[str, str], rows: list[str]) -> None:
        """These files and rows, and no others."""
        for path in sorted(self.data.rglob("*"), reverse=True):
            if path.is_dir() and path.parent != self.data:
                path.rmdir()
            elif not path.is_dir():
                path.unlink()
        for name, text in files.items():
            (self.data / name).parent.mkdir(parents=True, exist_ok=True)
            (self.data / name).write_text(text)
        with postgres.session(DATABASE) as opened:
            opened.run("DROP TABLE IF EXISTS orders; CREATE TABLE orders (name text)")
            for row in rows:
                opened.run(f"INSERT INTO orders VALUES ({postgres.literal(row)})")

    def content(self) -> dict[str, object]:
        """All that a restore may change, by its content: what is ours in the folders, too."""
        files = {
            str(path.relative_to(self.data)): path.read_text() if path.is_file() else "/"
            for path in self.data.rglob("*")
        }
        return {
            "files": files,
            "rows": postgres.query("SELECT name FROM orders ORDER BY name", DATABASE),
            "databases": postgres.query("SELECT datname, datallowconn FROM pg_database ORDER BY 1", "postgres"),
            "roles": postgres.query("SELECT rolname FROM pg_roles ORDER BY 1", "postgres"),
        }

    def back_up(self) -> Snapshot:
        return self.repository.find(take(self.settings, self.repository)["snapshot"], None)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    os.environ["PGUSER"] = "postgres"
    # Short: it holds a socket.
    folder = tmp_path_factory.mktemp("pg")
    with postgres.scratch_server(folder) as where:
        with postgres.session("postgres", where) as opened:
            opened.run("ALTER SYSTEM SET max_prepared_transactions = 2")
        postgres.call(["pg_ctl", "--pgdata", str(folder / "data"), "-w", "-s", "-l", str(folder / "log"), "restart"])
        yield where


@contextmanager
def service_in(
    server: dict[str, str], monkeypatch: pytest.MonkeyPatch, folders: Path = PLACE / "data"
) -> Iterator[Service]:
    root = PLACE
    values = {
        **server,
        "PGDATABASE": DATABASE,
        "RESTIC_REPOSITORY": str(root / "repository"),
        "RESTIC_PASSWORD": "a key",
        "BACKUP_FOLDERS": str(folders),
        "BACKUP_SPOOL": str(root / "spool"),
        "BACKUP_CONFIGURATION": str(root / "configuration"),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    (root / "configuration").mkdir(parents=True)
    (root / "configuration" / "compose.yaml").write_text("services: {}\n")
    postgres.query(f"CREATE DATABASE {DATABASE}", "postgres")
    try:
        yield Service(root)
    finally:
        with postgres.session("postgres") as opened:
            others = "datname NOT IN ('postgres', 'template0', 'template1')"
            for name in opened.run(f"SELECT datname FROM pg_database WHERE {others}"):
                opened.run(f"DROP DATABASE {postgres.identifier(name)} WITH (FORCE)")
            for name in opened.run("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_|^postgres$'"):
                opened.run(f"DROP ROLE {postgres.identifier(name)}")
        for each in {folders, root} if folders.parent != root else {root}:
            subprocess.run(["chmod", "-R", "u+w", str(each)], check=True)
            shutil.rmtree(each)


@dataclass(frozen=True)
class Kept:
    """A backup of OLD, beside which all is deleted."""

    root: Path
    snapshot: Snapshot

    @property
    def stage(self) -> Path:
        return self.root / "unpacked" / str(PLACE / "spool" / "stage").lstrip("/")

    @property
    def data(self) -> Path:
        return self.root / "unpacked" / str(PLACE / "data").lstrip("/")


class AtHand(Repository):
    """A repository whose backup was unpacked by restic once, for tests of what comes afterwards."""

    def __init__(self, service: Service, kept: Kept) -> None:
        super().__init__(service.settings)
        self._service, self._kept = service, kept

    def restore(self, snapshot: str, target: Path) -> None:
        assert snapshot == self._kept.snapshot.id
        settings = self._service.settings
        for source, place in [(self._kept.stage, settings.stage), (self._kept.data, settings.folders)]:
            shutil.copytree(source, target / str(place).lstrip("/"))


@pytest.fixture(scope="session")
def kept(server: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Kept:
    root = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as monkeypatch, service_in(server, monkeypatch) as service:
        service.write(OLD, ["old"])
        postgres.query("CREATE ROLE clerk", "postgres")
        snapshot = service.back_up()
        service.repository.restore(snapshot.id, root / "unpacked")
        shutil.copytree(service.settings.repository, root / "repository")
    return Kept(root, snapshot)


@pytest.fixture
def changed(
    server: dict[str, str], kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    """The service after its backup: it holds NEW."""
    with service_in(server, monkeypatch) as service:
        shutil.copytree(kept.root / "repository", service.settings.repository)
        service.write(NEW, ["new", "newer"])
        yield service
