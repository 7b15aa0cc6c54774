"""The page's Chinese names of problems keep up with the problems."""

import re
from pathlib import Path

APP = Path(__file__).parents[2] / "app"
RAISED = re.compile(
    r'(?:Refused|Conflict|Denied|fail|_failed|_error|_Stopped|_Missed|_NotYet)\(\s*(?:session,\s*[\w.]+,\s*)?"([A-Z_]+)"'
)
ANSWERED = re.compile(r'problem_response\(\s*\d+,\s*"([A-Z_]+)"')
NOT_FOR_PEOPLE = {
    *("CURSOR_INVALID", "IDEMPOTENCY_KEY_REUSED", "KEEP_TOO_LONG", "TEAM_TAKEN", "VERSION_TAKEN"),
    *("WEBHOOK_FORBIDDEN", "WEBHOOK_UNAVAILABLE"),
}
"""No click on the page leads there."""


def test_every_problem_has_a_chinese_name():
    source = "\n".join(path.read_text() for path in APP.rglob("*.py"))
    codes = {*RAISED.findall(source), *ANSWERED.findall(source)} - NOT_FOR_PEOPLE
    assert {"FIELD_MISSING", "JOB_FINISHED", "DATABASE_AWAY", "ATTEMPTS_EXHAUSTED"} <= codes
    page = (APP / "web" / "problems.js").read_text()
    named = set(re.findall(r"^  ([A-Z_]+): '\S", page, re.MULTILINE))
    assert codes <= named, codes - named
