import os

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]
    if missing and any("tests/integration" in item.nodeid for item in items):
        pytest.exit(
            f"tests/integration needs {' and '.join(missing)}; "
            "without services run: pytest tests/unit",
            returncode=4,
        )
