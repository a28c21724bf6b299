"""Orders as they were bought, and what may change of them afterwards.

The money of an order is split into pots once, when the order comes in (F13). Shipments, deliveries and
contacts may change at any time; amounts and quantities only of lines from which nothing was drawn and of which no
open case holds a unit.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from models import tables
from models.accounting import echoes
from models.accounting.resplit import resplit
from models.errors import Conflict
from models.orders import Order
from models.pots import PaymentPot, Pot, Pots, pots_of
from store.accounting import credit, money, order_payments, payouts
from store.accounting import pots as pots_rows
from store.documents import is_postgres
from store.documents import put as put_row
from store.goods import waybills

Put = Literal["imported", "unchanged", "updated"]
_IMPORT_LOCK = 0x4146_5402


class Hold(BaseModel):
    """A hold that a case has placed on its order (L14)."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    case_no: str
    hold: str


# ── reading ───────────────────────────────────────────────────────────────────────────────────────


def load(session: Session, order_no: str) -> Order | None:
    """The order as it was last given, or None."""
    found = select(tables.orders.c.document).where(tables.orders.c.order_no == order_no)
    document = session.execute(found).scalar()
    return None if document is None else Order.model_validate(document)


def pots(session: Session, order_no: str, but: str | None = None) -> Pots | None:
    """What of an order's money is paid, in flight and refunded now (C2).

    For the case `but`, with what the order's other cases were granted, by whose limit.
    """
    found = pots_rows.load(session, order_no)
    return found if found is None or but is None else replace(found, granted=payouts.granted(session, order_no, but))


def holds(session: Session, order_no: str) -> tuple[Hold, ...]:
    """The holds that open cases have placed on an order; the warehouse looks here before it prints (L14)."""
    held = tables.order_holds
    found = select(held.c.case_no, held.c.hold).where(held.c.order_no == order_no)
    return tuple(Hold.model_validate(row) for row in session.execute(found.order_by(held.c.case_no, held.c.hold)))


# ── writing ───────────────────────────────────────────────────────────────────────────────────────


def put(session: Session, order: Order, now: datetime) -> Put:
    """Take an order in, or what is new of one that is here; what it takes of its customer's credit is drawn (R2).

    Raises Conflict when its money is spoken for, or that credit is short.
    """
    _one_importer_at_a_time(session)
    return _put(session, order, _hash(order), now)


def put_news(
    session: Session, order: Order, source: str, changed_at: datetime | None, now: datetime
) -> Put | Literal["older than what is here"]:
    """Take in what a storefront says of an order, unless it said something newer before. Raises Conflict like `put`."""
    _one_importer_at_a_time(session)
    known = tables.order_news.c
    if changed_at is not None:
        last = session.execute(select(known.changed_at).where(known.order_no == order.order_no)).scalar()
        if last is not None and changed_at < last:
            return "older than what is here"
    result = _put(session, order, _hash(order), now)
    if changed_at is not None:
        row = {"order_no": order.order_no, "source": source, "changed_at": changed_at}
        put_row(session, tables.order_news, [row])
    return result


def put_many(session: Session, orders: Sequence[Order], now: datetime) -> list[str]:
    """Take a batch in; per order `imported`, `unchanged`, `updated`, or why it was refused."""
    _one_importer_at_a_time(session)
    hashes = [_hash(order) for order in orders]
    known = _known(session, [order.order_no for order in orders])
    fresh: dict[str, int] = {}
    for i, order in enumerate(orders):
        if order.order_no not in known and not credit.pays_with_it(order):
            fresh.setdefault(order.order_no, i)
    _insert(session, [(orders[i], hashes[i]) for i in fresh.values()], now)
    return [
        "imported"
        if fresh.get(order.order_no) == i
        else "unchanged"
        if known.get(order.order_no) == hashes[i]
        else _put_or_reason(session, order, hashes[i], now)
        for i, order in enumerate(orders)
    ]


def _one_importer_at_a_time(session: Session) -> None:
    # Two imports of one file would otherwise meet at an order that neither of them has seen yet.
    if is_postgres(session):
        session.execute(select(func.pg_advisory_xact_lock(_IMPORT_LOCK)))


def _put_or_reason(session: Session, order: Order, content_hash: str, now: datetime) -> str:
    try:
        with session.begin_nested():  # what was drawn for an order that is refused after all is undone
            return _put(session, order, content_hash, now)
    except Conflict as refused:
        return refused.detail


def _put(session: Session, order: Order, content_hash: str, now: datetime) -> Put:
    before = _known(session, [order.order_no]).get(order.order_no)
    if before is None:
        credit.use_for(session, order, None, now)
        _insert(session, [(order, content_hash)], now)
        return "imported"
    if before == content_hash:
        return "unchanged"
    money.lock_order(session, order.order_no)
    known = load(session, order.order_no)
    assert known is not None
    order = _with_our_refunds(session, known, order)
    content_hash = _hash(order)
    if content_hash == before:
        return "unchanged"
    credit.use_for(session, order, known, now)
    columns = _columns(order, content_hash, now)
    del columns["imported_at"], columns["split_rule"]
    session.execute(update(tables.orders).where(tables.orders.c.order_no == order.order_no).values(**columns))
    waybills.tie_again(session, order)
    order_payments.tie_again(session, order)
    return "updated"


