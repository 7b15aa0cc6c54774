"""The files that a conversion reads, and how the isolated process is given them."""

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.domain.conversion import Mode, Options
from app.services.context import Services
from app.services.isolation.slots import run_isolated
from app.storage.files import Storage
from app.tables import Job, PictureArchive, TemplateVersion, Workbook


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is converted, all of one team."""

    workbook: Workbook
    version: TemplateVersion | None = None
    pictures: PictureArchive | None = None

    @classmethod
    def of(cls, job: Job) -> "Inputs":
        return cls(job.workbook, job.template_version, job.pictures)

    @property
    def hashes(self) -> dict[str, str]:
        """By the name that the isolated process has for each."""
        files = {"workbook": self.workbook, "template": self.version, "pictures": self.pictures}
        return {name: file.sha256 for name, file in files.items() if file is not None}


def as_asked(workbook: Workbook, mode: Mode, options: Options) -> dict[str, Any]:
    """The part of a request to the isolated process that says what is converted, and how."""
    return {"workbook_name": workbook.name, "mode": mode.value, "options": asdict(options)}


def as_asked_of(job: Job) -> dict[str, Any]:
    """`as_asked`, of a job that is kept."""
    return {"workbook_name": job.workbook.name, "mode": job.mode, "options": job.options}


def local_paths(files: ExitStack, storage: Storage, hashes: dict[str, str]) -> dict[str, str]:
    """Where the files are for as long as `files` is open. Raises: Gone."""
    return {
        name: str(files.enter_context(storage.local(sha256))) for name, sha256 in hashes.items()
    }


def run_on_inputs(
    session: Session, services: Services, inputs: Inputs, request: dict[str, Any]
) -> Any:
    """The answer to `request`, to which the paths of the inputs are added.

    Raises: Refused; Gone.
    """
    hashes = inputs.hashes
    session.rollback()  # rendering takes its time; the connection is for others
    with ExitStack() as files:
        paths = local_paths(files, services.storage, hashes)
        return run_isolated(services, {**request, **paths})
