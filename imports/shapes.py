"""The words this room speaks in: a row of a file, a row that was refused, and what a format is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.orders import Order


@dataclass(frozen=True, slots=True)
class Row:
    """One row by its line in the file; ``cells`` holds what is filled, by column, without outer spaces."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not taken: its line in the file, its order where known, and how to mend it."""

    line: int
    order_no: str | None
    reason: str


Reader = Callable[[str, Sequence[Row | RefusedRow]], Iterator[Order | RefusedRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A kind of order file: its columns, and how the rows of one order become that order.

    ``columns`` maps every spelling of a heading, folded by ``fold``, to the column's own name. ``key`` tidies an
    order number. ``read`` gets all rows of one order in file order and answers at most one order; it never raises.
    ``of_json`` reads one order of a JSON file, for a format that comes as one, and raises ``OrderInvalid``.
    """

    name: str
    columns: Mapping[str, str]
    required: tuple[str, ...]
    order_column: str
    fold: Callable[[str], str]
    key: Callable[[str], str]
    read: Reader
    refuses_unknown_columns: bool
    of_json: Callable[[Mapping[str, Any]], Order] | None = None
