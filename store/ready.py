"""Statements made ready for PostgreSQL once, and then sent as they are: several writes and questions in one journey.

SQLAlchemy prepares every execution anew, which takes longer than most of the statements of a commit. What is sent here
is what it composed, with the values as its types write them, by the driver's own cursors.
"""

import re
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from psycopg import RawCursor
from sqlalchemy import ClauseElement, Connection, Dialect, Executable, Insert, SelectBase, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from store.complaints import bared

Row = Mapping[str, Any]
#: A write or question with what it is given: one row, several, or nothing.
Sent = tuple[Executable, Row | Sequence[Row] | None]
_Convert = Callable[[Any], Any] | None

#: So many rows go into one INSERT; each number of rows has a statement of its own.
ROWS_AT_ONCE: Final = 8

_PLACE: Final = re.compile(r"%\((\w+)\)s|%%")


@dataclass(frozen=True, slots=True)
class Ready:
    """A statement as the driver takes it: its text, which value goes to which place, and how answers are read."""

    text: bytes
    places: tuple[tuple[int, str, _Convert], ...]  # of which row, which value
    row: Callable[[Sequence[Any]], Any]
    read: tuple[tuple[int, Callable[[Any], Any]], ...]
    fixed: Mapping[str, Any]  # values that belong to the statement itself

    def values(self, given: Sequence[Row]) -> list[Any]:
        """What the statement is given, in the order of its places."""
        told = [{**self.fixed, **row} for row in given] if self.fixed else given
        return [told[n][name] if convert is None else convert(told[n][name]) for n, name, convert in self.places]

    def rows(self, found: Sequence[Sequence[Any]]) -> list[Any]:
        """The answers, by the names of their columns."""
        return [self.row(self._read(one)) for one in found]

    def _read(self, found: Sequence[Any]) -> Sequence[Any]:
        values = list(found)
        for place, read in self.read:
            values[place] = read(values[place])
        return values


@lru_cache(maxsize=500)
def ready(statement: ClauseElement, dialect: Dialect, names: tuple[str, ...], rows: int = 1) -> Ready | None:
    """The statement made ready, an INSERT for so many rows; None for one whose text depends on its values, which
    SQLAlchemy has to send."""
    if rows > 1 and isinstance(statement, Insert):
        here = statement.table.c
        each = [{name: bindparam(_of_row(name, n), type_=here[name].type) for name in names} for n in range(rows)]
        statement = statement.values(each)
    source = {_of_row(name, n): (n, name) for n in range(rows) for name in names} if rows > 1 else {}
    asks = isinstance(statement, SelectBase)
    compiled = statement.compile(dialect=dialect, column_keys=None if asks or rows > 1 else list(names))
    assert isinstance(compiled, SQLCompiler)
    by_itself = compiled.insert_prefetch or compiled.update_prefetch or compiled.post_compile_params
    if by_itself or any(bind.expanding for bind in compiled.bind_names):
        return None
    text, order = _numbered(str(compiled))
    types = {name: bind.type.dialect_impl(dialect) for bind, name in compiled.bind_names.items()}
    columns = list(statement.selected_columns) if isinstance(statement, SelectBase) else []
    reading = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    return Ready(
        text=text.encode(),
        places=tuple((*source.get(name, (0, name)), types[name].bind_processor(dialect)) for name in order),
        row=namedtuple("Row", [str(column.name) for column in columns], rename=True)._make,  # type: ignore[attr-defined]
        read=tuple((place, read) for place, read in enumerate(reading) if read is not None),
        fixed={name: value for name, value in compiled.params.items() if name not in names and name not in source},
    )


def _of_row(name: str, number: int) -> str:
    return f"{name}__{number}"


def _numbered(text: str) -> tuple[str, list[str]]:
    """The text with $1, $2 … for its places, and their names in that order."""
    order: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        return f"${order.setdefault(found[1], len(order) + 1)}" if found[1] else "%"

    return _PLACE.sub(place, text), list(order)


def send(connection: Connection, writes: Sequence[Sent], questions: Sequence[tuple[SelectBase, Row]]) -> list[Any]:
    """Send the writes in their order and then ask the questions, all in one journey; answers the rows of each.

    A refusal by the database ends the whole transaction, as it does for a write that is sent alone.
    """
    driver: Any = connection.connection.driver_connection
    try:
        with driver.pipeline():
            cursor = RawCursor(driver)
            for statement, given in writes:
                _write(connection, cursor, statement, given)
            asked = [_ask(connection, statement, given) for statement, given in questions]
            return [one.rows(answer.fetchall()) for one, answer in asked]
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy_says_it(connection, error) from error


def _write(connection: Connection, cursor: Any, statement: Any, given: Row | Sequence[Row] | None) -> None:
    rows: Sequence[Row] = [given] if isinstance(given, Mapping) else given or ()
    if not rows:
        connection.execute(statement, given)
        return
    at_once = len(rows) if len(rows) <= ROWS_AT_ONCE and _takes_rows(statement, rows[0]) else 1
    prepared = ready(statement, connection.dialect, tuple(rows[0]), at_once)
    if prepared is None:
        connection.execute(statement, given)
        return
    for first in range(0, len(rows), at_once):
        cursor.execute(prepared.text, prepared.values(rows[first : first + at_once]))


def _takes_rows(statement: Any, row: Row) -> bool:
    """Whether it is an INSERT of nothing but these columns."""
    return isinstance(statement, Insert) and statement.select is None and row.keys() <= set(statement.table.c.keys())


def _ask(connection: Connection, statement: SelectBase, given: Row) -> tuple[Ready, Any]:
    prepared = ready(statement, connection.dialect, tuple(given))
    assert prepared is not None, "a question whose text depends on its values cannot be sent with others"
    cursor: Any = RawCursor(connection.connection.driver_connection)  # type: ignore[arg-type]
    return prepared, cursor.execute(prepared.text, prepared.values((given,)))


def _as_sqlalchemy_says_it(connection: Connection, error: Exception) -> BaseException:
    """What comes to light on the journey is told by the driver, past SQLAlchemy."""
    lost = connection.dialect.is_disconnect(error, connection.connection.driver_connection, None)  # type: ignore[arg-type]
    if lost:
        connection.invalidate(error)
    bared(error)
    kind = connection.dialect.loaded_dbapi.Error
    told = "the statements of a transaction"
    return DBAPIError.instance(told, None, error, kind, connection_invalidated=lost, dialect=connection.dialect)
