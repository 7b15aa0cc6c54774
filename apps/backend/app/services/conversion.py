"""Convert a workbook at once and record it."""

import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from sqlalchemy.orm import Session

from app.domain.conversion import Mode
from app.domain.refusal import Refused
from app.services.context import Services
from app.services.isolation.slots import run_isolated
from app.services.uploads import Upload
from app.tables import Conversion


def convert_to_tables(
    session: Session, services: Services, upload: Upload
) -> tuple[Conversion, BinaryIO]:
    """The workbook's sheets as tables of one document, which the caller closes.

    Raises:
        Refused: recorded before it is raised.
    """
    record = Conversion(
        source_name=upload.name,
        source_sha256=upload.sha256,
        source_bytes=upload.size_bytes,
        status="done",
        rows=0,
        result_bytes=0,
        duration_ms=0,
    )
    started = time.monotonic()
    try:
        work = services.settings.work_dir
        with TemporaryDirectory(dir=work) as folder, ExitStack() as on_error:
            finished = run_isolated(services, _request(upload, folder))
            result = on_error.enter_context(Path(finished["path"]).open("rb"))
            record.rows = finished["rows"]
            record.result_bytes = result.seek(0, 2)
            result.seek(0)
            on_error.pop_all()  # open, it outlives its folder
    except Refused as refusal:
        record.status, record.refusal = "refused", refusal.code
        raise
    finally:
        record.duration_ms = round((time.monotonic() - started) * 1000)
        session.add(record)
        session.commit()
    return record, result


def _request(upload: Upload, folder: str) -> dict[str, object]:
    return {
        "operation": "convert",
        "workbook": str(upload.path),
        "workbook_name": upload.name,
        "mode": Mode.TABLE.value,
        "options": {},
        "folder": folder,
        "done_rows": 0,
    }
