"""Limits of its own for a program of others: `python -m app.services.isolation.limited CPU_SECONDS
MEMORY_BYTES PROGRAM ARGUMENTS…` becomes that program."""

import os
import resource
import sys


def main() -> None:
    seconds, memory = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
    os.nice(10)  # whoever asks for the progress goes first
    os.execvp(sys.argv[3], sys.argv[3:])  # noqa: S606 (no shell is wanted)


if __name__ == "__main__":
    main()
