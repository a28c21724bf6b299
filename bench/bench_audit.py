"""How long the audit of the money takes: orders by the hundred thousand, every fourth with a case and its payouts.

    python bench/bench_audit.py [--orders 100000] [--every 4] [--postgresql | --database postgresql://…]

With --postgresql it is a server of its own, without either a file of SQLite.
One order with a refunded case is made by the program itself; its rows are then written again under other numbers.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import Engine, Table, insert, select, text

from models import tables
from store.accounting.audit import audit_money
from store.engine import make_engine, upgrade
from tests.builders import an_order
from tests.databases import postgres_database, postgres_server, sqlite_database
from tests.store.accounting.test_audit import CAME_BACK
from tests.store.till import Till

WITH_EVERY_ORDER = ("orders", "unit_pots", "postage_pots", "payment_pots")
WITH_EVERY_CASE = ("cases", "case_units", "money_moves", "ledger", "payouts")
BATCH = 2000


def models_of(engine: Engine) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rows of one order without a case, and of one with a refund and freight that were paid, by table."""
    plain, refunded = Till(engine, an_order("PLAIN-000000")), Till(engine, an_order("SOLD-0000000"))
    case_no = refunded.opened()
    refunded.drive(case_no, *CAME_BACK, ("manager", "choose_remedy", {"remedy": "refund"}))
    refunded.pay_all(case_no)
    return _rows(engine, plain.order.order_no), _rows(engine, refunded.order.order_no)


def _rows(engine: Engine, order_no: str) -> dict[str, Any]:
    with engine.connect() as connection:
        found = {}
        for name in (*WITH_EVERY_ORDER, *WITH_EVERY_CASE):
            table = tables.metadata.tables[name]
            rows = connection.execute(select(table).where(table.c.order_no == order_no)).mappings()
            found[name] = [dict(row) for row in rows]
        return found


def numbered(rows: list[dict[str, Any]], number: int, order_no: str) -> Iterator[dict[str, Any]]:
    """The same rows for another order and case."""
    names = {order_no: f"{order_no.split('-')[0]}-{number:07d}", "AC-26-000001": f"AC-27-{number:06d}"}
    for row in rows:
        yield {name: _renamed(value, names) for name, value in row.items()}


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, (dict, list)):
        return json.loads(_renamed(json.dumps(value, ensure_ascii=False), names))
    if isinstance(value, str):
        for old, new in names.items():
            value = value.replace(old, new)
    return value


def fill(engine: Engine, orders: int, every: int) -> None:
    """Write the orders, and a refunded case for every so many of them."""
    plain, refunded = models_of(engine)
    for first in range(1, orders + 1, BATCH):
        batch = range(first, min(first + BATCH, orders + 1))
        with engine.begin() as connection:
            for name in (*WITH_EVERY_ORDER, *WITH_EVERY_CASE):
                rows = [
                    row
                    for n in batch
                    for row in (
                        numbered(refunded[name], n, "SOLD-0000000")
                        if n % every == 0
                        else numbered(plain[name], n, "PLAIN-000000")
                    )
                ]
                if rows:
                    connection.execute(insert(_table(name)), rows)


def _table(name: str) -> Table:
    return tables.metadata.tables[name]


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--orders", type=int, default=100_000)
    ask.add_argument("--every", type=int, default=4)
    ask.add_argument("--database")
    ask.add_argument("--postgresql", action="store_true")
    asked = ask.parse_args()
    with a_database(asked.database, asked.postgresql) as url:
        engine = make_engine(url)
        upgrade(engine)
        began = time.perf_counter()
        fill(engine, asked.orders, asked.every)
        analysed(engine)
        filled, worked = time.perf_counter(), time.process_time()
        audited = audit_money(engine)
        took, worked = time.perf_counter() - filled, time.process_time() - worked
        engine.dispose()
    told = f"{audited.orders} orders, {audited.cases} cases, {audited.payouts} payouts, {audited.postings} postings"
    took_told = f"audited in {took:.1f} s, {worked:.1f} of them our own processor's, {len(audited.findings)} findings"
    rest = f"written in {filled - began:.0f} s, load {os.getloadavg()[0]:.1f}"
    sys.stdout.write(f"{told}: {took_told} ({rest})\n")


@contextmanager
def a_database(named: str | None, postgresql: bool) -> Iterator[str]:
    """The database that was named, a PostgreSQL server of its own, or a file."""
    if named:
        yield named
    elif postgresql:
        with postgres_server() as server, postgres_database(server) as url:
            yield url
    else:
        with sqlite_database(gettempdir()) as url:
            yield url


def analysed(engine: Engine) -> None:
    """What an operator's database does by itself in time, so that the queries are planned by what is there."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


if __name__ == "__main__":
    main()
