"""Take a job, do it, take the next."""

import os
import secrets
import threading
import time
from pathlib import Path
from tempfile import gettempdir

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.core.database import session_factory
from app.services import queue, wake
from app.services.context import Services
from app.services.queue import Held, Rules
from app.worker.hooks import tell_hooks
from app.worker.mails import send_mails
from app.worker.pages import make_pages
from app.worker.run_job import do_job
from app.worker.schedules import keep_schedules
from app.worker.sweep import sweep

log = structlog.get_logger(__name__)
_POLL_SECONDS = 1.0
_BEAT_SECONDS = 10.0
_SWEEP_SECONDS = 300.0
_ALIVE = Path(gettempdir()) / "excel2doc-worker"
"""Touched at each beat, for the container's health check: it costs next to nothing to look at."""


class Loop:
    """One job at a time. Care, schedules, pages, webhooks and mails have threads of their own."""

    def __init__(self, services: Services, stopping: threading.Event) -> None:
        self._services = services
        self._stopping = stopping
        settings = services.settings
        self._pdf = services.office is not None
        self._rules = Rules(settings.lease_seconds, settings.max_attempts, settings.keep_hours)
        self.worker_id = f"{settings.host_name[:40]}-{os.getpid()}-{secrets.token_hex(3)}"

    def run(self) -> None:
        """Until `stopping` is set. A database that is away is waited for."""
        log.info("worker_started", worker=self.worker_id)
        beside = self._start_threads()
        while not self._stopping.is_set():
            try:
                held = self._claim()
                if held is None:
                    wake.wait(_POLL_SECONDS, self._stopping)
                    continue
                do_job(self._services, held, self._rules, self._stopping)
            except SQLAlchemyError as error:
                log.error("database_away", error=str(error)[:300])
                self._stopping.wait(_POLL_SECONDS)
        for thread in beside:
            thread.join(2)
        try:
            with session_factory() as session:
                queue.leave(session, self.worker_id)
        except SQLAlchemyError:
            log.warning("not_signed_off")
        log.info("worker_stopped", worker=self.worker_id)

    def _start_threads(self) -> list[threading.Thread]:
        """What goes on beside the jobs, as far as this worker can do it."""
        services, stopping = self._services, self._stopping
        started = [threading.Thread(target=self._care, name="care", daemon=True)]
        schedules = (services, stopping)
        started.append(threading.Thread(target=keep_schedules, args=schedules, daemon=True))
        if services.office is not None:
            pages = (services, services.office, stopping)
            started.append(threading.Thread(target=make_pages, args=pages, daemon=True))
        if services.settings.webhook_hosts:
            hooks = (services, stopping)
            started.append(threading.Thread(target=tell_hooks, args=hooks, daemon=True))
        if services.settings.smtp_host:
            mails = (services, stopping)
            started.append(threading.Thread(target=send_mails, args=mails, daemon=True))
        for thread in started:
            thread.start()
        return started

    def _claim(self) -> Held | None:
        with session_factory() as session:
            return queue.claim(session, self.worker_id, self._rules, pdf=self._pdf)

    def _care(self) -> None:
        last_sweep = time.monotonic()
        while True:
            try:
                with session_factory() as session:
                    queue.beat(session, self.worker_id, pdf=self._pdf)
                    _ALIVE.touch()
                    if time.monotonic() - last_sweep > _SWEEP_SECONDS:
                        last_sweep = time.monotonic()
                        sweep(session, self._services)
            except (SQLAlchemyError, OSError) as error:
                log.error("care_failed", error=str(error)[:300])
            if self._stopping.wait(_BEAT_SECONDS):
                return
