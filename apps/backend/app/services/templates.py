"""Templates and their versions."""

from contextlib import ExitStack
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.services.context import Services
from app.services.errors import Conflict, NotFound
from app.services.inputs import Files
from app.services.inserts import inserted_by
from app.services.isolation.slots import run_isolated
from app.services.owning import owned
from app.services.uploads import Upload
from app.tables import Template, TemplateVersion, now


def add_template(
    session: Session, services: Services, team_id: UUID, upload: Upload, name: str
) -> Template:
    """A new template with its first version.

    Raises:
        Refused: the file is no template, naming part and paragraph.
    """
    fields = _check(session, services, team_id, upload, name or upload.name)
    template = Template(name=name or upload.name, team_id=team_id)
    session.add(template)
    session.flush()
    session.add(_version(template, 1, upload, fields))
    session.commit()
    return template


def add_version(
    session: Session, services: Services, team_id: UUID, template_id: UUID, upload: Upload
) -> TemplateVersion:
    """Raises: NotFound, Refused; Conflict: two uploads at the same time."""
    template = get_template(session, team_id, template_id)
    fields = _check(session, services, team_id, upload, template.name)
    last = session.scalar(
        select(func.max(TemplateVersion.number)).where(TemplateVersion.template_id == template_id)
    )
    version = _version(template, (last or 0) + 1, upload, fields)
    session.add(version)
    try:
        session.commit()
    except IntegrityError as error:
        session.rollback()
        raise Conflict("VERSION_TAKEN", "another version was uploaded just now", "retry") from error
    return version


def get_template(session: Session, team_id: UUID, template_id: UUID) -> Template:
    """Raises: NotFound."""
    template = owned(session, Template, team_id, template_id)
    if template.deleted_at is not None:
        raise NotFound("template", template_id)
    return template


def get_version(
    session: Session, team_id: UUID, template_id: UUID, number: int | None
) -> TemplateVersion:
    """The version with this number; the last one for None. Raises: NotFound."""
    versions = get_template(session, team_id, template_id).versions
    for version in reversed(versions):
        if number is None or version.number == number:
            return version
    raise NotFound("template version", f"{template_id}/{number}")


def remove_template(session: Session, team_id: UUID, template_id: UUID) -> None:
    """No new job can use it; those that have named it still can."""
    get_template(session, team_id, template_id).deleted_at = now()
    session.commit()


def _check(
    session: Session, services: Services, team_id: UUID, upload: Upload, name: str
) -> dict[str, object]:
    """Its fields; with those of the documents that it names, if it names any."""
    request: dict[str, Any] = {"operation": "check-template", "path": str(upload.path)}
    fields: dict[str, object] = run_isolated(services, request)
    if fields["inserts"]:
        files = Files({}, inserted_by(session, team_id, name, fields))
        with ExitStack() as stack:
            local = files.local(stack, services.storage)
            fields = run_isolated(services, {**request, **local})
    services.storage.put(upload.path)
    return fields


def _version(
    template: Template, number: int, upload: Upload, fields: dict[str, object]
) -> TemplateVersion:
    return TemplateVersion(
        template=template,
        number=number,
        file_name=upload.name,
        sha256=upload.sha256,
        size_bytes=upload.size_bytes,
        fields=fields,
    )
