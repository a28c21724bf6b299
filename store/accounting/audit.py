"""The books of every order, read batch by batch as of one moment, for `models.accounting.audit`."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Connection, Engine, Select, Table, case, func, select

from models.accounting.audit import Books, CaseRow, EntryRow, Finding, MoveRow, PayoutRow, PostedRow, PotRow, audit
from models.accounting.payments import STORE_CREDIT
from models.money import to_text
from models.tables import (
    balance_entries,
    balances,
    cases,
    ledger,
    money_moves,
    orders,
    payment_pots,
    payouts,
    postage_pots,
    unit_pots,
)

_BATCH = 4000
#: So many orders that were named are asked for in one query.
_NAMED_AT_ONCE = 500
#: Which rows, by the column that holds the number of their order.
Which = Callable[[ColumnElement[Any]], ColumnElement[bool]]


class Audited(BaseModel):
    """What was looked at, and what does not agree."""

    model_config = ConfigDict(frozen=True)

    orders: int
    cases: int
    payouts: int
    postings: int
    findings: tuple[Finding, ...]


def audit_money(engine: Engine) -> Audited:
    """Look at all orders, and at cases without one, as they are at one moment; writes nothing."""
    counted = {"orders": 0, "cases": 0, "payouts": 0, "postings": 0}
    findings: list[Finding] = []
    with _one_moment(engine).connect() as connection:
        findings += _balances(connection)
        for books in _without_order(connection):
            findings += _looked_at(books, counted)
        for books in _every_order(connection):
            counted["orders"] += 1
            findings += _looked_at(books, counted)
    return Audited(**counted, findings=tuple(findings))


def audit_orders(engine: Engine, order_nos: Sequence[str]) -> Audited:
    """The same for these orders alone: for a look at what was touched since the last one."""
    counted = {"orders": 0, "cases": 0, "payouts": 0, "postings": 0}
    findings: list[Finding] = []
    with _one_moment(engine).connect() as connection:
        for books in _these_orders(connection, sorted(set(order_nos))):
            counted["orders"] += 1
            findings += _looked_at(books, counted)
    return Audited(**counted, findings=tuple(findings))


def audit_some(engine: Engine, after: str | None, limit: int) -> tuple[Audited, str | None]:
    """A page of all books, by the number of the order, and where the next one begins; None after the last.

    The first has what belongs to no order besides. Each page is a moment of its own, and so is each order in it.
    """
    counted = {"orders": 0, "cases": 0, "payouts": 0, "postings": 0}
    findings: list[Finding] = []
    with _one_moment(engine).connect() as connection:
        if after is None:
            findings += _balances(connection)
            for books in _without_order(connection):
                findings += _looked_at(books, counted)
        found = _order_nos(connection, after or "", limit)
        for books in _books(connection, partial(_between, found[0], found[-1])) if found else ():
            counted["orders"] += 1
            findings += _looked_at(books, counted)
    audited = Audited(**counted, findings=tuple(findings))
    return audited, found[-1] if len(found) == limit else None


def _order_nos(connection: Connection, after: str, limit: int) -> Sequence[str]:
    numbers = select(orders.c.order_no).where(orders.c.order_no > after).order_by(orders.c.order_no)
    return connection.execute(numbers.limit(limit)).scalars().all()


def _these_orders(connection: Connection, order_nos: Sequence[str]) -> Iterator[Books]:
    for first in range(0, len(order_nos), _NAMED_AT_ONCE):
        yield from _books(connection, partial(_among, order_nos[first : first + _NAMED_AT_ONCE]))


def _books(connection: Connection, which: Which) -> Iterator[Books]:
    """The books of the orders whose number is one of those."""
    found = select(orders.c.order_no, orders.c.currency).where(which(orders.c.order_no)).order_by(orders.c.order_no)
    books = {row.order_no: Books(row.order_no, row.currency) for row in connection.execute(found)}
    _add_pots(connection, books, which)
    _add_cases(connection, books, which(cases.c.order_no))
    yield from books.values()


def _looked_at(books: Books, counted: dict[str, int]) -> Iterator[Finding]:
    counted["cases"] += len(books.cases)
    counted["payouts"] += len(books.payouts)
    counted["postings"] += len(books.postings)
    return audit(books)


def _one_moment(engine: Engine) -> Engine:
    """All queries see the same, while the shop goes on working."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(aftercare_reading=True)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def _balances(connection: Connection) -> Iterator[Finding]:
    """Every balance is what its entries come to, and they are numbered without a gap (R2)."""
    entries = balance_entries.c
    gives = entries.what.in_(("credited", "put_back"))
    signed = func.sum(case((gives, entries.amount), else_=-entries.amount))
    named = (entries.customer_id, entries.currency)
    sums = select(*named, signed, func.count(), func.max(entries.number)).group_by(*named)
    made = {(row[0], row[1]): (int(row[2]), row[3], row[4]) for row in connection.execute(sums)}
    for row in connection.execute(select(balances)):
        came_to = made.pop((row.customer_id, row.currency), (0, 0, 0))
        if came_to != (row.amount, row.entries, row.entries):
            told = f"The balance of {row.customer_id} is {to_text(row.amount, row.currency)} {row.currency}"
            made_of = f"of {row.entries} entries, its entries come to {to_text(came_to[0], row.currency)}"
            yield Finding(sort="balance", order_no=None, detail=f"{told} {made_of}, and are {came_to[1]}.")
    for customer, currency in made:
        yield Finding(sort="balance", order_no=None, detail=f"{customer} has entries in {currency} and no balance.")


