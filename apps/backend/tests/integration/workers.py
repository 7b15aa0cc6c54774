"""Real workers as processes, and a way to kill them."""

import os
import signal
import subprocess
import sys

from tests.server import ROOT


def start_worker(**settings: str) -> "subprocess.Popen[bytes]":
    """A worker of this test run's database, with a lease so short that a test can wait for it."""
    environment = {
        **os.environ,
        "EXCEL2DOC_LEASE_SECONDS": "2",
        "EXCEL2DOC_MAX_ATTEMPTS": "1000",
        **settings,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "app.worker"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
    )


def kill(worker: "subprocess.Popen[bytes]", how: signal.Signals = signal.SIGKILL) -> int:
    worker.send_signal(how)
    return worker.wait(timeout=10)
