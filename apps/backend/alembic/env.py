"""Migrations run against the service's own engine."""

from alembic import context
from sqlalchemy import Engine

from app.core.database import Base, engine
from app.services import models  # noqa: F401  (fills Base.metadata)


def run(connectable: Engine) -> None:
    """One transaction for all of it: a migration that fails half-way leaves nothing."""
    with connectable.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


if context.is_offline_mode():
    context.configure(url=engine.url, target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    run(engine)
