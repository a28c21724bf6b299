"""Keeping the database: a copy that can be read back, and case rows computed anew from their documents."""

import base64
import json
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, Engine, LargeBinary, Table, delete, insert, select, update
from sqlalchemy.orm import Session

from models import tables
from models.case import Case
from models.errors import Conflict, NotFound
from store import documents, facts, projection
from store.accounting import claims
from store.goods import loaners, warranties
from store.oversight import callbacks, reasons, usual
from store.projection import Calendars
from store.stock import waiting

_BATCH = 500


class Rebuilt(BaseModel):
    """How many open cases and clocks were computed anew, and how many cases were not as they are now."""

    model_config = ConfigDict(frozen=True)

    cases: int
    clocks: int
    changed: int


# ── rebuilding ────────────────────────────────────────────────────────────────────────────────────


def rebuild(session: Session, calendars: Calendars) -> Rebuilt:
    """Compute the rows, clocks and reasons to be stuck of all open cases from their documents, and what reports count
    of every case.

    Timeline, money and payouts are records and are not touched; neither is what is known of the customer.
    """
    here = tables.cases.c
    open_cases = select(here.case_no, here.document, here.customer_name, here.phone_tail).where(here.is_open)
    clocks = changed = 0
    reasons.forget_closed(session)
    known = usual.known(session)
    # Locked, so that no commit comes in between and is then written over with what was before it.
    rows = session.execute(open_cases.order_by(here.case_no).with_for_update()).all()
    for row in rows:
        case = projection.arm(Case.model_validate(row.document), calendars)
        found = projection.search_text(case, row.customer_name, row.phone_tail)
        document = case.model_dump(mode="json")  # to be compared with what is read, and so not as text
        columns = {**projection.columns_of(case, calendars, known), "document": document, "search_text": found}
        clock_rows = projection.clock_rows(case, calendars)
        rewritten = _rewrite(session, columns, clock_rows)
        changed += reasons.write(session, case, projection.times_of(case, calendars, known)) or rewritten
        callbacks.rebuild(session, case)
        facts.write(session, case)
        clocks += len(clock_rows)
    claims.rebuild(session)
    waiting.rebuild(session)
    warranties.rebuild(session)
    loaners.rebuild(session)
    facts.rebuild_closed(session)
    return Rebuilt(cases=len(rows), clocks=clocks, changed=changed)


def _rewrite(session: Session, columns: Mapping[str, Any], clock_rows: list[dict[str, Any]]) -> bool:
    """Write a case's row and clocks; whether anything of them was different before."""
    case_no = columns["case_no"]
    row = tables.cases.c.case_no == case_no
    clocks = tables.case_clocks
    own = clocks.c.case_no == case_no
    ordered = select(clocks).where(own).order_by(clocks.c.clock, clocks.c.cycle)
    before = session.execute(select(tables.cases).where(row)).mappings().one()
    clocks_before = [dict(clock) for clock in session.execute(ordered).mappings()]
    by_name = sorted(clock_rows, key=lambda clock: (clock["clock"], clock["cycle"]))
    if clocks_before == by_name and all(before[name] == value for name, value in columns.items()):
        return False
    session.execute(update(tables.cases).where(row).values(**columns))
    session.execute(delete(clocks).where(own))
    documents.put(session, clocks, clock_rows)
    return True


# ── backup ────────────────────────────────────────────────────────────────────────────────────────


def backup(engine: Engine, path: Path | str) -> Path:
    """Copy the whole database while it is in use, and answer where to.

    SQLite gives one database file; PostgreSQL a folder with one file of JSON lines per table, all as of one
    moment, which `read_back` takes in again. Raises Conflict when something is at `path` already.
    """
    target = Path(path)
    if target.exists():
        raise Conflict(f"{target} exists already; name a path that does not.")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    if engine.dialect.name == "sqlite":
        partial.unlink(missing_ok=True)
        _copy_sqlite(engine, partial)
    else:
        partial.mkdir(exist_ok=True)
        _write_tables(engine, partial)
    return partial.rename(target)


def _copy_sqlite(engine: Engine, target: Path) -> None:
    source = engine.raw_connection()
    copy = sqlite3.connect(target)
    try:
        connection = source.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        connection.backup(copy)
    finally:
        copy.close()
        source.close()


def _write_tables(engine: Engine, folder: Path) -> None:
    one_moment = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with one_moment.connect() as connection:
        for table in tables.metadata.sorted_tables:
            with (folder / f"{table.name}.jsonl").open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(documents.to_json(row) + "\n" for row in _plain_rows(connection, table))


def _plain_rows(connection: Connection, table: Table) -> Iterator[dict[str, Any]]:
    rows = connection.execution_options(stream_results=True).execute(select(table)).mappings()
    for row in rows:
        yield {k: _as_text(v) for k, v in row.items()}


def _as_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def read_back(engine: Engine, folder: Path | str) -> dict[str, int]:
    """Take a folder written by `backup` into an empty database of the same revision; rows per table.

    Raises NotFound when the folder is none, Conflict when the database is not empty.
    """
    source = Path(folder)
    missing = [table.name for table in tables.metadata.sorted_tables if not _file(source, table).is_file()]
    if missing:
        raise NotFound(f"{source} is no backup: {missing[0]}.jsonl is missing.")
    with engine.begin() as connection:
        for table in tables.metadata.sorted_tables:
            if connection.execute(select(table).limit(1)).first() is not None:
                raise Conflict(f"The database has {table.name} already; read a backup into an empty one.")
        return {table.name: _read_table(connection, table, source) for table in tables.metadata.sorted_tables}


def _file(folder: Path, table: Table) -> Path:
    return folder / f"{table.name}.jsonl"


def _read_table(connection: Connection, table: Table, folder: Path) -> int:
    count = 0
    batch: list[dict[str, Any]] = []
    with _file(folder, table).open(encoding="utf-8") as file:
        for line in file:
            batch.append(_typed(table, json.loads(line)))
            if len(batch) == _BATCH:
                connection.execute(insert(table), batch)
                count, batch = count + _BATCH, []
    if batch:
        connection.execute(insert(table), batch)
    return count + len(batch)


def _typed(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    moments = {column.name for column in table.columns if isinstance(column.type, (tables.Moment, tables.Micros))}
    raw = {column.name for column in table.columns if isinstance(column.type, LargeBinary)}
    return {k: _read_as(v, k in moments, k in raw) for k, v in row.items()}


def _read_as(value: Any, is_moment: bool, is_raw: bool) -> Any:
    if value is None:
        return None
    if is_moment:
        return datetime.fromisoformat(value)
    return base64.b64decode(value) if is_raw else value
