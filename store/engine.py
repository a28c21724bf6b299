"""The database: how it is opened, how a transaction is begun on it, and which revision of the schema it has.

SQLite lets one writer in at a time. A transaction that may write therefore says so at its beginning
(`writing`), because one that begins by reading can be refused when it turns to writing. PostgreSQL locks rows
instead.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.types.numeric import Int8Dumper
from sqlalchemy import URL, Connection, Dialect, Engine, ExceptionContext, create_engine, event, func, make_url, select
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from store.complaints import bared
from store.documents import from_json, to_json

#: How long a writer waits for another one before the database counts as busy.
PATIENCE_SECONDS = 20
#: How long a connection to PostgreSQL may have rested before it is asked whether it lives, ahead of its next use.
ASKED_AFTER_SECONDS = 1.0
#: How many statements a connection to PostgreSQL keeps prepared; a commit takes some forty in its variants.
PREPARED_STATEMENTS = 400
_MIGRATIONS = Path(__file__).parent / "migrations"
_UPGRADE_LOCK = 0x4146_5401


def make_engine(url: str | URL) -> Engine:
    """An engine for SQLite (`sqlite:///file`) or PostgreSQL (`postgresql://…`, always through psycopg 3)."""
    parsed = _through_psycopg(make_url(url))
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed)
    engine = create_engine(
        parsed,
        json_serializer=to_json,
        json_deserializer=from_json,
        hide_parameters=True,  # an error's words go into logs and histories, and rows hold names and telephones
        pool_size=10,
        max_overflow=20,
        pool_use_lifo=True,  # the connections used last have their statements prepared
        connect_args={"connect_timeout": 5},
    )
    event.listen(engine, "handle_error", _without_rows)
    event.listen(engine, "connect", _prepare_postgres)
    event.listen(engine, "checkin", _note_rest)
    event.listen(engine, "checkout", partial(_ask_rested, engine.dialect))
    return engine


def _without_rows(context: ExceptionContext) -> None:
    """Take out of a database's complaint what stands in the row it is about."""
    original, outer = context.original_exception, context.sqlalchemy_exception
    bare = bared(original)
    if outer is not None and outer.args:
        outer.args = (f"({type(original).__module__}.{type(original).__qualname__}) {bare}", *outer.args[1:])


def _prepare_postgres(connection: Any, _record: object) -> None:
    connection.prepared_max = PREPARED_STATEMENTS
    # Else a number is sent as the smallest type that holds it, and each type has its statement prepared anew.
    connection.adapters.register_dumper(int, Int8Dumper)


def _note_rest(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["rests_since"] = time.monotonic()


def _ask_rested(dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Ask a connection that has rested whether it lives; one that was in use a moment ago is not asked each time."""
    rested = time.monotonic() - record.info.get("rests_since", time.monotonic())
    if rested < ASKED_AFTER_SECONDS:
        return
    try:
        alive = dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error:
        alive = False
    if not alive:
        raise InvalidatePoolError


def _through_psycopg(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgres", "postgresql") else url


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        json_serializer=to_json,
        json_deserializer=from_json,
        hide_parameters=True,  # an error's words go into logs and histories, and rows hold names and telephones
        connect_args={"timeout": PATIENCE_SECONDS},
        pool_size=20,
        max_overflow=20,
        pool_timeout=PATIENCE_SECONDS * 3,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "handle_error", _without_rows)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver would begin transactions by itself, and too late; _begin_sqlite does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={PATIENCE_SECONDS * 1000}",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading_only = connection.get_execution_options().get("aftercare_reading", False)
    connection.exec_driver_sql("BEGIN" if reading_only else "BEGIN IMMEDIATE")


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """One transaction that may write: committed at the end of the block, undone when the block raises."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """One transaction that only reads, and waits for no writer."""
    with Session(engine.execution_options(aftercare_reading=True)) as session:
        yield session
        session.commit()  # with nothing in it; after an undone one the driver forgets all that it has prepared


# ── the schema's revision ─────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Revisions:
    """What the database has, and what this program needs."""

    current: str | None
    head: str | None

    @property
    def up_to_date(self) -> bool:
        return self.current == self.head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def upgrade(engine: Engine) -> Revisions:
    """Bring the schema to the newest revision, in one transaction; of two that try at once, one waits."""
    config = _config()
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return revisions(engine)


def revisions(engine: Engine) -> Revisions:
    """The revision of the database and the newest one; equal when nothing is left to upgrade."""
    with engine.execution_options(aftercare_reading=True).connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return Revisions(current, ScriptDirectory.from_config(_config()).get_current_head())
