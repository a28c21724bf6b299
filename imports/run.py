"""Importing an order file: read its rows, bring those of each order together, hand over the orders in batches.

The rows of one order may stand anywhere in the file. They are put aside in a private database on disk, which SQLite
removes by itself, and come back order by order in the sequence of first appearance; so memory stays the same however
long the file is.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, BinaryIO, Final

from imports.formats import ImportReport, format_named
from imports.header import filled_cells, match_header
from imports.json_orders import decode, is_json, order_texts
from imports.reading import RawRow, open_table, seekable
from imports.shapes import Format, RefusedRow, Row
from models.errors import AftercareError, Invalid
from models.orders import Order

BATCH: Final = 500
"""How many orders are saved at a time."""

Save = Callable[[list[Order]], list[str]]
Progress = Callable[[int, int | None], None]

_PROGRESS_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class _Found:
    """An order as it was read, and the line it begins on."""

    order: Order
    line: int


def read_orders(stream: BinaryIO, format: str, filename: str) -> Iterator[Order | RefusedRow]:
    """Every order of a file in the sequence of first appearance, and every refused row with line and reason.

    A file that is no table of this format is refused as a whole with ``Invalid`` or ``TooLarge``.
    """
    for _, found in _read(stream, format, filename, None):
        for item in found:
            yield item.order if isinstance(item, _Found) else item


def import_orders(
    stream: BinaryIO,
    format: str,
    filename: str,
    save: Save,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Read a file and save its orders in batches; in a dry run nothing is saved.

    ``save`` answers for every order of its batch "imported", "updated", "unchanged", or why it refused it.
    ``progress`` is told how many rows are done, first without and then with their total.
    """
    report = ImportReport(dry_run=dry_run)
    groups = _read(stream, format, filename, progress)
    orders = _orders(groups, report, progress)
    while batch := list(islice(orders, BATCH)):
        report.orders += len(batch)
        if not dry_run:
            _save(batch, save, report)
    if progress:
        progress(report.rows, report.rows)
    return report


def _orders(
    groups: Iterable[tuple["_Tally", list[_Found | RefusedRow]]],
    report: ImportReport,
    progress: Progress | None,
) -> Iterator[_Found]:
    for tally, found in groups:
        report.rows = tally.total
        if progress and tally.orders_done % BATCH == 0:
            progress(tally.done, tally.total)
        for item in found:
            if isinstance(item, RefusedRow):
                report.refuse(item)
            else:
                yield item


def _save(batch: Sequence[_Found], save: Save, report: ImportReport) -> None:
    answers = save([found.order for found in batch])
    for found, answer in zip(batch, answers, strict=True):
        match answer:
            case "imported":
                report.imported += 1
            case "updated":
                report.updated += 1
            case "unchanged":
                report.unchanged += 1
            case reason:
                report.refuse(RefusedRow(found.line, found.order.order_no, reason))


# ── bringing the rows of an order together ────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Tally:
    """How far the second pass is."""

    total: int
    done: int = 0
    orders_done: int = 0


def _read(
    stream: BinaryIO, format: str, filename: str, progress: Progress | None
) -> Iterator[tuple[_Tally, list[_Found | RefusedRow]]]:
    fmt = format_named(format)
    with seekable(stream) as file, closing(_shelf()) as shelf:
        start = file.read(64)
        file.seek(0)
        if fmt.of_json and is_json(start):
            yield from _read_json(shelf, file, fmt.of_json)
            return
        tally = _Tally(_put_aside(shelf, file, fmt, filename, progress))
        for key, rows in _by_order(shelf):
            tally.done += len(rows)
            tally.orders_done += 1
            yield tally, list(_found(fmt, key, rows))


def _read_json(
    shelf: sqlite3.Connection, file: BinaryIO, read: Callable[[Mapping[str, Any]], Order]
) -> Iterator[tuple[_Tally, list[_Found | RefusedRow]]]:
    """The orders of a JSON file; all of it is found to be JSON before the first of them is handed on."""
    shelf.execute("CREATE TABLE texts (n INTEGER PRIMARY KEY, line INTEGER, text TEXT) STRICT")
    shelf.execute("BEGIN")
    shelf.executemany("INSERT INTO texts (line, text) VALUES (?, ?)", order_texts(file))
    shelf.execute("COMMIT")
    tally = _Tally(int(shelf.execute("SELECT count(*) FROM texts").fetchone()[0]))
    if not tally.total:
        raise Invalid("The file holds no order; there is nothing to import.")
    for line, text in shelf.execute("SELECT line, text FROM texts ORDER BY n"):
        tally.done += 1
        tally.orders_done += 1
        yield tally, [_found_in_json(read, line, decode(text))]


