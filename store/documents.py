"""How documents are written to JSON columns, and rows put where one may be already."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Column, Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

Row = Mapping[str, Any]


class Written(str):
    """A document that is JSON already, and goes into its column as it is."""

    __slots__ = ()


def to_json(value: object) -> str:
    """Compact JSON that keeps Chinese readable for whoever looks into the database."""
    if isinstance(value, Written):
        return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def from_json(text: str | bytes) -> Any:
    return json.loads(text)


# ── many writes at once ───────────────────────────────────────────────────────────────────────────

_WAITING: Final = "aftercare_waiting"


@contextmanager
def together(session: Session) -> Iterator[None]:
    """The writes of the block by `put`, `put_new` and `execute`, sent at its end in their order, in one journey.

    What the block reads does not see them. A block within a block belongs to the outer one. SQLite, to which no journey
    leads, is sent each at once.
    """
    if not is_postgres(session) or _WAITING in session.info:
        yield
        return
    waiting: list[tuple[Executable, Any]] = []
    session.info[_WAITING] = waiting
    try:
        yield
    finally:
        del session.info[_WAITING]
    _send(session, waiting)


def execute(session: Session, statement: Executable, given: Row | Sequence[Row] | None = None) -> None:
    """Carry out a write whose answer nobody needs: now, or at the end of the block of `together`."""
    waiting = session.info.get(_WAITING)
    if waiting is None:
        session.execute(statement, given)
    else:
        waiting.append((statement, given))


def _send(session: Session, waiting: list[tuple[Executable, Any]]) -> None:
    """A refusal by the database ends the whole transaction, as it does for a write that is sent alone."""
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    try:
        with driver.pipeline():
            for statement, given in waiting:
                connection.execute(statement, given)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy_says_it(connection, error) from error


def _as_sqlalchemy_says_it(connection: Connection, error: Exception) -> BaseException:
    """What comes to light at the end of the journey is told by the driver, past SQLAlchemy."""
    lost = connection.dialect.is_disconnect(error, connection.connection.driver_connection, None)  # type: ignore[arg-type]
    if lost:
        connection.invalidate(error)
    kind = connection.dialect.loaded_dbapi.Error
    told = "the writes of a transaction"
    return DBAPIError.instance(told, None, error, kind, connection_invalidated=lost, dialect=connection.dialect)


# ── rows that may be there already ────────────────────────────────────────────────────────────────


def insert(session: Session, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that understands ON CONFLICT, in the dialect of the session's database."""
    return insert_into(table, is_postgres(session))


def is_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def put_new(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows whose primary key is not there yet, and leave the others as they are."""
    if rows:
        execute(session, _put_new(table, is_postgres(session)), [dict(row) for row in rows])


def put(session: Session, table: Table, rows: Sequence[Row], keep: Sequence[str] = ()) -> None:
    """Insert the rows, or change those that are there; columns in `keep` stay as they were first written."""
    if rows:
        statement = _put(table, is_postgres(session), tuple(rows[0]), tuple(keep))
        execute(session, statement, [dict(row) for row in rows])


# Composing a statement takes longer than sending it, and there are few of them.
@lru_cache(maxsize=200)
def _put_new(table: Table, postgres: bool) -> sqlite.Insert | postgresql.Insert:
    return insert_into(table, postgres).on_conflict_do_nothing()


@lru_cache(maxsize=200)
def _put(
    table: Table, postgres: bool, names: tuple[str, ...], keep: tuple[str, ...]
) -> sqlite.Insert | postgresql.Insert:
    statement = insert_into(table, postgres)
    keys: list[Column[Any]] = list(table.primary_key.columns)
    fixed = {column.name for column in keys} | set(keep)
    changed = {name: statement.excluded[name] for name in names if name not in fixed}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


def insert_into(table: Table, postgres: bool) -> sqlite.Insert | postgresql.Insert:
    """The same by the dialect's name, for statements that are composed once."""
    return postgresql.insert(table) if postgres else sqlite.insert(table)
