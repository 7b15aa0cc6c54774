"""A backup that is damaged is refused in one line by `verify` and `restore`, and nothing is touched."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from service_backup.folder_files import hash_of
from service_backup.refusal import Refusal
from service_backup.repository import WHOLE, Repository, Snapshot
from service_backup.restore import restore
from service_backup.verify import verify
from tests.conftest import AtHand, Kept, Service

Damage = Callable[[Path, Path], None]
"""Of the unpacked staging folder and the unpacked data."""


def _byte(path: Path, at: int = -40) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def _json(path: Path, change: Callable[[dict], object]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


CHANGED: dict[str, tuple[Damage, str]] = {
    "a byte of the dump": (lambda stage, _: _byte(stage / "database.dump"), "database.dump: sha256"),
    "a dump that is cut": (
        lambda stage, _: (stage / "database.dump").write_bytes((stage / "database.dump").read_bytes()[:900]),
        "database.dump: sha256",
    ),
    "no dump": (lambda stage, _: (stage / "database.dump").unlink(), "database.dump is missing"),
    "a file missing": (lambda _, data: (data / "storage/b/2").unlink(), "storage/b/2 is missing"),
    "a file changed": (lambda _, data: _byte(data / "storage/a/1"), "storage/a/1: sha256"),
    "a file that became a folder": (
        lambda _, data: ((data / "storage/b/2").unlink(), (data / "storage/b/2").mkdir()),
        "storage/b/2 cannot be read",
    ),
    "the roles changed": (lambda stage, _: _byte(stage / "roles.sql"), "roles.sql: sha256"),
    "the configuration changed": (
        lambda stage, _: _byte(stage / "configuration/compose.yaml", 0),
        "configuration/compose.yaml: sha256",
    ),
    "the list of files changed": (lambda stage, _: _byte(stage / "files.json"), "files.json: sha256"),
    "the manifest changed": (
        lambda stage, _: _json(stage / "manifest.json", lambda found: found["files"].update(count=2)),
        "manifest.json is not the one that was taken",
    ),
    "no manifest": (lambda stage, _: (stage / "manifest.json").unlink(), "This is no backup of a service"),
    "half a manifest": (
        lambda stage, _: (stage / "manifest.json").write_text((stage / "manifest.json").read_text()[:90]),
        "This is no backup of a service",
    ),
}


def refused(service: Service, repository: Repository, snapshot: Snapshot) -> list[str]:
    """What `verify` and `restore` say."""
    said = []
    for act in (
        lambda: verify(service.settings, repository, snapshot),
        lambda: restore(service.settings, repository, snapshot, replace=True),
    ):
        with pytest.raises(Refusal) as refusal:
            act()
        said.append(str(refusal.value))
    assert not any("\n" in each for each in said)
    return said


def refused_with(service: Service, kept: Kept, damage: Damage, tags: tuple[str, ...]) -> list[str]:
    """The same of what restic gives out, but for the damage; nothing is touched meanwhile."""
    other = Kept(service.root / "damaged", replace(kept.snapshot, tags=tags))
    shutil.copytree(kept.root / "unpacked", other.root / "unpacked")
    damage(other.stage, other.data)
    before = service.content()
    said = refused(service, AtHand(service, other), other.snapshot)
    assert service.content() == before
    return said


@pytest.mark.parametrize("named", CHANGED)
def test_what_is_not_as_it_was_taken_is_refused(changed: Service, kept: Kept, named: str) -> None:
    damage, said = CHANGED[named]
    assert all(said in each for each in refused_with(changed, kept, damage, kept.snapshot.tags))


def test_a_damaged_one_in_the_repository_is_refused(changed: Service, kept: Kept) -> None:
    """Written by somebody who has the key: restic itself finds nothing wrong."""
    stage, data = changed.settings.stage, changed.data
    aside = changed.root / "aside"
    data.rename(aside)
    shutil.copytree(kept.stage, stage, dirs_exist_ok=True)
    shutil.copytree(kept.data, data)
    _byte(stage / "database.dump")
    made = changed.repository.take([stage, data])
    shutil.rmtree(data)
    aside.rename(data)
    before = changed.content()
    said = refused(changed, changed.repository, replace(kept.snapshot, id=made))
    assert all("database.dump: sha256" in each for each in said)
    assert changed.content() == before


@pytest.mark.parametrize("key", ["database", "files", "configuration", "takenAt"])
def test_a_manifest_without_a_part_is_refused_by_name(changed: Service, kept: Kept, key: str) -> None:
    def less(stage: Path, _: Path) -> None:
        _json(stage / "manifest.json", lambda found: found.pop(key))

    said = refused_with(changed, kept, less, (WHOLE,))
    assert all(f"manifest.json has no {key}" in each for each in said)


def test_rows_that_are_not_those_of_the_manifest_are_refused(changed: Service, kept: Kept) -> None:
    def more(stage: Path, _: Path) -> None:
        tables = {"public.orders": "7 rows 12"}
        _json(stage / "manifest.json", lambda found: found["database"].update(tables=tables))

    said = refused_with(changed, kept, more, (WHOLE,))
    assert all("public.orders: 7 rows 12 expected, 1 rows" in each for each in said)
    assert said[1].endswith("; nothing was changed")


def test_a_path_that_leads_out_of_the_folders_is_refused(changed: Service, kept: Kept) -> None:
    def out(stage: Path, _: Path) -> None:
        _json(stage / "files.json", lambda found: found.update({"storage/../../../x": ["0", 1]}))
        sha256 = hash_of(stage / "files.json")[0]
        _json(stage / "manifest.json", lambda found: found["files"].update(count=4, sha256=sha256))

    said = refused_with(changed, kept, out, (WHOLE,))
    assert all("storage/../../../x is no file of a folder" in each for each in said)


@pytest.mark.parametrize("part", ["data", "index", "snapshots"])
@pytest.mark.parametrize("how", ["away", "a byte"])
def test_a_repository_that_lost_a_part_is_refused_in_one_line(changed: Service, part: str, how: str) -> None:
    for file in (Path(changed.settings.repository) / part).rglob("*"):
        if not file.is_file():
            continue
        file.chmod(0o600)
        file.unlink() if how == "away" else _byte(file, file.stat().st_size // 2)
    before = changed.content()
    for command in (["verify"], ["restore", "--replace"]):
        done = subprocess.run(
            [sys.executable, "-m", "service_backup", *command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1, done.stdout
        (line,) = done.stderr.splitlines()
        assert line.startswith("✗ ")
    assert changed.content() == before

