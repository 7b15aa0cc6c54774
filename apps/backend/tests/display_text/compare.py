"""Our texts beside those of three other formatters, and of Excel where it has left one.

    python -m tests.display_text.compare cases FILE           the cases, a JSON line each
    python -m tests.display_text.compare report FILE FOLDER   with `FILE` of oracles.mjs: the page

`nx run backend:display-text` does both in the image that has LibreOffice.
"""

import json
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from app.domain.number_format.compiled import compile_format
from app.domain.number_format.tokens import Kind, tokenize
from tests.display_text.cases import Case, all_cases
from tests.display_text.office import shown_by_libreoffice
from tests.display_text.reasons import reason_for

GOAL = 0.995
ORACLES = ("SSF 0.11.2", "numfmt 4.0.1", "LibreOffice")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A case, our text, the oracles' (None: abstains), and what is right as far as can be told."""

    case: Case
    ours: str
    texts: tuple[str | None, ...]

    @property
    def expected(self) -> str | None:
        """Excel's own text; else what two of the others agree on; None where nobody can tell."""
        if self.case.excel is not None and not self.is_misread:
            return self.case.excel
        counted = Counter(text for text in self.texts if text is not None)
        text, votes = counted.most_common(1)[0] if counted else ("", 0)
        return text if votes >= 2 else None

    @property
    def is_misread(self) -> bool:
        """All others agree and Excel's file says something else: its .csv is of other values."""
        known = set(self.texts)
        return self.case.excel is not None and len(known) == 1 and known != {self.case.excel}

    @property
    def passes(self) -> bool:
        return self.ours == self.expected


def verdicts(others: list[list[str | None]]) -> list[Verdict]:
    cases = all_cases()
    office = shown_by_libreoffice(cases) or [None] * len(cases)
    return [
        Verdict(case, compile_format(case.code).number(case.value), _votes(case, texts, shown))
        for case, texts, shown in zip(cases, others, office, strict=True)
    ]


def _votes(case: Case, texts: list[str | None], office: str | None) -> tuple[str | None, ...]:
    """SSF and numfmt know nothing of Chinese digits and of eras, so they have no say in them."""
    sections = tokenize(case.code)
    unknown = any(
        section.native_digits
        or section.region.year_offset
        or (
            section.region.eras
            and any(t.kind is Kind.DATE and t.text[0] in "ge" for t in section.tokens)
        )
        for section in sections
    )
    if office is not None and office and set(office) == {"#"}:
        office = "########"
    return (None, None, office) if unknown else (*texts, office)


def page(found: list[Verdict]) -> str:
    judged = [verdict for verdict in found if verdict.expected is not None]
    passed = sum(verdict.passes for verdict in judged)
    lines = [
        "# What a cell shows: our text and that of others",
        "",
        "Made by `npx nx run backend:display-text`; nothing in it is written by hand.",
        "",
        f"{len(found):,} pairs of format and value. Beside ours stand the texts of "
        f"{', '.join(ORACLES)}, and what Excel itself saved where a published workbook holds it. "
        "A pair is judged when Excel's text is known, or when two of the three others agree.",
        "",
        f"**{passed:,} of {len(judged):,} judged pairs pass: {passed / len(judged):.2%}** "
        f"(goal: {GOAL:.1%}).",
        "",
        "| kind | pairs | judged | pass | |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += _table(found, lambda verdict: verdict.case.kind)
    lines += [
        "",
        "| where the pair is from | pairs | judged | pass | |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += _table(found, lambda verdict: verdict.case.origin)
    lines += ["", *_unjudged(found), "", "## Every disagreement", ""]
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in judged:
        if not verdict.passes:
            groups[reason_for(verdict.case, verdict.ours, verdict.texts)].append(verdict)
    if any(verdict.is_misread for verdict in found):
        misread = [verdict for verdict in found if verdict.is_misread]
        groups["the saved .csv holds other values than the workbook: all formatters agree"] = (
            misread
        )
    for reason, group in sorted(groups.items(), key=lambda item: -len(item[1])):
        lines += [f"### {len(group)}: {reason}", ""]
        lines += [
            "| format | value | ours | Excel | SSF | numfmt | LibreOffice |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [_line(verdict) for verdict in _examples(group)]
        lines.append("")
    return "\n".join(lines)


def _unjudged(found: list[Verdict]) -> list[str]:
    """Of the pairs that nobody can judge: how many, and which kind is none but such."""
    left = [verdict for verdict in found if verdict.expected is None]
    kinds = {verdict.case.kind for verdict in found} - {
        verdict.case.kind for verdict in found if verdict.expected is not None
    }
    alone = sum(verdict.ours in verdict.texts for verdict in left)
    lines = [
        f"{len(left):,} pairs are not judged: no two of the others agree; in {alone:,} of them one "
        "says what we do."
    ]
    if kinds:
        lines += [
            f"Wholly unjudged: {', '.join(sorted(kinds))}, which SSF and numfmt do not know and "
            "LibreOffice mostly drops on opening. What they show is held by examples in "
            "`tests/unit/test_number_format.py` alone."
        ]
    return lines


def _examples(group: list[Verdict]) -> list[Verdict]:
    """One a format, at most 25."""
    by_code = {verdict.case.code: verdict for verdict in reversed(group)}
    return list(by_code.values())[::-1][:25]


def _table(found: list[Verdict], key: object) -> list[str]:
    assert callable(key)
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in found:
        groups[key(verdict)].append(verdict)
    lines = []
    for name, group in sorted(groups.items(), key=lambda item: -len(item[1])):
        judged = [verdict for verdict in group if verdict.expected is not None]
        passed = sum(verdict.passes for verdict in judged)
        rate = f"{passed / len(judged):.2%}" if judged else ""
        lines.append(f"| {name} | {len(group):,} | {len(judged):,} | {passed:,} | {rate} |")
    return lines


def _line(verdict: Verdict) -> str:
    case = verdict.case
    cells = (case.code, repr(case.value), verdict.ours, case.excel, *verdict.texts)
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str | None) -> str:
    if text is None:
        return ""
    return f"`` {text} ``".replace("|", "\\|").replace("\n", "⏎") if text else "(nothing)"


def main(arguments: list[str]) -> int:
    if arguments[0] == "cases":
        lines = (json.dumps([case.code, _as_json(case.value)]) for case in all_cases())
        Path(arguments[1]).write_text("\n".join(lines) + "\n", "utf-8")
        return 0
    others = [json.loads(line) for line in Path(arguments[1]).read_text("utf-8").splitlines()]
    found = verdicts(others)
    folder = Path(arguments[2])
    (folder / "display-text.md").write_text(page(found), "utf-8")
    judged = [verdict for verdict in found if verdict.expected is not None]
    passed = sum(verdict.passes for verdict in judged)
    summary = {"pairs": len(found), "judged": len(judged), "passed": passed, "goal": GOAL}
    (folder / "display-text.json").write_text(json.dumps(summary, indent=2) + "\n", "utf-8")
    sys.stdout.write(f"{len(found)} pairs, {len(judged)} judged, {passed} pass\n")
    return 0 if passed >= GOAL * len(judged) else 1


def _as_json(value: float) -> float:
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
