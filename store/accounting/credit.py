"""Store credit: a running account for each customer and currency, and every entry that made it (R2).

Whoever changes an account locks it first. An entry has a key of its own, so that a repeat after any failure writes
nothing twice; the sum of a customer's entries is his balance, and the database lets it never fall below zero.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Select, insert, select, update
from sqlalchemy.orm import Session

from models.accounting.payments import STORE_CREDIT
from models.errors import Conflict, Invalid, NotFound
from models.money import to_minor, to_text
from models.orders import Order
from models.tables import balance_entries, balances
from store.documents import put_new

What = Literal["credited", "used", "put_back", "cleared"]
#: What gives the customer credit; the rest takes it.
GIVES: frozenset[What] = frozenset({"credited", "put_back"})


class Entry(BaseModel):
    """One entry of the running account: what for, by how much, and what remained then."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    key: str
    customer_id: str
    currency: str
    number: int
    what: What
    amount: int
    remains: int
    why: str
    order_no: str | None = None
    payment_no: str | None = None
    case_no: str | None = None
    by: str | None = None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An entry to be written: the account, what happens to it, and why."""

    key: str
    customer_id: str
    currency: str
    what: What
    amount: int
    why: str
    order_no: str | None = None
    payment_no: str | None = None
    case_no: str | None = None
    by: str | None = None


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def entry(session: Session, key: str) -> Entry | None:
    """The entry under a key."""
    row = session.execute(select(balance_entries).where(balance_entries.c.key == key)).first()
    return Entry.model_validate(row) if row else None


def entries(session: Session, customer_id: str | None = None) -> tuple[Entry, ...]:
    """The entries of a customer, or of all, account by account and the oldest first."""
    table = balance_entries.c
    found: Select[tuple[object, ...]] = select(balance_entries)
    if customer_id is not None:
        found = found.where(table.customer_id == customer_id)
    ordered = found.order_by(table.customer_id, table.currency, table.number)
    return tuple(Entry.model_validate(row) for row in session.execute(ordered))


def some(session: Session, after: int, most: int) -> tuple[Entry, ...]:
    """Some of all entries, in the same order, without reading the others."""
    table = balance_entries.c
    ordered = select(balance_entries).order_by(table.customer_id, table.currency, table.number)
    return tuple(Entry.model_validate(row) for row in session.execute(ordered.offset(after).limit(most)))


def of_customer(session: Session, customer_id: str) -> dict[str, int]:
    """What a customer has, by currency."""
    found = select(balances.c.currency, balances.c.amount).where(balances.c.customer_id == customer_id)
    return {row.currency: row.amount for row in session.execute(found.order_by(balances.c.currency))}


# ── writing ───────────────────────────────────────────────────────────────────────────────────────


def write(session: Session, wanted: Wanted, at: datetime) -> Entry:
    """Write an entry once; answers the one that is under its key, whatever that says.

    Raises Conflict when the account has less than is taken.
    """
    amount, count = _locked(session, wanted.customer_id, wanted.currency, at)
    known = entry(session, wanted.key)
    if known is not None:
        return known
    gives = wanted.what in GIVES
    remains = amount + (wanted.amount if gives else -wanted.amount)
    if remains < 0:
        raise Conflict(_short(wanted.customer_id, wanted.currency, amount, wanted.amount))
    row = {name: getattr(wanted, name) for name in wanted.__dataclass_fields__}
    sides = {"debit": "customer", "credit": "shop"} if gives else {"debit": "shop", "credit": "customer"}
    written = {**row, **sides, "number": count + 1, "remains": remains, "at": at}
    session.execute(insert(balance_entries).values(**written))
    changed = update(balances).where(*_account(wanted.customer_id, wanted.currency))
    session.execute(changed.values(amount=remains, entries=count + 1, changed_at=at))
    return Entry.model_validate(written)


def _locked(session: Session, customer_id: str, currency: str, at: datetime) -> tuple[int, int]:
    """What an account has, and of how many entries; nobody else changes it until the transaction ends."""
    new = {"customer_id": customer_id, "currency": currency, "amount": 0, "entries": 0, "changed_at": at}
    put_new(session, balances, [new])
    found = select(balances.c.amount, balances.c.entries).where(*_account(customer_id, currency)).with_for_update()
    row = session.execute(found).one()
    return row.amount, row.entries


def _account(customer_id: str, currency: str) -> tuple[ColumnElement[bool], ...]:
    return balances.c.customer_id == customer_id, balances.c.currency == currency


def _short(customer_id: str, currency: str, has: int, asked: int) -> str:
    said = f"{to_text(asked, currency)} {currency} of store credit was asked for"
    return f"{said}, and customer {customer_id} has {to_text(has, currency)}."


# ── orders that are paid with it ──────────────────────────────────────────────────────────────────


def pays_with_it(order: Order) -> bool:
    """Whether any payment of an order is store credit."""
    return any(_is_credit(payment.method) for payment in order.payments)


def _is_credit(method: str) -> bool:
    return method.strip().lower() == STORE_CREDIT


def use_for(session: Session, order: Order, before: Order | None, at: datetime) -> None:
    """Draw what an order's payments take of its customer's credit, once; put back what they no longer take (R2).

    Raises Conflict when the customer has less, or the order names none.
    """
    if not pays_with_it(order) and (before is None or not pays_with_it(before)):
        return
    customer, currency = order.customer.id, order.currency
    wanted = Counter[tuple[str, str, str]]()
    for payment in order.payments:
        if _is_credit(payment.method) and payment.amount:
            if customer is None:
                raise Conflict(f"Order {order.order_no} is paid with store credit and names no customer: send his id.")
            wanted[customer, currency, payment.payment_no] += payment.amount
    drawn = _drawn(session, order.order_no)
    changes = {key: wanted[key] - drawn[key] for key in wanted.keys() | drawn.keys() if wanted[key] != drawn[key]}
    # What is put back comes first, since the same customer may need it for another payment of the order.
    for (whose, kept_in, payment_no), amount in sorted(changes.items(), key=lambda change: (change[1], change[0])):
        _change(session, order, kept_in, whose, payment_no, amount, at)


def _drawn(session: Session, order_no: str) -> Counter[tuple[str, str, str]]:
    """What the payments of an order have taken so far, by customer, currency and payment."""
    table = balance_entries.c
    found = select(table.customer_id, table.currency, table.payment_no, table.what, table.amount)
    taken = Counter[tuple[str, str, str]]()
    ours = found.where(table.order_no == order_no, table.what.in_(("used", "put_back")))
    for customer, currency, payment_no, what, amount in session.execute(ours):
        taken[customer, currency, payment_no] += amount if what == "used" else -amount
    return taken


def _change(
    session: Session, order: Order, currency: str, customer: str, payment_no: str, amount: int, at: datetime
) -> None:
    table = balance_entries.c
    same = select(table.key).where(table.order_no == order.order_no, table.payment_no == payment_no)
    number = len(session.execute(same).all()) + 1
    wanted = Wanted(
        key=f"order:{order.order_no}:{payment_no}:{number}",
        customer_id=customer,
        currency=currency,
        what="used" if amount > 0 else "put_back",
        amount=abs(amount),
        why=f"payment {payment_no} of order {order.order_no}",
        order_no=order.order_no,
        payment_no=payment_no,
    )
    write(session, wanted, at)


# ── by hand ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearing:
    """Credit that is taken off an account by hand: paid out in cash, for one. `amount` None takes all of it."""

    key: str
    customer_id: str
    currency: str
    reason: str
    by: str
    amount: str | None = None


def clear(session: Session, clearing: Clearing, at: datetime) -> Entry:
    """Take credit off an account, with a reason (R2). The same key is carried out once.

    Raises NotFound for an account that is empty, Conflict for more than it has, or for a key that took something else.
    """
    has, _ = _locked(session, clearing.customer_id, clearing.currency, at)
    known = entry(session, clearing.key)
    if known is not None:
        if _asked(known, clearing) != (clearing.currency, known.amount, clearing.reason):
            raise Conflict("This Idempotency-Key was used for another request; use a new key for another clearing.")
        return known
    if not has:
        raise NotFound(f"Customer {clearing.customer_id} has no store credit in {clearing.currency}.")
    amount = has if clearing.amount is None else to_minor(clearing.amount, clearing.currency)
    if amount <= 0:
        raise Invalid("amount: more than zero", errors=[{"field": "amount", "message": "is more than zero"}])
    shared = {name: getattr(clearing, name) for name in ("key", "customer_id", "currency", "by")}
    return write(session, Wanted(what="cleared", amount=amount, why=clearing.reason, **shared), at)


def _asked(known: Entry, clearing: Clearing) -> tuple[str, int, str]:
    """What an entry was asked with, by its currency, reason, and the amount that is asked for now under its key."""
    if clearing.amount is None:
        amount = known.amount if not known.remains else -1  # all of it leaves nothing
    else:
        amount = to_minor(clearing.amount, known.currency)
    return known.currency, amount, known.why
