"""Restore a backup into a scratch server and a scratch folder, and compare."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from service_backup import postgres
from service_backup.folder_files import Files, wrong_files
from service_backup.manifest import read_files, read_manifest, staged_files
from service_backup.refusal import Refusal
from service_backup.repository import VERIFIED, Repository, Snapshot
from service_backup.roles import add_roles
from service_backup.settings import Settings


class Unpacked:
    """A backup in a folder, every byte of which is what was backed up."""

    def __init__(self, root: Path, settings: Settings, snapshot: Snapshot) -> None:
        self.stage = root / settings.stage.relative_to("/")
        self.folders = root / settings.folders.relative_to("/")
        self.manifest = read_manifest(self.stage / "manifest.json", snapshot.tags)
        wrong = wrong_files(staged_files(self.manifest), self.stage)
        if not wrong:
            self.files: Files = read_files(self.stage / "files.json", self.manifest)
            wrong = wrong_files(self.files, self.folders)
        if wrong:
            more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
            raise Refusal(f"The backup is damaged: {'; '.join(wrong[:3])}{more}; take another one")

    @property
    def roles(self) -> str:
        return (self.stage / "roles.sql").read_text()

    @property
    def tables(self) -> postgres.Fingerprint:
        return self.manifest["database"]["tables"]

    @property
    def rows(self) -> int:
        return sum(int(each.split()[0]) for each in self.tables.values())


@contextmanager
def unpacked(settings: Settings, repository: Repository, snapshot: Snapshot) -> Iterator[Unpacked]:
    root = settings.spool / "unpacked"
    shutil.rmtree(root, ignore_errors=True)
    try:
        repository.restore(snapshot.id, root)
        yield Unpacked(root, settings, snapshot)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def restore_database(
    backup: Unpacked, database: str, environment: dict[str, str] | None = None
) -> None:
    """Into an empty database, then compared. Raises: Refusal."""
    command = ["pg_restore", "--exit-on-error", "--no-password", f"--dbname={database}"]
    postgres.call([*command, str(backup.stage / "database.dump")], environment)
    with postgres.session(database, environment) as opened:
        wrong = postgres.differences(backup.tables, postgres.fingerprint(opened))
    if wrong:
        raise Refusal(f"What was restored is not what was backed up: {'; '.join(wrong[:3])}")


def verify(settings: Settings, repository: Repository, snapshot: Snapshot) -> dict[str, Any]:
    """Raises: Refusal with what is not as it was."""
    scratch = settings.spool / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        with unpacked(settings, repository, snapshot) as backup, postgres.scratch_server(scratch) as there:
            add_roles(backup.roles, there)
            with postgres.session("postgres", there) as opened:
                opened.run("CREATE DATABASE verified TEMPLATE template0")
            restore_database(backup, "verified", there)
            manifest, rows = backup.manifest, backup.rows
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if VERIFIED not in snapshot.tags:
        repository.tag(snapshot.id, VERIFIED)
    return {**manifest, "rows": rows}
