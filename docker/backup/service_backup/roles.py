"""The roles that own what a dump holds; a role is of the server, and in no dump."""

import re

from service_backup import postgres

_NAME = r'("(?:[^"]|"")+"|\S+)'
_MADE = re.compile(rf"CREATE ROLE {_NAME};")
_SET = re.compile(rf"ALTER ROLE {_NAME} ")
_GRANTED = re.compile(rf"GRANT {_NAME} TO {_NAME}[ ;]")


def add_roles(roles: str, environment: dict[str, str] | None = None) -> list[str]:
    """Those that are not there yet, as `pg_dumpall` has written them; they get no password.

    One that is there stays as it is. Returns the names of those that were made.
    """
    with postgres.session("postgres", environment) as opened:
        present = set(opened.run("SELECT quote_ident(rolname) FROM pg_roles"))
        lines = roles.splitlines()
        made = [name for line in lines if (name := _first(_MADE, line)) and name not in present]
        opened.run("BEGIN")
        for line in lines:
            about = _MADE.match(line) or _SET.match(line) or _GRANTED.match(line)
            if about and any(name in made for name in about.groups()):
                opened.run(line)
        opened.run("COMMIT")
    return made


def drop_roles(names: list[str]) -> None:
    with postgres.session("postgres") as opened:
        for name in names:
            opened.run(f"DROP ROLE IF EXISTS {name}")


def _first(pattern: re.Pattern[str], line: str) -> str | None:
    found = pattern.match(line)
    return found.group(1) if found else None
