"""Archives of pictures: upload, look at, forget."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.services.context import Services
from app.services.isolation.slots import run_isolated
from app.services.owning import hours_of_upload, unexpired
from app.services.uploads import Upload
from app.tables import PictureArchive, now


def add_pictures(
    session: Session,
    services: Services,
    team_id: UUID,
    upload: Upload,
    keep_hours: int | None = None,
) -> PictureArchive:
    """Look at every picture of the archive, and keep it.

    Raises:
        Refused: it is none that we read, or over a limit; `KEEP_TOO_LONG`.
    """
    hours = hours_of_upload(session, services, team_id, keep_hours)
    session.rollback()  # looking takes its time; the connection is for others
    found = run_isolated(services, {"operation": "inspect-pictures", "path": str(upload.path)})
    services.storage.put(upload.path)
    archive = PictureArchive(
        name=upload.name,
        sha256=upload.sha256,
        size_bytes=upload.size_bytes,
        expires_at=now() + timedelta(hours=hours),
        team_id=team_id,
        keep_hours=keep_hours,
        pictures=found["pictures"],
        left_out=found["left_out"],
        left_out_count=found["left_out_count"],
    )
    session.add(archive)
    session.commit()
    return archive


def get_pictures(session: Session, team_id: UUID, pictures_id: UUID) -> PictureArchive:
    """Raises: NotFound."""
    return unexpired(session, PictureArchive, team_id, pictures_id)


def forget_pictures(session: Session, team_id: UUID, pictures_id: UUID) -> None:
    """They are gone for their users at once; the bytes go when the last job that needs them is."""
    get_pictures(session, team_id, pictures_id).expires_at = now()
    session.commit()
