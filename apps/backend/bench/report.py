"""The results as data, as a table and as a picture."""

import json
from typing import Any

_BAR = 420


def report_files(report: dict[str, Any]) -> dict[str, str]:
    """What stands in docs/benchmarks, by name."""
    return {
        "backend.json": json.dumps(report, indent=2) + "\n",
        "backend.md": _markdown(report),
        "backend.svg": _picture(report["compared"]),
    }


def _markdown(report: dict[str, Any]) -> str:
    machine = report["machine"]
    lines = [
        "# Backend benchmark",
        "",
        "Made by `npx nx run bench:backend`; the alternative is pandas with openpyxl",
        "to read, and a loop of docxtpl to write. Both ran in turn on the same machine "
        f"({machine['cores']} cores, Python {machine['python']});",
        f"the median of {report['rounds']} counts.",
        "",
        "| | Excel2Doc | alternative | ratio | target |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {m['name']} | {m['ours_seconds']:.2f} s | {m['theirs_seconds']:.2f} s "
        f"| {m['ratio']:.2f} | {m['target_ratio']} |"
        for m in report["compared"]
    ]
    lines += [
        "",
        f"Memory of a job of 200,000 rows x 20 columns: {report['memory_200k_rows_mib']} MiB "
        f"(target {report['memory_target_mib']}). `/health`, 95th percentile with 4 jobs running: "
        f"{report['health_p95_ms_with_4_jobs']} ms (target {report['health_p95_target_ms']}).",
        "",
        "![Times side by side](backend.svg)",
        "",
    ]
    return "\n".join(lines)


def _picture(compared: list[dict[str, Any]]) -> str:
    rows = []
    for index, measured in enumerate(compared):
        top = 20 + index * 90
        longest = max(measured["ours_seconds"], measured["theirs_seconds"])
        rows.append(f'<text x="10" y="{top}" font-weight="bold">{measured["name"]}</text>')
        for place, key, label, color in (
            (12, "ours_seconds", "Excel2Doc", "#1d6f5c"),
            (40, "theirs_seconds", "alternative", "#9aa5a1"),
        ):
            width = measured[key] / longest * _BAR
            rows.append(
                f'<rect x="100" y="{top + place}" width="{width:.0f}" height="20" fill="{color}"/>'
                f'<text x="10" y="{top + place + 15}">{label}</text>'
                f'<text x="{108 + width:.0f}" y="{top + place + 15}">{measured[key]:.2f} s</text>'
            )
    height = 20 + len(compared) * 90
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="620" height="{height}" '
        'font-family="system-ui, sans-serif" font-size="13">'
        f'<rect width="620" height="{height}" fill="#fff"/>{"".join(rows)}</svg>\n'
    )
