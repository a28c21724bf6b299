"""Orders that open cases hold back: where the warehouse looks before it prints a label or lets a parcel go (L14)."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.tables import case_units, cases, order_holds, order_waybills, orders
from models.value import Value
from store.cursors import decode, encode

_h, _c, _u = order_holds.c, cases.c, case_units.c


class Held(Value):
    """An order that a case holds back, how, and with how many units of which line."""

    order_no: str
    case_no: str
    kind: str
    state: str
    customer_name: str | None
    owner: str | None
    holds: tuple[str, ...]
    lines: tuple[tuple[int, int], ...]


def page(session: Session, cursor: str | None, limit: int) -> tuple[tuple[Held, ...], str | None]:
    """A page of what is held back, the newest case first, and the cursor of the next page."""
    found = select(_h.case_no).group_by(_h.case_no)
    if cursor is not None:
        found = found.where(_h.case_no < decode(cursor, "holds", (_h.case_no,)))
    numbers = session.execute(found.order_by(_h.case_no.desc()).limit(limit + 1)).scalars().all()
    following = encode("holds", (numbers[limit - 1],)) if len(numbers) > limit else None
    return _of_cases(session, numbers[:limit]), following


def of_order(session: Session, order_no: str) -> tuple[Held, ...]:
    """All that holds this order back, the newest case first."""
    numbers = session.execute(select(_h.case_no).where(_h.order_no == order_no).distinct()).scalars().all()
    return _of_cases(session, sorted(numbers, reverse=True))


def order_of(session: Session, code: str) -> str | None:
    """The order that a code means, as a scanner reads it off a label: its own number, or a waybill of its parcels."""
    own = select(orders.c.order_no).where(orders.c.order_no.in_({code, code.upper()}))
    by_waybill = select(order_waybills.c.order_no).where(order_waybills.c.waybill.in_({code, code.upper()}))
    return session.execute(own).scalar() or session.execute(by_waybill.order_by(order_waybills.c.order_no)).scalar()


def _of_cases(session: Session, numbers: Sequence[str]) -> tuple[Held, ...]:
    holds: dict[str, list[str]] = defaultdict(list)
    for row in session.execute(select(_h.case_no, _h.hold).where(_h.case_no.in_(numbers)).order_by(_h.hold)):
        holds[row.case_no].append(row.hold)
    lines: dict[str, list[tuple[int, int]]] = defaultdict(list)
    units = select(_u.case_no, _u.line_no, _u.quantity).where(_u.case_no.in_(numbers), _u.open)
    for unit in session.execute(units.order_by(_u.line_no)):
        lines[unit.case_no].append((unit.line_no, unit.quantity))
    shown = (_c.case_no, _c.order_no, _c.kind, _c.state, _c.customer_name, _c.owner)
    found = session.execute(select(*shown).where(_c.case_no.in_(numbers)).order_by(_c.case_no.desc())).mappings()
    return tuple(Held(**row, holds=tuple(holds[row.case_no]), lines=tuple(lines[row.case_no])) for row in found)
