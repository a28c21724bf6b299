"""How documents are written to JSON columns, and rows put where one may be already."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

Row = Mapping[str, Any]


def to_json(value: object) -> str:
    """Compact JSON that keeps Chinese readable for whoever looks into the database."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def from_json(text: str | bytes) -> Any:
    return json.loads(text)


def insert(session: Session, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that understands ON CONFLICT, in the dialect of the session's database."""
    return insert_into(table, is_postgres(session))


def is_postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def put_new(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows whose primary key is not there yet, and leave the others as they are."""
    if rows:
        session.execute(_put_new(table, is_postgres(session)), [dict(row) for row in rows])


def put(session: Session, table: Table, rows: Sequence[Row], keep: Sequence[str] = ()) -> None:
    """Insert the rows, or change those that are there; columns in `keep` stay as they were first written."""
    if rows:
        statement = _put(table, is_postgres(session), tuple(rows[0]), tuple(keep))
        session.execute(statement, [dict(row) for row in rows])


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