def _known(session: Session, order_nos: Sequence[str]) -> dict[str, str]:
    found = select(tables.orders.c.order_no, tables.orders.c.content_hash)
    rows = session.execute(found.where(tables.orders.c.order_no.in_(order_nos)))
    return {row.order_no: row.content_hash for row in rows}


def _insert(session: Session, orders: Sequence[tuple[Order, str]], now: datetime) -> None:
    if not orders:
        return
    session.execute(insert(tables.orders), [_columns(order, content_hash, now) for order, content_hash in orders])
    waybills.tie(session, [order for order, _ in orders])
    order_payments.tie(session, [order for order, _ in orders])
    rows = [pots_rows.as_rows(order.order_no, pots_of(order)) for order, _ in orders]
    for table, kind in ((tables.unit_pots, 0), (tables.postage_pots, 1), (tables.payment_pots, 2)):
        pots = [row for three in rows for row in three[kind]]
        if pots:
            session.execute(insert(table), pots)


def _columns(order: Order, content_hash: str, now: datetime) -> dict[str, Any]:
    return {
        "order_no": order.order_no,
        "document": order.model_dump(mode="json", exclude_defaults=True),
        "content_hash": content_hash,
        "split_rule": Pots(currency=order.currency).split_rule,
        "currency": order.currency,
        "channel": order.channel,
        "customer_id": order.customer.id,
        "customer_name": order.customer.name,
        "customer_phone": order.customer.phone,
        "placed_at": order.placed_at,
        "delivered_at": order.arrived_at,
        "imported_at": now,
        "updated_at": now,
    }


def _hash(order: Order) -> str:
    return hashlib.sha256(order.model_dump_json(exclude_defaults=True).encode()).hexdigest()


# ── what may change ───────────────────────────────────────────────────────────────────────────────


def _with_our_refunds(session: Session, before: Order, order: Order) -> Order:
    """The order as it is to be kept, its pots changed: what a storefront takes off because we refunded it changes
    nothing. Raises Conflict for what it paid back itself of goods that are in our cases (T21)."""
    drawn = pots(session, order.order_no)
    assert drawn is not None
    held = _held_lines(session, order.order_no)
    if not echoes.paid_back_since(before, order):
        _change_pots(session, before, order, drawn, held)
        return order
    refunded = payouts.given_back(session, order.order_no)
    as_it_was = echoes.as_it_was(before, order, drawn, refunded)
    try:
        if as_it_was is None and (refunded or held) and echoes.names_no_lines(before, order):
            raise echoes.not_ours(before, order, drawn, refunded)
        _change_pots(session, before, as_it_was or order, drawn, held)
    except Conflict:
        raise echoes.not_ours(before, order, drawn, refunded) from None
    return as_it_was or order


def _change_pots(session: Session, before: Order, order: Order, drawn: Pots, held: set[int]) -> None:
    after = pots_of(order)
    if not held and not _is_drawn(drawn):
        _replace_pots(session, order.order_no, after)
        return
    split = resplit(before, order, drawn, held)
    if (split.units, split.postage) != (drawn.units, drawn.postage):
        _replace_pots(session, order.order_no, split)
    _replace_payments(session, order.order_no, drawn, after)


def _is_drawn(drawn: Pots) -> bool:
    every: list[Pot] = [*drawn.units, *drawn.postage, *drawn.payments]
    return any(pot.left < pot.paid for pot in every) or any(pot.units_out or pot.raised for pot in drawn.units)


def _held_lines(session: Session, order_no: str) -> set[int]:
    """The lines of which an open case holds units."""
    held = tables.case_units.c
    return set(session.execute(select(held.line_no).where(held.order_no == order_no, held.open)).scalars())


def _replace_pots(session: Session, order_no: str, after: Pots) -> None:
    kept = (tables.unit_pots, tables.postage_pots, tables.payment_pots)
    for table, rows in zip(kept, pots_rows.as_rows(order_no, after), strict=True):
        session.execute(delete(table).where(table.c.order_no == order_no))
        if rows:
            session.execute(insert(table), rows)


def _replace_payments(session: Session, order_no: str, drawn: Pots, after: Pots) -> None:
    """Payments may still come in; one that money went back from stays as it is."""
    new = {pot.payment_no: pot for pot in after.payments}
    for pot in drawn.payments:
        if pot.collected_by is None and pot.left < pot.paid and not _same_payment(pot, new.get(pot.payment_no)):
            raise Conflict(f"Payment {pot.payment_no} of order {order_no} was refunded from; it cannot change.")
    used = {pot.payment_no: pot for pot in drawn.payments if pot.left < pot.paid}
    collected = tuple(pot for pot in drawn.payments if pot.collected_by is not None)  # no order knows of them (G6)
    payments = (*(used.get(pot.payment_no, pot) for pot in after.payments), *collected)
    session.execute(delete(tables.payment_pots).where(tables.payment_pots.c.order_no == order_no))
    rows = pots_rows.as_rows(order_no, Pots(currency=after.currency, payments=payments))[2]
    if rows:
        session.execute(insert(tables.payment_pots), rows)


def _same_payment(pot: PaymentPot, new: PaymentPot | None) -> bool:
    return new is not None and (new.amount, new.method) == (pot.amount, pot.method)
