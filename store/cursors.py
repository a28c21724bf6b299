"""Where a list goes on: behind the sort values of the last row seen, so that no new row shifts a page."""

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Tuple, literal, tuple_

from models.errors import Invalid
from models.tables import Micros, Moment


def encode(sort: str, values: Sequence[object]) -> str:
    """An opaque cursor behind the row with these sort values."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps([sort, plain]).encode()).decode().rstrip("=")


def after_key(cursor: str, sort: str, column: Column[Any]) -> Any:
    """The one value of a cursor, for a list that is cut outside the database. Raises Invalid like `decode`."""
    return _values(cursor, sort, (column,))[0]


def decode(cursor: str, sort: str, columns: Sequence[Column[Any] | ColumnElement[Any]]) -> Tuple:
    """The values of a cursor, to compare the columns with. Raises Invalid when it is not one of this sort."""
    values = _values(cursor, sort, columns)
    return tuple_(*(literal(value, column.type) for value, column in zip(values, columns, strict=True)))


def _values(cursor: str, sort: str, columns: Sequence[Column[Any] | ColumnElement[Any]]) -> list[object]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        made_for, plain = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
        values = [_typed(value, column) for value, column in zip(plain, columns, strict=True)]
    except (ValueError, TypeError):
        raise _not_ours() from None
    if made_for != sort:
        raise _not_ours()
    return values


def _typed(value: object, column: Column[Any] | ColumnElement[Any]) -> object:
    if isinstance(column.type, (Moment, Micros)):
        at = datetime.fromisoformat(str(value))
        if at.tzinfo is None:
            raise ValueError("no offset")
        return at
    if not isinstance(value, column.type.python_type) or isinstance(value, bool):
        raise TypeError("another type")
    if isinstance(value, int) and abs(value) >= 2 ** (63 if isinstance(column.type, BigInteger) else 31):
        raise ValueError("out of range")
    return value


def _not_ours() -> Invalid:
    told = "The cursor is not one of this list; begin again without it."
    return Invalid(told, errors=[{"field": "cursor", "message": told}])
