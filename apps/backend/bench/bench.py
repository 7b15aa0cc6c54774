"""Excel2Doc beside the obvious alternative, in one run: `npx nx run bench:backend`.

Prints backend.json, .md and .svg, by name, as one JSON object; the script that starts it in its
image writes them to docs/benchmarks. Each measurement runs in a process of its own; the median of
its rounds counts.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.report import report_files
from bench.service import health_under_load

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Measured:
    name: str
    ours_seconds: float
    theirs_seconds: float
    target_ratio: float

    @property
    def ratio(self) -> float:
        return self.ours_seconds / self.theirs_seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, one round")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    scale, rounds = (10, 1) if arguments.quick else (1, arguments.rounds)
    with tempfile.TemporaryDirectory(prefix="excel2doc-bench-") as folder:
        run_task("make", folder, 100_000 // scale, 200_000 // scale, 1_000 // scale)
        read = compare("read", folder, rounds, "100,000 x 20 cells, read", 0.25)
        write = compare("write", folder, rounds, "1,000 documents, one a row", 0.4)
        memory = run_task("ours-memory", folder)
        p95 = health_under_load(Path(folder), jobs=4)
    report = {
        "quick": arguments.quick,
        "rounds": rounds,
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "compared": [asdict(m) | {"ratio": round(m.ratio, 3)} for m in (read, write)],
        "memory_200k_rows_mib": round(memory["mib"], 1),
        "memory_target_mib": 600,
        "health_p95_ms_with_4_jobs": round(p95, 2),
        "health_p95_target_ms": 20,
    }
    sys.stdout.write(json.dumps(report_files(report)) + "\n")
    return 0


def compare(what: str, folder: str, rounds: int, name: str, target: float) -> Measured:
    """The two alternate, so that a busy machine is unfair to both."""
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(run_task(f"ours-{what}", folder)["seconds"])
        theirs.append(run_task(f"theirs-{what}", folder)["seconds"])
    return Measured(name, statistics.median(ours), statistics.median(theirs), target)


def run_task(*arguments: object) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.tasks", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


if __name__ == "__main__":
    sys.exit(main())
