"""Back up again and again, and say to Prometheus how old the last backup is."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from service_backup import last_backup
from service_backup.alone import alone
from service_backup.refusal import Refusal
from service_backup.repository import Repository
from service_backup.settings import Settings
from service_backup.whole import back_up


def run(settings: Settings, repository: Repository) -> None:
    _serve(settings)
    pause = min(last_backup.AGAIN_SECONDS, settings.every_seconds)
    while True:
        try:
            wait = _until_due(settings, repository)
            if wait > 0:
                # Not all of it: one by hand makes the next come later.
                time.sleep(min(wait, 60))
                continue
            with alone(settings):
                back_up(settings, repository)
        except Refusal as refusal:
            print(f"✗ {refusal}", flush=True)
            last_backup.note(settings, failed_at=time.time())
            time.sleep(pause)


def _until_due(settings: Settings, repository: Repository) -> float:
    taken_at = last_backup.read(settings).get("taken_at")
    if taken_at is None:
        # Another spool than last time: the repository knows.
        repository.open()
        backups = repository.backups()
        if not backups:
            return 0
        taken_at = backups[-1].taken_at.timestamp()
        last_backup.note(settings, taken_at=taken_at)
    return taken_at + settings.every_seconds - time.time()


def _serve(settings: Settings) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == "/metrics"
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            if known:
                self.wfile.write(last_backup.metrics(settings).encode())

        def log_message(self, *_: object) -> None:
            """A line a scrape would be all that the log holds."""

    server = ThreadingHTTPServer(("", settings.metrics_port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
