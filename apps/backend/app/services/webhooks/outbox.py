"""The webhooks that wait, in the database: each is told until it has heard, or seven times."""

import http.client
import json
import ssl
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.config import Settings
from app.domain.refusal import Refused
from app.services.webhooks.address import Forbidden, addresses_of, target_of
from app.services.webhooks.sending import post
from app.services.webhooks.signing import signed_headers, team_secret
from app.tables import Job, Webhook, now

log = structlog.get_logger(__name__)
_AGAIN_AFTER_SECONDS = (5, 30, 120, 600, 3_600, 21_600)
_LEASE = timedelta(seconds=120)
"""After which another worker tells it again: more than one request takes."""
_ENDED = ("done", "failed", "cancelled", "expired")
_GONE = 410


@dataclass(frozen=True, slots=True)
class Due:
    """A webhook that is this worker's for a while."""

    job_id: UUID
    event_id: UUID
    attempt: int
    url: str
    team_id: UUID
    body: bytes


def claim(session: Session) -> Due | None:
    """One whose job has ended, and whose turn it is."""
    moment = now()
    hook = session.scalars(
        select(Webhook)
        .join(Job, Job.id == Webhook.job_id)
        .where(Webhook.status == "waiting", Webhook.due_at <= moment, Job.status.in_(_ENDED))
        .order_by(Webhook.due_at)
        .limit(1)
        .with_for_update(skip_locked=True, of=Webhook)
    ).first()
    if hook is None:
        session.rollback()
        return None
    taken = session.execute(
        update(Webhook)
        .where(
            Webhook.job_id == hook.job_id,
            Webhook.event_id == hook.event_id,
            Webhook.attempt == hook.attempt,
            Webhook.status == "waiting",
        )
        .values(attempt=hook.attempt + 1, due_at=moment + _LEASE)
        .execution_options(synchronize_session=False)
    )
    job = session.get_one(Job, hook.job_id)
    due = Due(hook.job_id, hook.event_id, hook.attempt + 1, hook.url, job.team_id, _body(job))
    session.commit()
    return due if taken.rowcount else None  # type: ignore[attr-defined]


def _body(job: Job) -> bytes:
    """Nothing of the workbook's content: whoever wants the result asks for it, with a key."""
    data: dict[str, Any] = {
        "id": str(job.id),
        "status": job.status,
        "mode": job.mode,
        "rows_done": job.rows_done,
        "rows_total": job.rows_total,
        "error": job.error,
        "result_bytes": job.result_bytes,
        "result": f"/api/v1/jobs/{job.id}/result" if job.status == "done" else None,
    }
    ended = (job.finished_at or now()).isoformat()
    return json.dumps({"type": f"job.{job.status}", "timestamp": ended, "data": data}).encode()


def deliver(session: Session, due: Due, settings: Settings) -> str:
    """Tell it, and write down what came of it: `delivered`, `waiting` or `failed`."""
    why, for_good = _told(due, settings)
    values: dict[str, Any] = {"last_error": why[:300] or None}
    if not why:
        values |= {"status": "delivered", "delivered_at": now()}
    elif for_good or due.attempt > len(_AGAIN_AFTER_SECONDS):
        values |= {"status": "failed"}
    else:
        seconds = _AGAIN_AFTER_SECONDS[due.attempt - 1]
        values |= {"status": "waiting", "due_at": now() + timedelta(seconds=seconds)}
    session.execute(
        update(Webhook)
        .where(
            Webhook.job_id == due.job_id,
            Webhook.event_id == due.event_id,
            Webhook.attempt == due.attempt,
        )
        .values(**values)
    )
    session.commit()
    status: str = values["status"]
    log.info("webhook", job=str(due.job_id), attempt=due.attempt, status=status, why=why[:300])
    return status


def _told(due: Due, settings: Settings) -> tuple[str, bool]:
    """Why it has not heard, "" when it has; and whether it never will."""
    try:
        secret = team_secret(settings.webhook_secret() or b"", due.team_id)
    except (OSError, ValueError):
        return "EXCEL2DOC_WEBHOOK_SECRET_FILE cannot be read", False
    try:
        target = target_of(due.url, settings)
        addresses = addresses_of(target, settings)
        event = f"msg_{due.event_id.hex}"
        headers = signed_headers(secret, event, int(time.time()), due.body)
        status = post(target, addresses, due.body, headers, _tls())
    except Refused as refusal:  # allowed no more
        return f"{refusal.code}: {refusal.message}", True
    except Forbidden as error:
        return f"WEBHOOK_FORBIDDEN: {error}", True
    except ssl.SSLCertVerificationError as error:
        return f"its certificate is not valid: {error.verify_message}", False
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"no answer: {type(error).__name__}", False
    if 200 <= status < 300:
        return "", False
    return f"it answered {status}", status == _GONE


@lru_cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def tell_again(session: Session, job_id: UUID) -> None:
    """The job goes on, so its next end is another event. The caller commits."""
    session.execute(
        update(Webhook)
        .where(Webhook.job_id == job_id)
        .values(event_id=uuid4(), status="waiting", attempt=0, due_at=now(), last_error=None)
    )
