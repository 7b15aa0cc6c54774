"""The files that a conversion reads, and how the isolated process is given them."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.domain.conversion import Mode, Options
from app.services.context import Services
from app.services.errors import Conflict
from app.services.isolation.slots import run_isolated
from app.storage.files import Storage
from app.tables import Job, PictureArchive, TemplateVersion, Workbook


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is converted, all of one team."""

    workbook: Workbook
    version: TemplateVersion | None = None
    pictures: PictureArchive | None = None
    inserted: Mapping[str, str] = field(default_factory=dict)
    """Hashes of the documents that the template inserts, by name."""

    @classmethod
    def of(cls, job: Job) -> "Inputs":
        return cls(job.workbook, job.template_version, job.pictures, job.inserted or {})

    @property
    def files(self) -> "Files":
        """By the name that the isolated process has for each."""
        known = {"workbook": self.workbook, "template": self.version, "pictures": self.pictures}
        hashes = {name: file.sha256 for name, file in known.items() if file is not None}
        return Files(hashes, dict(self.inserted))

    def gone(self, storage: Storage) -> Iterator[Conflict]:
        """What to say of each of its files that is not there any more."""
        known = {
            "WORKBOOK_GONE": (self.workbook, "workbook has expired", "upload it again"),
            "PICTURES_GONE": (self.pictures, "pictures have expired", "upload them again"),
            "TEMPLATE_GONE": (self.version, "template is gone", "upload it again"),
        }
        for code, (file, what, hint) in known.items():
            if file is not None and not storage.exists(file.sha256):
                yield Conflict(code, f"the job's {what}", hint)
        for name, sha256 in self.inserted.items():
            if not storage.exists(sha256):
                what = f"the template {name!r}, which the job's template inserts, is gone"
                yield Conflict("TEMPLATE_GONE", what, "upload it again, and convert anew")


@dataclass(frozen=True, slots=True)
class Files:
    """What is read of the storage, by hash."""

    hashes: dict[str, str]
    inserted: dict[str, str]

    def local(self, stack: ExitStack, storage: Storage) -> dict[str, Any]:
        """Where they are for as long as `stack` is open. Raises: Gone."""

        def paths(hashes: dict[str, str]) -> dict[str, str]:
            return {
                name: str(stack.enter_context(storage.local(sha256)))
                for name, sha256 in hashes.items()
            }

        return {**paths(self.hashes), "inserted": paths(self.inserted)}


def as_asked(workbook: Workbook, mode: Mode, options: Options) -> dict[str, Any]:
    """The part of a request to the isolated process that says what is converted, and how."""
    return {"workbook_name": workbook.name, "mode": mode.value, "options": asdict(options)}


def as_asked_of(job: Job) -> dict[str, Any]:
    """`as_asked`, of a job that is kept."""
    return {"workbook_name": job.workbook.name, "mode": job.mode, "options": job.options}


def run_on_inputs(
    session: Session, services: Services, inputs: Inputs, request: dict[str, Any]
) -> Any:
    """The answer to `request`, to which the paths of the inputs are added.

    Raises: Refused; Gone.
    """
    files = inputs.files
    session.rollback()  # rendering takes its time; the connection is for others
    with ExitStack() as stack:
        return run_isolated(services, {**request, **files.local(stack, services.storage)})