def _every_order(connection: Connection) -> Iterator[Books]:
    last = ""
    while found := _order_nos(connection, last, _BATCH):
        yield from _books(connection, partial(_between, found[0], found[-1]))
        last = found[-1]


def _among(order_nos: Sequence[str], column: ColumnElement[Any]) -> ColumnElement[bool]:
    return column.in_(order_nos)


def _between(first: str, last: str, column: ColumnElement[Any]) -> ColumnElement[bool]:
    return column.between(first, last)


def _without_order(connection: Connection) -> Iterator[Books]:
    """Cases of no order may have money too: an announced transfer that came in (L12)."""
    found = select(cases.c.case_no, cases.c.currency, cases.c.document["announced"]["currency"].as_string())
    books: dict[str, Books] = {}
    for case_no, currency, announced in connection.execute(found.where(cases.c.order_no.is_(None))):
        books[case_no] = Books(None, currency or announced)
    if books:
        _add_cases(connection, books, cases.c.order_no.is_(None), cases.c.case_no)
    yield from books.values()


def _add_pots(connection: Connection, books: dict[str, Books], which: Which) -> None:
    found = _of(unit_pots, which, "line_no", "rank", "units", "goods", "tax", "units_out", "withheld", "raised")
    for no, in_flight, refunded, line_no, rank, count, goods, tax, out, withheld, raised in connection.execute(found):
        paid = count * (goods + tax) + raised
        books[no].pots.append(PotRow(("unit", line_no, rank), paid, count, out, in_flight, refunded, withheld, raised))
    for no, in_flight, refunded, name, amount, tax in connection.execute(
        _of(postage_pots, which, "shipment_no", "postage", "tax")
    ):
        books[no].pots.append(PotRow(("postage", name, 0), amount + tax, 0, 0, in_flight, refunded, 0))
    for no, in_flight, refunded, name, amount, method, by in connection.execute(
        _of(payment_pots, which, "payment_no", "amount", "method", "collected_by")
    ):
        raised = amount if by is not None else 0
        books[no].pots.append(PotRow(("payment", name, 0), amount, 0, 0, in_flight, refunded, 0, raised))
        if method.strip().lower() == STORE_CREDIT:
            books[no].paid_by_credit.add(name)
    entries = balance_entries.c
    written = select(entries.order_no, *(entries[name] for name in EntryRow._fields))
    for no, *row in connection.execute(written.where(which(entries.order_no))):
        if no in books:
            books[no].entries.append(EntryRow._make(row))


def _of(table: Table, which: Which, *names: str) -> Select[Any]:
    every = ("order_no", "in_flight", "refunded", *names)
    return select(*(table.c[name] for name in every)).where(which(table.c.order_no))


def _add_cases(
    connection: Connection,
    books: dict[str, Books],
    which: ColumnElement[bool],
    by: ColumnElement[str] = cases.c.order_no,
) -> None:
    """Cases with what hangs on them; rows of a case that was linked later count for the order it has now."""
    for key, *row in connection.execute(_told(by).where(which)):
        books[key].cases.append(CaseRow(row[0], row[1] or {}, row[2] or (), row[3] or (), row[4] or 0, row[5]))
    for key, *row in connection.execute(_hanging(by, money_moves, *MoveRow._fields).where(which)):
        books[key].moves.append(MoveRow._make(row))
    for key, *row in connection.execute(_hanging(by, payouts, "id", *PayoutRow._fields[1:]).where(which)):
        books[key].payouts.append(PayoutRow._make(row))
    for key, *row in connection.execute(_hanging(by, ledger, *PostedRow._fields).where(which)):
        books[key].postings.append(PostedRow._make(row))


def _told(by: ColumnElement[str]) -> Select[Any]:
    document = cases.c.document
    parts = ("money", "payouts", "claims")
    advanced = document["advanced_freight"].as_integer()
    return select(by, cases.c.case_no, *(document[part] for part in parts), advanced, document["second_order"])


def _hanging(by: ColumnElement[str], table: Table, *names: str) -> Select[Any]:
    joined = table.join(cases, cases.c.case_no == table.c.case_no)
    return select(by, *(table.c[name] for name in names)).select_from(joined)
