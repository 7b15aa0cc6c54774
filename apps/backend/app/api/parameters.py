"""Parameters that several operations share."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Header, Path, Query

from app.api import examples

WorkbookId = Annotated[UUID, Path(examples=[examples.WORKBOOK["id"]])]
PicturesId = Annotated[UUID, Path(examples=[examples.PICTURES["id"]])]
TemplateId = Annotated[UUID, Path(examples=[examples.TEMPLATE["id"]])]
JobId = Annotated[UUID, Path(examples=[examples.JOB["id"]])]
PreviewId = Annotated[UUID, Path(examples=[examples.PREVIEW["id"]])]
DocumentNumber = Annotated[int, Path(ge=1, le=100, description="From 1", examples=[1])]
PageNumber = Annotated[int, Path(ge=1, le=1_000, description="From 1", examples=[1])]
MailingId = Annotated[UUID, Path(examples=[examples.MAILING["id"]])]
ScheduleId = Annotated[UUID, Path(examples=[examples.SCHEDULE["id"]])]
KeyId = Annotated[UUID, Path(examples=[examples.KEY["id"]])]
VersionNumber = Annotated[int, Path(ge=1, le=1_000_000, examples=[1])]

TeamId = Annotated[UUID, Path(examples=[examples.TEAM["id"]])]
MOST_HOURS = 24 * 3660

SheetName = Annotated[
    str, Query(max_length=500, description="One of the workbook's sheets", examples=["Customers"])
]
HeaderRow = Annotated[
    int | None,
    Query(
        ge=0,
        le=1_048_576,
        description="Counted from 1; 0: none; left out: find it",
        examples=[3],
    ),
]
JobStatus = Annotated[
    Literal["queued", "running", "done", "failed", "cancelled", "expired"] | None,
    Query(description="Only jobs in this state", examples=["failed"]),
]
MailStatus = Annotated[
    Literal["waiting", "sending", "sent", "failed", "unclear", "cancelled"] | None,
    Query(description="Only mails in this state", examples=["failed"]),
]
FirstMail = Annotated[
    int, Query(ge=0, le=1_000_000, description="`following` of the page before", examples=[100])
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        description="Send again, make once",
        examples=["c0ffee00-5b1f-4a53-9b60-2f6f0d8f7f11"],
    ),
]
