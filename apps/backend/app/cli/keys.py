"""The first API key: `python -m app.cli.keys NAME [--scopes read,write,admin] [--rate 600]`."""

import argparse
import sys

from app.core.config import get_settings
from app.core.database import migrate, session_factory
from app.services.keys import SCOPES, create_key


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--scopes", default=",".join(SCOPES))
    parser.add_argument("--rate", type=int, default=600, help="requests a minute")
    arguments = parser.parse_args()
    scopes = arguments.scopes.split(",")
    if unknown := set(scopes) - set(SCOPES):
        parser.error(f"unknown scopes: {', '.join(sorted(unknown))}")
    if get_settings().embedded:  # nobody else may have made the store yet
        migrate()
    with session_factory() as session:
        _key, secret = create_key(session, arguments.name, scopes, arguments.rate)
    sys.stdout.write(secret + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
