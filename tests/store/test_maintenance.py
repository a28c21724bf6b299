"""A backup can be read, and a rebuilt row is the row that was there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, delete, select, update
from sqlalchemy.exc import OperationalError

from models import tables
from models.errors import Conflict, NotFound
from models.lifecycle import State
from models.tables import metadata
from store import cases, maintenance
from store.engine import reading, revisions, writing
from tests.builders import CALENDARS, DAY, NOW
from tests.databases import opened
from tests.store.desk import commit, import_order, next_version, open_case, refund, refund_draws


def a_shop(engine: Engine) -> None:
    """Three cases: one with money in flight and a waybill, one waiting for the customer, one closed."""
    order = import_order(engine)
    first = open_case(engine, order, {1: 1}, description="漏水", contact={"name": "王小明"})
    payout, draw = refund("k:1", refund_draws(order))
    commit(engine, next_version(first, payouts=(payout,), waybills=("SF1029",), owner="li"), money=(draw,))
    open_case(engine, order, {2: 1}, over={"state": State.AWAITING_RETURN, "opened_at": NOW - 9 * DAY})
    third = open_case(engine, order, {2: 1}, idempotency_key="web-1", request_hash="x")
    commit(engine, next_version(third, state=State.CLOSED, closed_at=NOW))


def everything(engine: Engine) -> dict[str, list[Any]]:
    with reading(engine) as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }


def rebuilt(engine: Engine) -> maintenance.Rebuilt:
    with writing(engine) as session:
        return maintenance.rebuild(session, CALENDARS)


# ── rebuilding ────────────────────────────────────────────────────────────────────────────────────


def test_rebuilding_a_sound_database_changes_nothing(engine: Engine) -> None:
    a_shop(engine)
    before = everything(engine)
    assert rebuilt(engine) == maintenance.Rebuilt(cases=2, clocks=2, changed=0)
    assert everything(engine) == before


def test_rebuilding_mends_rows_and_clocks_of_open_cases_and_leaves_records_alone(engine: Engine) -> None:
    a_shop(engine)
    sound = everything(engine)
    with writing(engine) as session:
        here = tables.cases.c.case_no == "AC-26-000001"
        spoilt = {"owner": "nobody", "due_at": None, "search_text": "?", "state": "?"}
        session.execute(update(tables.cases).where(here).values(spoilt))
        session.execute(delete(tables.case_clocks).where(tables.case_clocks.c.case_no == "AC-26-000002"))
    assert rebuilt(engine).changed == 2
    assert everything(engine) == sound
    assert rebuilt(engine).changed == 0


def test_nobody_writes_a_case_while_it_is_rebuilt(engine: Engine) -> None:
    """What was committed in between would be written over with what the case was before."""
    a_shop(engine)
    with writing(engine) as session:
        maintenance.rebuild(session, CALENDARS)
        with impatient(engine) as other, pytest.raises(OperationalError):
            other.execute(update(tables.cases).values(owner="zhang"))


@contextmanager
def impatient(engine: Engine) -> Iterator[Connection]:
    """A connection that waits for nobody's locks."""
    other = create_engine(engine.url)
    patience = "PRAGMA busy_timeout = 0" if engine.dialect.name == "sqlite" else "SET lock_timeout = '10ms'"
    with other.connect() as connection:
        connection.exec_driver_sql(patience)
        yield connection
    other.dispose()


def test_open_cases_are_named_for_restoring(engine: Engine) -> None:
    a_shop(engine)
    with reading(engine) as session:
        assert list(cases.open_case_nos(session)) == ["AC-26-000001", "AC-26-000002"]


# ── backup ────────────────────────────────────────────────────────────────────────────────────────


def test_a_backup_holds_everything(engine: Engine, second_engine: Engine, tmp_path: Path) -> None:
    a_shop(engine)
    copy = maintenance.backup(engine, tmp_path / "safe" / "backup")
    if engine.dialect.name == "sqlite":
        with opened(f"sqlite:///{copy}", upgraded=False) as kept:
            assert revisions(kept).up_to_date
            assert everything(kept) == everything(engine)
    else:
        counts = maintenance.read_back(second_engine, copy)
        assert (counts["cases"], counts["orders"], counts["money_moves"]) == (3, 1, 1)
        assert everything(second_engine) == everything(engine)


def test_a_backup_is_taken_while_somebody_writes(engine: Engine, tmp_path: Path) -> None:
    a_shop(engine)
    with writing(engine) as session:
        session.execute(update(tables.orders).values(channel="half written"))
        copy = maintenance.backup(engine, tmp_path / "backup")
    assert copy.exists()


def test_a_backup_never_overwrites_one(engine: Engine, tmp_path: Path) -> None:
    maintenance.backup(engine, tmp_path / "backup")
    with pytest.raises(Conflict, match="exists already"):
        maintenance.backup(engine, tmp_path / "backup")


def test_a_backup_is_read_only_into_an_empty_database(engine: Engine, tmp_path: Path) -> None:
    a_shop(engine)
    for table in metadata.sorted_tables:
        (tmp_path / f"{table.name}.jsonl").touch()
    with pytest.raises(Conflict, match="empty one"):
        maintenance.read_back(engine, tmp_path)


def test_a_folder_without_a_table_is_no_backup(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="missing"):
        maintenance.read_back(engine, tmp_path)
