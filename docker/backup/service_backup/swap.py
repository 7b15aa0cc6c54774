"""What was restored changes places with what is there, in steps that can be read from the disk.

A folder that is restored into holds, until all is done, one of two folders of ours: `incoming` while
all else in it is what was there before, `entering` while all else in it is what came in. What was
there before lies in `before`. So whoever comes later, in this process or after a power cut, knows
from the names alone what belongs where, and no list can be lost.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from service_backup import postgres
from service_backup.folder_files import OWN
from service_backup.refusal import Refusal


@dataclass(slots=True)
class Swap:
    folders: Path
    database: str
    stamp: str
    database_asked: bool = True
    """Whether the server may have been asked to rename; of one that was killed that is not known."""

    @property
    def incoming_database(self) -> str:
        return f"service_backup_{self.stamp.lower()}"

    @property
    def kept_database(self) -> str:
        """PostgreSQL cuts a name after 63 bytes."""
        return f"{self.database[:32]}_before_{self.stamp}"

    def incoming(self, folder: Path) -> Path:
        return folder / f"{OWN}incoming-{self.stamp}"

    def entering(self, folder: Path) -> Path:
        return folder / f"{OWN}entering-{self.stamp}"

    def before(self, folder: Path) -> Path:
        return folder / f"{OWN}before-{self.stamp}"

    def begin(self) -> None:
        """From here on the swap is seen, until `clear`."""
        for folder in folders_in(self.folders):
            self.incoming(folder).mkdir()

    def put_files(self) -> bool:
        """Renames alone. Returns whether there was anything before."""
        kept = False
        for folder in folders_in(self.folders):
            for entry in _foreign(folder):
                self.before(folder).mkdir(exist_ok=True)
                entry.rename(self.before(folder) / entry.name)
                kept = True
            self.incoming(folder).rename(self.entering(folder))
            for entry in sorted(self.entering(folder).iterdir()):
                entry.rename(folder / entry.name)
        return kept

    def put_database(self) -> None:
        """After it all is done: it comes last. Raises: Refusal; then it is not."""
        database, incoming, kept = map(
            postgres.identifier, (self.database, self.incoming_database, self.kept_database)
        )
        self.database_asked = True
        try:
            with postgres.session("postgres") as opened:
                # Nobody may connect between the end of the last session and the rename.
                opened.run(f"ALTER DATABASE {database} WITH ALLOW_CONNECTIONS false")
                opened.run(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    f" WHERE datname = {postgres.literal(self.database)}"
                )
                opened.run(
                    f"BEGIN; ALTER DATABASE {database} RENAME TO {kept};"
                    f" ALTER DATABASE {incoming} RENAME TO {database}; COMMIT"
                )
        except Refusal:
            # The answer may be lost, and not the deed.
            if not self.is_done():
                raise

    def is_done(self) -> bool:
        """Whether the database that came in has its name. Raises: Refusal when nobody answers."""
        wanted = postgres.literal(self.kept_database)
        return bool(postgres.query(f"SELECT 1 FROM pg_database WHERE datname = {wanted}", "postgres"))

    def take_back(self) -> list[str]:
        """Makes all as it was, whatever was done of it; returns what it could not, and why.

        May be called again: what is as it was stays. Nothing is moved while nobody says which database
        has the name: files of one moment and rows of another would be worse than either.
        """
        failed = []
        try:
            if self.database_asked and self.is_done():
                return [f"{self.database} is the one that came in"]
        except Refusal as refusal:
            return [str(refusal)]
        for folder in folders_in(self.folders):
            try:
                self._take_back(folder)
            except OSError as error:
                failed.append(f"{folder}: {error}")
        try:
            name = postgres.identifier(self.incoming_database)
            postgres.query(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", "postgres")
            self._let_in(self.database)
        except Refusal as refusal:
            failed.append(str(refusal))
        return failed

    def _take_back(self, folder: Path) -> None:
        incoming, entering, before = self.incoming(folder), self.entering(folder), self.before(folder)
        if entering.is_dir():
            for entry in _foreign(folder):
                entry.rename(entering / entry.name)
            entering.rename(incoming)
        for entry in sorted(before.iterdir()) if before.is_dir() else []:
            if os.path.lexists(folder / entry.name):
                raise FileExistsError(f"{entry.name} is there again, and is in {before.name}, too")
            entry.rename(folder / entry.name)
        if before.is_dir():
            before.rmdir()
        if incoming.is_dir():
            # All of it, or an error: what is left would be taken for a swap that goes on.
            shutil.rmtree(incoming)

    def clear(self) -> None:
        """After all is done: what was there before stays, under its name."""
        for folder in folders_in(self.folders):
            for own in (self.entering(folder), self.incoming(folder)):
                if own.is_dir():
                    shutil.rmtree(own)
        self._let_in(self.kept_database)

    def _let_in(self, database: str) -> None:
        name = postgres.identifier(database)
        postgres.query(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true", "postgres")


def folders_in(folders: Path) -> list[Path]:
    return sorted(each for each in folders.iterdir() if each.is_dir() and not each.is_symlink())


def unfinished(folders: Path) -> list[str]:
    """The stamps of swaps that were begun and neither finished nor taken back."""
    marks = [f"{OWN}incoming-", f"{OWN}entering-"]
    return sorted(
        {
            entry.name.removeprefix(mark)
            for folder in folders_in(folders)
            for entry in folder.iterdir()
            for mark in marks
            if entry.name.startswith(mark)
        }
    )


def _foreign(folder: Path) -> list[Path]:
    return [entry for entry in sorted(folder.iterdir()) if not entry.name.startswith(OWN)]


def held(folders: Path) -> Iterator[tuple[str, int, int, int]]:
    """Every file by its path, inode, size and time of change: the same ones are the same files."""
    for folder, names, files in os.walk(folders):
        names[:] = sorted(name for name in names if not name.startswith(OWN))
        for name in sorted(files):
            path = Path(folder, name)
            seen = path.lstat()
            yield str(path.relative_to(folders)), seen.st_ino, seen.st_size, seen.st_mtime_ns
