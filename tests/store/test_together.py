"""Writes that are sent together: in their order, all or nothing, and their refusals told as those of single writes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Engine,
    Executable,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from models.tables import Moment, counters
from models.tables.columns import Document
from store.documents import add, ask, execute, put_new, together
from store.engine import reading, writing

scraps = Table(
    "scraps",
    MetaData(),
    Column("seq", Integer, primary_key=True),
    Column("person", String),
    Column("at", Moment),
    Column("value", Document),
)


def counted(engine: Engine) -> dict[str, int]:
    with reading(engine) as session:
        return {row.name: row.value for row in session.execute(select(counters.c.name, counters.c.value))}


def sent(engine: Engine, *writes: tuple[Executable, dict[str, Any] | None]) -> None:
    with writing(engine) as session, together(session):
        for statement, row in writes:
            execute(session, statement, row)


def test_writes_of_a_block_come_in_their_order_and_are_there_when_it_ends(engine: Engine) -> None:
    with writing(engine) as session:
        with together(session):
            put_new(session, counters, [{"name": "cases", "value": 1}, {"name": "orders", "value": 7}])
            with together(session):
                execute(session, update(counters).values(value=counters.c.value * 10))
            execute(session, insert(counters), [{"name": "late", "value": 3}])
        assert session.execute(select(func.sum(counters.c.value))).scalar_one() == 83
    assert counted(engine) == {"cases": 10, "orders": 70, "late": 3}


def test_a_refused_write_undoes_the_whole_transaction_and_is_told_like_any_other(engine: Engine) -> None:
    twice = [{"name": "cases", "value": 1}, {"name": "cases", "value": 2}, {"name": "orders", "value": 3}]
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        sent(engine, *((insert(counters), row) for row in twice))
    assert counted(engine) == {}
    with writing(engine) as session, together(session):
        put_new(session, counters, [{"name": "cases", "value": 4}])
    assert counted(engine) == {"cases": 4}


def test_nothing_of_a_block_that_raises_is_sent(engine: Engine) -> None:
    with pytest.raises(TypeError, match="non-iterable"):
        sent(engine, (insert(counters), {"name": "cases", "value": 1}), None)  # type: ignore[arg-type]
    assert counted(engine) == {}


def test_a_connection_lost_on_the_way_is_known_to_be_lost_and_the_next_one_works(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no connection to lose")
    writes = [(insert(counters), {"name": name, "value": 1}) for name in ("cases", "orders")]
    with pytest.raises(DBAPIError) as lost:
        sent(engine, writes[0], (text("SELECT pg_terminate_backend(pg_backend_pid())"), None), writes[1])
    assert lost.value.connection_invalidated
    with writing(engine) as session, together(session):
        put_new(session, counters, [{"name": "cases", "value": 5}])
    assert counted(engine) == {"cases": 5}


def test_a_connection_that_died_while_it_rested_is_replaced_unnoticed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no connection to lose")
    monkeypatch.setattr("store.engine.ASKED_AFTER_SECONDS", 0.0)
    with writing(engine) as first, writing(engine) as second:
        pids = [one.execute(text("SELECT pg_backend_pid()")).scalar_one() for one in (first, second)]
    with writing(engine) as session:
        serving = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        others = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY(:pids) AND pid <> :me")
        assert len(session.execute(others, {"pids": pids, "me": serving}).all()) == 1
    for _ in range(3):
        with writing(engine) as one, writing(engine) as other:
            assert (one.execute(text("SELECT 1")).scalar_one(), other.execute(text("SELECT 1")).scalar_one()) == (1, 1)


def test_a_question_within_a_block_sees_what_was_written_before_it(engine: Engine) -> None:
    found = select(counters.c.name, counters.c.value).where(counters.c.value > bindparam("least")).order_by("name")
    with writing(engine) as session:
        with together(session):
            put_new(session, counters, [{"name": "cases", "value": 1}, {"name": "orders", "value": 7}])
            small, large = ask(session, (found, {"least": 0}), (found, {"least": 5}))
            assert [(row.name, row.value) for row in small] == [("cases", 1), ("orders", 7)]
            execute(session, update(counters).values(value=counters.c.value * 10))
        assert [row.name for row in large] == ["orders"]
    assert counted(engine) == {"cases": 10, "orders": 70}


@pytest.mark.parametrize("many", [1, 2, 3, 11])
def test_any_number_of_rows_is_written_as_it_was_given(engine: Engine, many: int) -> None:
    at = datetime(2026, 3, 2, 9, 30, 0, 125, tzinfo=UTC)
    rows = [
        {"seq": n, "person": None if n % 2 else "li", "at": at, "value": {"n": n, "name": "电热水壶"}}
        for n in range(many)
    ]
    everything = select(scraps).where(scraps.c.seq >= bindparam("first")).order_by(scraps.c.seq)
    with engine.begin() as connection:
        scraps.create(connection)
    try:
        with writing(engine) as session, together(session):
            add(session, scraps, rows)
        with reading(engine) as session:
            (found,) = ask(session, (everything, {"first": 0}))
        assert [(row.seq, row.person, row.at, row.value) for row in found] == [tuple(row.values()) for row in rows]
    finally:
        with engine.begin() as connection:
            scraps.drop(connection)


def test_a_refused_question_is_told_like_any_other(engine: Engine) -> None:
    divided = select((100 // (counters.c.value - bindparam("gone", type_=Integer))).label("parts"))
    with writing(engine) as session:
        put_new(session, counters, [{"name": "cases", "value": 1}])
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite divides by nothing and answers nothing")
    with pytest.raises(DBAPIError, match="division by zero"), writing(engine) as session:
        ask(session, (divided, {"gone": 1}))
    assert counted(engine) == {"cases": 1}


def test_what_a_connection_has_prepared_outlives_transactions_that_only_read(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite prepares on the spot")
    for _ in range(8):
        assert counted(engine) == {}
    with writing(engine) as session:
        kept = session.execute(text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%counters%'"))
        assert kept.scalar_one() >= 1
