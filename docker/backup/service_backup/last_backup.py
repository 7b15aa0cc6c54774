"""When the last backup was taken, as all containers that share the spool know it."""

import json
import time

from service_backup.refusal import Refusal
from service_backup.settings import Settings

AGAIN_SECONDS = 600
"""How long after one that failed the next is tried."""


def read(settings: Settings) -> dict[str, float]:
    try:
        found: dict[str, float] = json.loads((settings.spool / "last.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


def note(settings: Settings, **values: float) -> None:
    path = settings.spool / "last.json"
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps({**read(settings), **values}))
    unfinished.replace(path)


def healthy(settings: Settings) -> None:
    """Raises: Refusal when the last backup is older than it may be."""
    taken_at = read(settings).get("taken_at")
    if taken_at is None:
        raise Refusal("There is no backup yet")
    age = time.time() - taken_at
    # A backup takes its time, and one that fails is tried again.
    if age > 1.5 * settings.every_seconds + 2 * AGAIN_SECONDS:
        raise Refusal(f"The last backup is {age / 3600:.1f} hours old")


_METRICS = [
    ("taken_at", "backup_last_success_timestamp_seconds", "When the last whole backup was taken."),
    ("failed_at", "backup_last_failure_timestamp_seconds", "When one failed last."),
    ("seconds", "backup_last_duration_seconds", "How long the last one took, verified."),
]


def metrics(settings: Settings) -> str:
    """In Prometheus's text format; what is not known is left out."""
    known = read(settings)
    lines: list[str] = []
    for key, name, what in _METRICS:
        if key in known:
            lines += [f"# HELP {name} {what}", f"# TYPE {name} gauge", f"{name} {known[key]:.3f}"]
    return "\n".join([*lines, ""])
