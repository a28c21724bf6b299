"""What people do to the stock ledger by hand: they count, and carry goods from one place to another. Each has a reason.

An article is counted from the first time that somebody says how much of it is on the shelf. Until then nothing is ever
short of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.errors import AftercareError, Conflict, NotFound
from models.stock.places import COUNTABLE, Place, Why
from models.tables import stock_items, stock_moves
from store.stock.listing import set_aside_for
from store.stock.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Count:
    """How many units were found in one place; on the shelf (`sellable`) those set aside for cases are among them."""

    sku: str
    quantity: int
    place: COUNTABLE = "sellable"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Hand:
    """Who does it, why and when; `key` makes its repeat harmless."""

    key: str
    by: str
    reason: str
    at: datetime


def count(session: Session, counts: Sequence[Count], hand: Hand) -> tuple[int, ...]:
    """Put the counts into the ledger, all of them or none; by how much each was off.

    Raises Conflict for fewer units on the shelf than are set aside, naming the cases.
    """
    shelf = Shelf(session, (one.sku for one in counts), hand.at)
    off = tuple(_counted(session, shelf, one, hand, place) for place, one in enumerate(counts, 1))
    shelf.write()
    return off


def count_each(session: Session, counts: Sequence[Count], hand: Hand) -> tuple[str | None, ...]:
    """The same for a file: what cannot be is left out, with the reason in its place."""
    shelf = Shelf(session, (one.sku for one in counts), hand.at)
    told: list[str | None] = []
    for place, one in enumerate(counts, 1):
        try:
            _counted(session, shelf, one, hand, place)
        except AftercareError as refused:
            told.append(refused.detail)
        else:
            told.append(None)
    shelf.write()
    return tuple(told)


def _counted(session: Session, shelf: Shelf, one: Count, hand: Hand, number: int) -> int:
    first = one.place == "sellable" and one.sku not in shelf.counted
    aside = 0
    if one.place == "sellable":
        aside = shelf.quantities[one.sku, "reserved"]
        if one.quantity < aside:
            raise _promised(session, one, aside)
        shelf.count_from_now(one.sku, one.name)
    off = one.quantity - aside - shelf.quantities[one.sku, one.place]
    outside: Place = "opening" if first else "correction"
    source, target = (outside, one.place) if off > 0 else (one.place, outside)
    why: Why = "opening" if first else "counted"
    key = f"by hand:{hand.key}:{number}"
    shelf.move(one.sku, source, target, abs(off), key, why, by=hand.by, reason=hand.reason)
    return off


def _promised(session: Session, one: Count, aside: int) -> Conflict:
    cases = [row.case_no for row in set_aside_for(session, one.sku)]
    told = f"{aside} of {one.sku} are set aside for {', '.join(cases)}, and only {one.quantity} were counted: "
    return Conflict(told + "report the shortage in one of these cases first (report_shortage).", case_nos=cases)


def carry(session: Session, sku: str, quantity: int, source: COUNTABLE, target: COUNTABLE, hand: Hand) -> None:
    """Carry units from one place to another, such as refurbished goods to the shelf.

    Raises NotFound for an article that the ledger does not know, Conflict for more than there is.
    """
    known = select(func.count()).select_from(stock_items).where(stock_items.c.sku == sku)
    if not session.execute(known).scalar_one():
        raise NotFound(f"The stock ledger has no article '{sku}'.")
    key = f"by hand:{hand.key}"
    done = select(func.count()).select_from(stock_moves).where(stock_moves.c.key == key)
    shelf = Shelf(session, (sku,), hand.at)
    if session.execute(done).scalar_one():
        return
    there = shelf.quantities[sku, source]
    if quantity > there:
        raise Conflict(f"{there} of {sku} are in '{source}', and {quantity} were to be moved: count them first.")
    shelf.move(sku, source, target, quantity, key, "moved", by=hand.by, reason=hand.reason)
    shelf.write()
