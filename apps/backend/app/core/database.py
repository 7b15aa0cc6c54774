"""The engine, the session dependency, and the base of all mappings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from app.core.config import Settings, get_settings


class Base(DeclarativeBase):
    pass


def make_engine(settings: Settings) -> Engine:
    """An engine for `settings`, which replaces a connection that the server has dropped."""
    if not settings.embedded:
        return create_engine(
            settings.sqlalchemy_url,
            pool_pre_ping=True,
            pool_size=10,
            max_overflow=20,
            connect_args={"connect_timeout": 3},
        )
    settings.storage_dir.mkdir(parents=True, exist_ok=True)
    sqlite = create_engine(settings.sqlalchemy_url, connect_args={"timeout": 15})

    @event.listens_for(sqlite, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")

    return sqlite


engine = make_engine(get_settings())
session_factory = sessionmaker(engine, expire_on_commit=False)


def get_session() -> Iterator[Session]:
    """One session a request; a route that raises leaves nothing behind."""
    with session_factory() as session:
        yield session


def alembic_config() -> Config:
    return Config(str(Path(__file__).parents[2] / "alembic.ini"))


def migrate(revision: str = "head") -> None:
    """Bring the schema to `revision`: a one-off in Compose, at every start when embedded."""
    command.upgrade(alembic_config(), revision)
