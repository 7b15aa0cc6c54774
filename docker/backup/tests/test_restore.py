"""A restore that fails leaves all as it was, at whatever step; what was killed is seen and taken back."""

import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from service_backup import postgres
from service_backup.refusal import Refusal
from service_backup.restore import restore, settle
from service_backup.swap import Swap, unfinished
from service_backup.take import take
from tests.conftest import DATABASE, NEW, OLD, AtHand, Kept, Service, service_in

NEEDED = 10
"""Inodes: two folders for what comes in, six files and folders of OLD, two folders for what was there."""


def run(service: Service, kept: Kept) -> dict[str, object]:
    return restore(service.settings, AtHand(service, kept), kept.snapshot, replace=True)


def test_what_was_there_is_kept_and_the_backup_has_its_place(changed: Service, kept: Kept) -> None:
    before = changed.content()
    done = run(changed, kept)
    files = {name: (changed.data / name).read_text() for name in OLD}
    assert files == OLD
    assert not (changed.data / "storage/n").exists()
    assert postgres.query("SELECT name FROM orders", DATABASE) == ["old"]
    assert postgres.query("SELECT name FROM orders ORDER BY 1", str(done["keptDatabase"])) == before["rows"]
    beside = {name: _beside(changed.data, name, str(done["keptFiles"])).read_text() for name in NEW}
    assert beside == NEW
    assert unfinished(changed.data) == []


def _beside(data: Path, name: str, own: str) -> Path:
    folder, _, rest = name.partition("/")
    return data / folder / own / rest


# Real conditions of a file system, each of which ends the renames somewhere else.
def _unwritable(name: str) -> Callable[[Service], Path]:
    """A folder that may not be written to cannot be renamed into another one."""

    def act(service: Service) -> Path:
        (service.data / name).chmod(0o555)
        return service.data / name

    return act


@pytest.mark.parametrize(
    "break_it",
    [
        pytest.param(_unwritable("storage/a"), id="the first folder, its first entry"),
        pytest.param(_unwritable("storage/n"), id="the first folder, half of it moved"),
        pytest.param(_unwritable("uploads/c"), id="the second folder, the first one swapped"),
        pytest.param(_unwritable("uploads/d"), id="the second folder, half of it moved"),
        pytest.param(_unwritable("uploads"), id="a folder that may not be written to at all"),
    ],
)
def test_an_error_of_the_disk_leaves_all_as_it_was(
    changed: Service, kept: Kept, break_it: Callable[[Service], Path]
) -> None:
    broken = break_it(changed)
    before = changed.content()
    with pytest.raises(Refusal, match=r"Permission denied.*; nothing was changed$"):
        run(changed, kept)
    assert changed.content() == before
    broken.chmod(0o755)
    run(changed, kept)
    assert postgres.query("SELECT name FROM orders", DATABASE) == ["old"]


@pytest.mark.parametrize("left", [0, 3, 7, 8, 9, 10])
def test_a_disk_that_gets_full_leaves_all_as_it_was(
    server: dict[str, str], kept: Kept, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    """As many more files and folders as `left`: too few for the copies, or for what the renames need."""
    small = Path(os.environ.get("SMALL_DISK", "/nonexistent"))
    if not small.is_mount():
        pytest.skip("SMALL_DISK names no disk with few inodes")
    with service_in(server, monkeypatch, small / "data") as service:
        service.write(NEW, ["new", "newer"])
        (small / "filler").mkdir()
        for count in itertools.count():
            if os.statvfs(small).f_ffree <= left:
                break
            (small / "filler" / str(count)).touch()
        before = service.content()
        try:
            run(service, kept)
        except Refusal as refusal:
            assert re.search("No space left on device.*; nothing was changed$", str(refusal))
            assert service.content() == before
            assert left < NEEDED
        else:
            assert left >= NEEDED
        finally:
            shutil.rmtree(small / "filler")


def test_a_database_that_cannot_be_renamed_leaves_all_as_it_was(changed: Service, kept: Kept) -> None:
    # A prepared transaction cannot be ended by ending sessions: the server refuses the rename.
    with postgres.session(DATABASE) as opened:
        opened.run("BEGIN; INSERT INTO orders VALUES ('open'); PREPARE TRANSACTION 'drill'")
    before = changed.content()
    try:
        with pytest.raises(Refusal, match=r"prepared transaction.*; nothing was changed$"):
            run(changed, kept)
        assert changed.content() == before
    finally:
        postgres.query("ROLLBACK PREPARED 'drill'", DATABASE)


def test_a_role_that_a_refused_restore_made_is_dropped(changed: Service, kept: Kept) -> None:
    (changed.data / "storage/a").chmod(0o555)
    before = changed.content()
    assert "clerk" not in before["roles"]
    with pytest.raises(Refusal, match="nothing was changed"):
        run(changed, kept)
    assert changed.content() == before
    (changed.data / "storage/a").chmod(0o755)
    run(changed, kept)
    assert "clerk" in changed.content()["roles"]


_KILLED = """
import os, sys
from pathlib import Path
from types import SimpleNamespace
from tests.conftest import AtHand, Kept
from service_backup.repository import Snapshot
from service_backup.restore import restore
from service_backup.settings import read_settings

real, left = Path.rename, [int(sys.argv[1])]
def rename(self, target):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), 9)
    return real(self, target)
Path.rename = rename
settings = read_settings()
kept = Kept(Path(sys.argv[2]), Snapshot("at hand", None, ()))
restore(settings, AtHand(SimpleNamespace(settings=settings), kept), kept.snapshot, replace=True)
"""
RENAMES = 9
"""What was there, of each folder, and what comes in, and once in each folder that this begins."""


@pytest.mark.parametrize("after", range(RENAMES + 1))
def test_what_was_killed_at_any_rename_is_taken_back_by_the_next(
    changed: Service, kept: Kept, after: int
) -> None:
    before = changed.content()
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(after), str(kept.root)],
        capture_output=True,
        text=True,
        check=False,
    )
    if after == RENAMES:
        assert killed.returncode == 0, killed.stderr
        assert changed.content() != before
        return
    assert killed.returncode == -9, killed.stderr
    with pytest.raises(Refusal, match="was killed half-way"):
        take(changed.settings, changed.repository)
    settle(changed.settings)
    now = changed.content()
    # A role may own what others made meanwhile: that it is there harms nobody.
    assert {**now, "roles": before["roles"]} == before


def test_one_that_was_killed_when_all_was_done_stays_done(changed: Service, kept: Kept) -> None:
    done = run(changed, kept)
    stamp = str(done["keptFiles"]).removeprefix(".service-backup-before-")
    swap = Swap(changed.data, DATABASE, stamp)
    for folder in ("storage", "uploads"):
        swap.entering(changed.data / folder).mkdir()
    before = postgres.query("SELECT name FROM orders", DATABASE)
    settle(changed.settings)
    assert unfinished(changed.data) == []
    assert postgres.query("SELECT name FROM orders", DATABASE) == before
    assert (changed.data / "storage/a/1").read_text() == OLD["storage/a/1"]
