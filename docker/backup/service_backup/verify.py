"""Restore a backup into a scratch server and a scratch folder, and compare."""

import json
import shutil
from contextlib import contextmanager
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from service_backup import postgres
from service_backup.folder_files import Files, hash_of, wrong_files
from service_backup.refusal import Refusal
from service_backup.repository import VERIFIED, Repository, Snapshot
from service_backup.settings import Settings


class Unpacked:
    """A backup in a folder, every byte of which is what was backed up."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.stage = root / settings.stage.relative_to("/")
        self.folders = root / settings.folders.relative_to("/")
        try:
            self.manifest: dict[str, Any] = json.loads((self.stage / "manifest.json").read_text())
            self.files: Files = json.loads((self.stage / "files.json").read_text())
        except (OSError, ValueError) as error:
            raise Refusal(f"This is no backup of a service: {error}") from error
        if self.manifest.get("format") != 1:
            raise Refusal(f"A backup of format {self.manifest.get('format')}, which is not known here")
        wrong = wrong_files(self.files, self.folders)
        for name, sha256 in [
            ("database.dump", self.manifest["database"]["dump"]["sha256"]),
            ("files.json", self.manifest["files"]["sha256"]),
        ]:
            if hash_of(self.stage / name)[0] != sha256:
                wrong.append(f"{name} has another sha256")
        if wrong:
            more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
            raise Refusal(f"The backup is damaged: {'; '.join(wrong[:3])}{more}; take another one")

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
        yield Unpacked(root, settings)
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


def add_roles(backup: Unpacked, environment: dict[str, str] | None = None) -> None:
    """Those that are not there yet; they get no password. One that is there is no fault."""
    present = set()
    with postgres.session("postgres", environment) as opened:
        present = set(opened.run("SELECT quote_ident(rolname) FROM pg_roles"))
        for line in (backup.stage / "roles.sql").read_text().splitlines():
            words = line.rstrip(";").split()
            if words[:2] == ["CREATE", "ROLE"] and words[2] not in present:
                opened.run(line)
            elif words[:1] == ["GRANT"] or (words[:2] == ["ALTER", "ROLE"] and words[2] not in present):
                opened.run(line)


def verify(settings: Settings, repository: Repository, snapshot: Snapshot) -> dict[str, Any]:
    """Raises: Refusal with what is not as it was."""
    scratch = settings.spool / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        with unpacked(settings, repository, snapshot) as backup, postgres.scratch_server(scratch) as there:
            add_roles(backup, there)
            with postgres.session("postgres", there) as opened:
                opened.run("CREATE DATABASE verified TEMPLATE template0")
            restore_database(backup, "verified", there)
            manifest, rows = backup.manifest, backup.rows
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if VERIFIED not in snapshot.tags:
        repository.tag(snapshot.id, VERIFIED)
    return {**manifest, "rows": rows}
