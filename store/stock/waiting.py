"""Cases that wait for stock: the oldest is told first, once for each time that more has come (G5)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from models.case import Case
from models.lifecycle import State
from models.stock.following import awaited
from models.tables import cases, stock_items, stock_places, stock_waits
from store.documents import put


def write(session: Session, case: Case) -> None:
    """What the case waits for now, over what it waited for before; its place in the row is the time of its shortage."""
    items = awaited(case)
    here = stock_waits.c.case_no == case.case_no
    session.execute(delete(stock_waits).where(here, stock_waits.c.sku.not_in([sku for sku, _ in items])))
    if not items or case.short_since is None:
        return
    found = select(stock_items.c.sku, stock_items.c.arrivals).where(stock_items.c.sku.in_([sku for sku, _ in items]))
    arrivals = {row.sku: row.arrivals for row in session.execute(found)}
    row = {"case_no": case.case_no, "since": case.short_since, "ready": case.state is State.AWAITING_STOCK}
    rows = [{**row, "sku": sku, "quantity": n, "seen": arrivals.get(sku, 0)} for sku, n in items]
    put(session, stock_waits, rows, keep=("seen",))


def rebuild(session: Session) -> int:
    """The waits of all open cases anew from their documents; each is told again, which does no harm. How many wait."""
    session.execute(delete(stock_waits))
    out = cases.c.document["out_of_stock"].as_boolean()
    number = 0
    for document in session.execute(select(cases.c.document).where(cases.c.is_open, out)).scalars().all():
        write(session, Case.model_validate(document))
        number += 1
    session.execute(update(stock_waits).values(seen=0))
    return number


@dataclass(frozen=True, slots=True)
class Ring:
    """A case that can go on: what it waits for is there. `mark` tells this time from another."""

    case_no: str
    mark: str
    seen: tuple[tuple[str, int], ...]  # the arrivals of each of its articles, as of now


def to_ring(session: Session) -> tuple[Ring, ...]:
    """The cases whose stock has come since they were last told, the oldest first; nobody is overtaken."""
    wait, item = stock_waits.c, stock_items.c
    joined = stock_waits.join(stock_items, item.sku == wait.sku)
    news = select(wait.sku).select_from(joined).where(item.counted, wait.ready, item.arrivals > wait.seen)
    concerned = list(session.execute(news.distinct()).scalars())
    if not concerned:
        return ()
    of_them = select(wait.case_no).where(wait.sku.in_(concerned))
    found = select(stock_waits, item.arrivals, item.counted).select_from(joined).where(wait.case_no.in_(of_them))
    rows = session.execute(found.order_by(wait.since, wait.case_no, wait.sku)).all()
    return tuple(_in_turn(rows, _free(session, {row.sku for row in rows})))


def _free(session: Session, skus: Iterable[str]) -> Counter[str]:
    place = stock_places.c
    found = select(place.sku, place.quantity).where(place.sku.in_(sorted(skus)), place.place == "sellable")
    return Counter({row.sku: row.quantity for row in session.execute(found)})


def _in_turn(rows: Iterable[Any], free: Counter[str]) -> Iterable[Ring]:
    by_case: dict[str, list[Any]] = {}
    for row in rows:
        by_case.setdefault(row.case_no, []).append(row)
    for case_no, waits in by_case.items():
        if _can_go_on(waits, free):
            seen = tuple((row.sku, row.arrivals) for row in waits)
            mark = sha256(repr(seen).encode()).hexdigest()[:16]
            yield Ring(case_no, mark, seen)
        for row in waits:
            free[row.sku] -= row.quantity


def _can_go_on(waits: list[Any], free: Counter[str]) -> bool:
    there = all(row.counted and free[row.sku] >= row.quantity for row in waits)
    return there and any(row.ready and row.arrivals > row.seen for row in waits)


def rung(session: Session, rings: Iterable[Ring]) -> None:
    """These cases were told."""
    given = [{"case": ring.case_no, "article": sku, "now": seen} for ring in rings for sku, seen in ring.seen]
    if given:
        session.execute(_RUNG, given)


_RUNG = (
    update(stock_waits)
    .where(stock_waits.c.case_no == bindparam("case"), stock_waits.c.sku == bindparam("article"))
    .values(seen=bindparam("now"))
)
