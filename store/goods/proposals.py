"""Which cases a box without a known code may be for: whatever is read off it leads to them, by indexes alone (G2)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models.goods.parcels import EXPECTING, Candidate, Clues, Proposal, nearly, ranked
from models.lifecycle import State
from models.tables import case_products, case_waybills, cases, order_waybills
from store.goods.parcels import Parcel

_c, _w, _p, _o = cases.c, case_waybills.c, case_products.c, order_waybills.c
#: So many cases are looked at by one clue; a name that hundreds bear tells nothing.
MOST = 40
#: How many of those that a box is expected for are looked at when nothing else is known.
EXPECTED = 10
#: So many numbers fit into one question.
_AT_ONCE = 500


def proposals(session: Session, parcel: Parcel, now: datetime) -> tuple[Proposal, ...]:
    """The likeliest cases with their reasons, best first; none for a box of which nothing is known."""
    clues = Clues.model_validate(parcel, from_attributes=True)
    found = dict.fromkeys((*_by_number(session, clues), *_by_person(session, clues), *_by_product(session, clues)))
    if not found:
        found = dict.fromkeys(_expected(session))
    return ranked(clues, _candidates(session, list(found)[: 4 * MOST], clues), now)


def _by_number(session: Session, clues: Clues) -> Iterator[str]:
    """By the waybill, by what it may be a misreading of, and by numbers in what somebody wrote."""
    exact = (*clues.numbers, *(word.upper() for word in clues.words), *clues.words)
    near = sorted({one for number in clues.numbers for one in nearly(number)})
    for some in _batches((*dict.fromkeys(exact), *near)):
        yield from _scalars(session, _w.case_no, _w.waybill.in_(some))
    if exact:
        yield from _scalars(session, _c.case_no, _c.case_no.in_(exact))
        yield from _scalars(session, _c.case_no, _c.order_no.in_(exact))
        tied = select(_o.order_no).where(_o.waybill.in_(exact))
        yield from _scalars(session, _c.case_no, _c.order_no.in_(tied))


def _by_person(session: Session, clues: Clues) -> Iterator[str]:
    if clues.tails:
        yield from _scalars(session, _c.case_no, _c.phone_tail.in_(clues.tails))
    if clues.names:
        yield from _scalars(session, _c.case_no, _c.customer_name.in_(clues.names))


def _by_product(session: Session, clues: Clues) -> Iterator[str]:
    skus = {word for one in clues.words for word in (one, one.upper())}
    if skus:
        yield from _scalars(session, _p.case_no, _p.sku.in_(sorted(skus)))


def _expected(session: Session) -> Iterator[str]:
    """Those that have waited longest for a box, when nothing else is known."""
    for state in EXPECTING:
        found = select(_c.case_no).where(_c.state == state.value).order_by(_c.due_order, _c.case_no).limit(EXPECTED)
        yield from session.execute(found).scalars()


def _scalars(session: Session, column: ColumnElement[str], where: ColumnElement[bool]) -> Iterable[str]:
    """The newest that hold."""
    return session.execute(select(column).where(where).order_by(column.desc()).limit(MOST)).scalars()


def _candidates(session: Session, numbers: list[str], clues: Clues) -> list[Candidate]:
    waybills, goods = _waybills(session, numbers), products(session, numbers)
    named = (_c.case_no, _c.state, _c.is_open, _c.order_no, _c.customer_name, _c.phone_tail, _c.due_at)
    rows = session.execute(select(*named).where(_c.case_no.in_(numbers))).all()
    own = _of_orders(session, {row.order_no for row in rows if row.order_no}, clues)
    return [
        Candidate(
            case_no=row.case_no,
            state=row.state,
            is_open=row.is_open,
            order_no=row.order_no,
            waybills=(*waybills.get(row.case_no, ()), *own.get(row.order_no, ())),
            name=row.customer_name,
            phone_tail=row.phone_tail,
            products=tuple(goods.get(row.case_no, ())),
            due_at=row.due_at,
        )
        for row in rows
    ]


def _waybills(session: Session, numbers: list[str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in session.execute(select(case_waybills).where(_w.case_no.in_(numbers))):
        found.setdefault(row.case_no, []).append(row.waybill)
    return found


def _of_orders(session: Session, order_nos: set[str], clues: Clues) -> Mapping[str, list[str]]:
    """The waybills that were found on the box and are their orders' own: what we sent, and comes back."""
    found: dict[str, list[str]] = {}
    here = select(order_waybills).where(_o.order_no.in_(sorted(order_nos)), _o.waybill.in_(clues.numbers))
    for row in session.execute(here) if order_nos and clues.numbers else ():
        found.setdefault(row.order_no, []).append(row.waybill)
    return found


def products(session: Session, numbers: Sequence[str]) -> Mapping[str, list[tuple[str, str]]]:
    """What these cases are about: SKU and name."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in session.execute(select(_p.case_no, _p.sku, _p.name).where(_p.case_no.in_(numbers))):
        found.setdefault(row.case_no, []).append((row.sku, row.name))
    return found


def _batches(values: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [values[i : i + _AT_ONCE] for i in range(0, len(values), _AT_ONCE)]


# ── known by what was scanned ─────────────────────────────────────────────────────────────────────


def cases_behind(session: Session, code: str) -> tuple[str, ...]:
    """The open cases of the orders whose own parcel this was: called back, refused or not deliverable (L7, L16)."""
    tied = select(_o.order_no).where(_o.waybill == code)
    ours = (State.RECALLING, State.INVESTIGATING, State.DELIVERING, State.INTERCEPTING)
    here = _c.is_open & _c.order_no.in_(tied) & _c.state.in_([state.value for state in ours])
    return tuple(session.execute(select(_c.case_no).where(here).order_by(_c.case_no.desc())).scalars())
