"""The schema: made by migrations, described by models/tables.py, and defended by the database."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Constraint, Engine, Index, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from models.tables import cases, counters, metadata, orders, payment_pots, unit_pots
from store.engine import make_engine, reading, revisions, upgrade, writing
from tests.databases import opened, sqlite_database
from tests.store.desk import import_order, open_case


def _described(engine: Engine) -> dict[str, object]:
    seen: Any = inspect(engine)
    return {
        table: {
            "columns": [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in seen.get_columns(table)],
            "primary key": seen.get_pk_constraint(table),
            "foreign keys": sorted(seen.get_foreign_keys(table), key=lambda key: str(key["name"])),
            "checks": sorted(seen.get_check_constraints(table), key=lambda check: str(check["name"])),
            "indexes": sorted(
                (str(index["name"]), str(index["column_names"]), index["unique"]) for index in seen.get_indexes(table)
            ),
        }
        for table in sorted(seen.get_table_names())
        if table != "alembic_version"
    }


def test_the_migrations_make_the_schema_that_the_tables_describe(bare_engine: Engine) -> None:
    upgrade(bare_engine)
    with bare_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrated_and_created_schemas_are_alike_to_the_last_check(bare_engine: Engine) -> None:
    metadata.create_all(bare_engine)
    created = _described(bare_engine)
    metadata.drop_all(bare_engine)
    upgrade(bare_engine)
    assert _described(bare_engine) == created


def test_every_constraint_and_index_has_a_name() -> None:
    things: list[Constraint | Index] = []
    for table in metadata.sorted_tables:
        things += [*table.constraints, *table.indexes]
    assert [str(thing) for thing in things if thing.name is None] == []


def test_a_new_database_knows_that_it_is_behind_until_it_is_upgraded(bare_engine: Engine) -> None:
    assert not revisions(bare_engine).up_to_date
    assert upgrade(bare_engine).up_to_date
    assert upgrade(bare_engine) == revisions(bare_engine)  # a second time changes nothing


def test_times_come_back_in_utc_whatever_zone_they_were_given_in(engine: Engine) -> None:
    in_shanghai = datetime(2026, 3, 4, 10, 0, tzinfo=timezone(timedelta(hours=8)))
    order = import_order(engine)
    with writing(engine) as session:
        session.execute(update(orders).values(placed_at=in_shanghai))
    with reading(engine) as session:
        kept = session.execute(select(orders.c.placed_at).where(orders.c.order_no == order.order_no)).scalar_one()
    assert kept == datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
    assert kept.utcoffset() == timedelta(0)


def test_a_time_without_offset_is_refused(engine: Engine) -> None:
    import_order(engine)
    with pytest.raises(StatementError, match="without its offset"), writing(engine) as session:
        session.execute(update(orders).values(placed_at=datetime(2026, 3, 4)))


@pytest.mark.parametrize(
    "too_much",
    [
        update(unit_pots).values(in_flight=12900 * 2 + 1),
        update(unit_pots).values(refunded=12900, withheld=12901),  # 25801 of 25800
        update(unit_pots).values(units_out=5),
        update(unit_pots).values(in_flight=-1),
        update(payment_pots).values(refunded=34761),
    ],
)
def test_the_database_itself_refuses_more_than_was_paid(engine: Engine, too_much: Any) -> None:
    import_order(engine)
    with pytest.raises(IntegrityError), writing(engine) as session:
        session.execute(too_much)


def test_a_case_of_an_unknown_order_cannot_be_kept(engine: Engine) -> None:
    case = open_case(engine, import_order(engine))
    with pytest.raises(IntegrityError), writing(engine) as session:
        session.execute(update(cases).where(cases.c.case_no == case.case_no).values(order_no="NOBODY"))


def test_a_block_that_raises_leaves_nothing_behind(engine: Engine) -> None:
    def fall_over() -> None:
        with writing(engine) as session:
            session.execute(insert(counters).values(name="kettles", value=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fall_over()
    with reading(engine) as session:
        assert session.execute(select(counters)).all() == []


def test_reading_does_not_wait_for_a_writer(engine: Engine) -> None:
    import_order(engine)
    with writing(engine) as writer, reading(engine) as reader:
        writer.execute(update(orders).values(channel="changed"))
        assert reader.execute(select(orders.c.channel)).scalar_one() == "shop"


def test_sqlite_runs_in_wal_mode_with_foreign_keys() -> None:
    with sqlite_database() as url, opened(url) as engine, engine.connect() as connection:
        set_to = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert set_to == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1}


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_postgresql_url_goes_through_psycopg_3(scheme: str) -> None:
    engine = make_engine(f"{scheme}://shop:secret@db.example/aftercare")
    assert engine.driver == "psycopg"
    assert "secret" not in repr(engine.url)


def test_a_statement_that_fails_does_not_say_what_was_to_be_written(engine: Engine) -> None:
    """The words of an error go into logs, and of an activity into Temporal's history."""
    with pytest.raises(DBAPIError) as failed, writing(engine) as session:
        session.execute(text("INSERT INTO nowhere (phone) VALUES (:phone)"), {"phone": "13800138000"})
    assert "nowhere" in str(failed.value)
    assert "13800138000" not in str(failed.value)
