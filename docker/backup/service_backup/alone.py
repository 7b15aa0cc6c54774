"""One backup or restore at a time: two would use one spool."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from service_backup.refusal import Refusal
from service_backup.settings import Settings


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Raises: Refusal while another runs. The lock goes with the process that holds it."""
    settings.spool.mkdir(parents=True, exist_ok=True)
    with (settings.spool / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refusal("Another backup or restore runs; wait until it has ended") from None
        yield
