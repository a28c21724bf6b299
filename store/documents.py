"""How documents are written to JSON columns, and rows put where one may be already."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, cast

from sqlalchemy import Column, Executable, Insert, SelectBase, Table
from sqlalchemy import insert as sqlalchemy_insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from store import ready

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
    """The writes of the block by `put`, `put_new`, `add` and `execute`, sent in their order, in one journey at its end.

    `ask` within the block sends those that wait by then ahead of its questions; nothing else that the block reads
    sees them. A block within a block belongs to the outer one. SQLite, to which no journey leads, is sent each at once.
    """
    if not is_postgres(session) or _WAITING in session.info:
        yield
        return
    session.info[_WAITING] = []
    try:
        yield
        waiting = session.info[_WAITING]
    finally:
        del session.info[_WAITING]
    if waiting:
        ready.send(session.connection(), waiting, ())


def execute(session: Session, statement: Executable, given: Row | Sequence[Row] | None = None) -> None:
    """Carry out a write whose answer nobody needs: now, or with the block of `together`.

    One that is given values is kept as it was composed; let it be composed once.
    """
    waiting = session.info.get(_WAITING)
    if waiting is None:
        session.execute(statement, given)
    else:
        waiting.append((statement, given))


def ask(session: Session, *questions: tuple[SelectBase, Row]) -> list[Sequence[Any]]:
    """The rows of each question, in one journey to PostgreSQL, with the writes that wait for the end of a block.

    The questions are composed once, and name what they are given.
    """
    if not is_postgres(session):
        return [session.execute(cast(Executable, asked), given).all() for asked, given in questions]
    waiting = session.info.get(_WAITING, [])
    told, waiting[:] = list(waiting), []
    return ready.send(session.connection(), told, questions)


# ── rows that may be there already ────────────────────────────────────────────────────────────────


def insert(session: Session, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that understands ON CONFLICT, in the dialect of the session's database."""
    return insert_into(table, is_postgres(session))


def is_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def add(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that are not there yet; the database refuses those that are."""
    if rows:
        execute(session, _add(table), [dict(row) for row in rows])


def put_new(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows whose primary key is not there yet, and leave the others as they are."""
    if rows:
        execute(session, _put_new(table, is_postgres(session)), [dict(row) for row in rows])


def put(session: Session, table: Table, rows: Sequence[Row], keep: Sequence[str] = ()) -> None:
    """Insert the rows, or change those that are there; columns in `keep` stay as they were first written."""
    if rows:
        statement = _put(table, is_postgres(session), tuple(rows[0]), tuple(keep))
        execute(session, statement, [dict(row) for row in rows])


@lru_cache(maxsize=200)
def _add(table: Table) -> Insert:
    return sqlalchemy_insert(table)


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
