"""The first API key: `python -m app.cli.keys NAME [--team NAME] [--scopes read,write,admin]`."""

import argparse
import sys

from app.core.config import get_settings
from app.core.database import migrate, session_factory
from app.services.errors import Conflict
from app.services.keys import SCOPES, create_key


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--scopes", default=",".join(SCOPES))
    parser.add_argument("--rate", type=int, default=600, help="requests a minute")
    parser.add_argument(
        "--team", help="whose files it opens; without it, those of a team of its own, of its name"
    )
    arguments = parser.parse_args()
    scopes = arguments.scopes.split(",")
    if unknown := set(scopes) - set(SCOPES):
        parser.error(f"unknown scopes: {', '.join(sorted(unknown))}")
    if get_settings().embedded:  # nobody else may have made the store yet
        migrate()
    with session_factory() as session:
        try:
            _key, secret = create_key(
                session, arguments.name, scopes, arguments.rate, arguments.team
            )
        except Conflict as conflict:
            parser.error(f"{conflict.message}: {conflict.hint} (--team {arguments.name})")
    sys.stdout.write(secret + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