def _found_in_json(
    read: Callable[[Mapping[str, Any]], Order], line: int, body: Mapping[str, Any]
) -> _Found | RefusedRow:
    try:
        return _Found(read(body), line)
    except AftercareError as refused:
        number = next((str(body[name]) for name in ("name", "number", "display_id", "id") if body.get(name)), None)
        return RefusedRow(line, number and number.removeprefix("#")[:100], refused.detail)


def _found(fmt: Format, key: str | None, rows: Sequence[Row | RefusedRow]) -> Iterator[_Found | RefusedRow]:
    if key is None:
        yield from (_orderless(fmt, row) for row in rows)
        return
    for item in fmt.read(key, rows):
        yield _Found(item, rows[0].line) if isinstance(item, Order) else item


def _orderless(fmt: Format, row: Row | RefusedRow) -> RefusedRow:
    if isinstance(row, RefusedRow):
        return row
    return RefusedRow(row.line, None, f"{fmt.order_column}: is empty; every row needs the number of its order")


def _shelf() -> sqlite3.Connection:
    # An empty name is SQLite's private database: in memory while small, then in an unnamed file that goes with it.
    shelf = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    shelf.execute("PRAGMA journal_mode = OFF")
    shelf.execute("PRAGMA cache_size = -65536")
    shelf.execute("CREATE TABLE rows (line INTEGER PRIMARY KEY, order_no TEXT, problem TEXT, cells TEXT) STRICT")
    return shelf


def _put_aside(
    shelf: sqlite3.Connection, stream: BinaryIO, fmt: Format, filename: str, progress: Progress | None
) -> int:
    count = 0
    with open_table(stream, filename) as table:
        columns = match_header(fmt, table.header)
        rows = table.rows
        shelf.execute("BEGIN")
        while batch := list(islice(rows, _PROGRESS_EVERY)):
            shelf.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", [_shelved(fmt, columns, row) for row in batch])
            count += len(batch)
            if progress:
                progress(count, None)
        shelf.execute("COMMIT")
    return count


def _shelved(fmt: Format, columns: Sequence[str | None], row: RawRow) -> tuple[int, str | None, str | None, str]:
    cells = filled_cells(columns, row.cells)
    key = fmt.key(cells.get(fmt.order_column, ""))
    # A broken number cannot be a key, and JSON in ASCII carries even broken text.
    known = key if key and key.isprintable() else None
    return row.line, known, row.problem, "" if row.problem else json.dumps(cells)


def _by_order(shelf: sqlite3.Connection) -> Iterator[tuple[str | None, list[Row | RefusedRow]]]:
    """The rows of each order in file order; those without an order number come first, a few at a time."""
    shelf.execute("CREATE INDEX by_order ON rows (order_no, line)")
    shelf.execute("CREATE TABLE orders (first INTEGER PRIMARY KEY, order_no TEXT NOT NULL) STRICT")
    shelf.execute(
        "INSERT INTO orders SELECT min(line), order_no FROM rows WHERE order_no IS NOT NULL GROUP BY order_no"
    )
    for row in shelf.execute("SELECT line, order_no, problem, cells FROM rows WHERE order_no IS NULL ORDER BY line"):
        yield None, [_unshelved(row)]
    together = shelf.execute(
        "SELECT line, rows.order_no, problem, cells FROM orders CROSS JOIN rows USING (order_no) ORDER BY first, line"
    )
    for key, rows in groupby(together, key=itemgetter(1)):
        yield key, [_unshelved(row) for row in rows]


def _unshelved(row: tuple[int, str, str | None, str]) -> Row | RefusedRow:
    line, order_no, problem, cells = row
    return RefusedRow(line, order_no, problem) if problem else Row(line, json.loads(cells))
