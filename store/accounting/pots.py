"""An order's pots as rows (C2, F13): one query reads all of them, and only sums that have changed are written.

Statements are composed once and sent often: whoever refunds holds the order while it waits for them.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    SelectBase,
    String,
    Table,
    Update,
    bindparam,
    cast,
    insert,
    literal_column,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from models.pots import Key, PaymentPot, PostagePot, Pot, Pots, UnitPot
from models.tables import Moment, orders, payment_pots, postage_pots, unit_pots
from models.tables.columns import Document
from store.documents import ask, execute

Rows = list[dict[str, Any]]

_ORDER_NO: Final = bindparam("wanted_order", type_=String)
#: What the parts of the query have in common; a part leaves out what its table has not.
_SHARED: Final[dict[str, ColumnElement[Any]]] = {
    "place": literal_column("0", Integer),
    "name": cast(null(), String),
    "word": cast(null(), String),
    **{number: literal_column("0", Integer) for number in ("rank", "units", "amount", "tax", "units_out")},
    **{number: literal_column("0", Integer) for number in ("in_flight", "refunded", "withheld", "raised")},
    "line_nos": cast(null(), Document),
    "collected_by": cast(null(), String),
    "paid_at": cast(null(), Moment),
}


def _part(sort: str, table: Table, **given: ColumnElement[Any]) -> Select[Any]:
    columns = ((given.get(name, empty)).label(name) for name, empty in _SHARED.items())
    return select(literal_column(f"'{sort}'", String).label("sort"), *columns).where(table.c.order_no == _ORDER_NO)


def _drawn(table: Table, *names: str) -> dict[str, ColumnElement[Any]]:
    return {name: table.c[name] for name in ("in_flight", "refunded", *names)}


_u, _s, _p = unit_pots.c, postage_pots.c, payment_pots.c
_READ: Final = union_all(
    _part("order", orders, name=orders.c.currency, word=orders.c.split_rule),
    _part(
        "unit",
        unit_pots,
        place=_u.line_no,
        amount=_u.goods,
        **_drawn(unit_pots, *("rank", "units", "tax", "units_out", "withheld", "raised")),
    ),
    _part(
        "postage",
        postage_pots,
        place=_s.position,
        name=_s.shipment_no,
        amount=_s.postage,
        **_drawn(postage_pots, "tax", "line_nos"),
    ),
    _part(
        "payment",
        payment_pots,
        place=_p.position,
        name=_p.payment_no,
        word=_p.method,
        collected_by=_p.collected_by,
        **_drawn(payment_pots, "amount", "paid_at"),
    ),
)


def load(session: Session, order_no: str) -> Pots | None:
    """All pots of an order as they are now, or None when there is no such order."""
    return of_rows(*ask(session, question(order_no)))


def question(order_no: str) -> tuple[SelectBase, dict[str, str]]:
    """What asks for all pots of an order; `of_rows` understands the answer."""
    return _READ, {"wanted_order": order_no}


def of_rows(found: Sequence[Any]) -> Pots | None:
    """The pots that were answered, or None when there is no such order."""
    rows: dict[str, list[Any]] = {"order": [], "unit": [], "postage": [], "payment": []}
    for row in found:
        rows[row.sort].append(row)
    if not rows["order"]:
        return None
    (order,) = rows["order"]
    return Pots(
        currency=order.name,
        split_rule=order.word,
        units=tuple(_unit(row) for row in sorted(rows["unit"], key=lambda row: (row.place, row.rank))),
        postage=tuple(_postage(row) for row in sorted(rows["postage"], key=lambda row: row.place)),
        payments=tuple(_payment(row) for row in sorted(rows["payment"], key=lambda row: row.place)),
    )


def _unit(row: Any) -> UnitPot:
    return UnitPot(
        line_no=row.place,
        rank=row.rank,
        units=row.units,
        goods=row.amount,
        tax=row.tax,
        units_out=row.units_out,
        in_flight=row.in_flight,
        refunded=row.refunded,
        withheld=row.withheld,
        raised=row.raised,
    )


def _postage(row: Any) -> PostagePot:
    drawn = {"in_flight": row.in_flight, "refunded": row.refunded}
    return PostagePot(shipment_no=row.name, line_nos=tuple(row.line_nos), postage=row.amount, tax=row.tax, **drawn)


def _payment(row: Any) -> PaymentPot:
    drawn = {"in_flight": row.in_flight, "refunded": row.refunded}
    taken = {"amount": row.amount, "paid_at": row.paid_at, "collected_by": row.collected_by}
    return PaymentPot(payment_no=row.name, method=row.word, **taken, **drawn)


def as_rows(order_no: str, pots: Pots) -> tuple[Rows, Rows, Rows]:
    """The pots as rows of their three tables: units, postage, payments."""
    units = [{"order_no": order_no, **_fields(pot)} for pot in pots.units]
    postage = [
        {"order_no": order_no, "position": i, **_fields(pot), "line_nos": list(pot.line_nos)}
        for i, pot in enumerate(pots.postage)
    ]
    payments = [{"order_no": order_no, "position": i, **_fields(pot)} for i, pot in enumerate(pots.payments)]
    return units, postage, payments


def _fields(pot: Pot) -> dict[str, Any]:
    return {name: getattr(pot, name) for name in pot.__dataclass_fields__}


# ── what was drawn ────────────────────────────────────────────────────────────────────────────────


def save_drawn(session: Session, order_no: str, before: Pots, after: Pots) -> None:
    """Write the sums that changed. The tables' checks refuse whatever should not have come this far."""
    old = {pot.key: pot for pot in _every(before)}
    _collected(session, order_no, after, old)
    for pot in _every(after):
        if pot != old.get(pot.key, pot):
            _, number, rank = pot.key
            here = {"wanted_order": order_no, "wanted_number": number, "in_flight": pot.in_flight}
            here |= (
                {"wanted_rank": rank, "units_out": pot.units_out, "withheld": pot.withheld, "raised": pot.raised}
                if isinstance(pot, UnitPot)
                else {}
            )
            execute(session, _SAVE[type(pot)], {**here, "refunded": pot.refunded})


def _collected(session: Session, order_no: str, after: Pots, old: Collection[Key]) -> None:
    """Payments that a case has collected are new rows behind the others."""
    rows = as_rows(order_no, Pots(currency=after.currency, payments=after.payments))[2]
    new = [row for pot, row in zip(after.payments, rows, strict=True) if pot.key not in old]
    if new:
        execute(session, insert(payment_pots), new)


def _every(pots: Pots) -> Iterator[Pot]:
    yield from pots.units
    yield from pots.postage
    yield from pots.payments


def _save(table: Table, number: str, *names: str) -> Update:
    sums: dict[str, Any] = {name: bindparam(name) for name in ("in_flight", "refunded", *names)}
    return (
        update(table).where(table.c.order_no == _ORDER_NO, table.c[number] == bindparam("wanted_number")).values(sums)
    )


_SAVE: Final[dict[type[Pot], Update]] = {
    UnitPot: _save(unit_pots, "line_no", "units_out", "withheld", "raised").where(_u.rank == bindparam("wanted_rank")),
    PostagePot: _save(postage_pots, "shipment_no"),
    PaymentPot: _save(payment_pots, "payment_no"),
}
