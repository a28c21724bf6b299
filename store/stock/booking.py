"""What a case's decisions move in the stock ledger, booked in the transaction of their commit, each key once.

What has happened is booked whatever the ledger thinks: where it has less than what was moved, the rest is corrected,
and the warehouse is asked to count. Only what is to be set aside can be refused, all of it or nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case as either
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models.case import Case
from models.stock.places import INSIDE, Items, Place, StockMove, together
from models.tables import stock_moves, stock_waits
from store.stock.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Booked:
    """What came of a list of moves: what the shelf had not, and of what it had less than was moved."""

    short: Items = ()
    to_count: Items = ()


def book(session: Session, case: Case, moves: Sequence[StockMove], at: datetime) -> Booked:
    """Book each move once. The case's row must be locked."""
    if not moves:
        return Booked()
    shelf = Shelf(session, {sku for move in moves for sku, _ in move.items}, at)
    booking = _Booking(session, case, shelf, at)
    done = _known(session, case.case_no)
    for move in moves:
        if move.key not in done:
            booking.take(move)
    shelf.write()
    return Booked(short=together(booking.short.items()), to_count=together(booking.to_count.items()))


class _Booking:
    def __init__(self, session: Session, case: Case, shelf: Shelf, at: datetime) -> None:
        self._case, self._shelf = case, shelf
        self._aside = _set_aside(session, case.case_no)
        self._older = _older_waits(session, case, case.short_since or at)
        self.short, self.to_count = Counter[str](), Counter[str]()

    def take(self, move: StockMove) -> None:
        if move.takes:
            self._set_aside(move)
            return
        for sku, quantity in move.items:
            self._carry(move, sku, quantity)

    def _set_aside(self, move: StockMove) -> None:
        missing = [(sku, quantity) for sku, quantity in move.items if self._free(sku) < quantity]
        if missing:
            self.short.update(dict(move.items))
            return
        for sku, quantity in move.items:
            self._move(move, sku, "sellable", quantity)
            self._aside[sku] += quantity if sku in self._shelf.counted else 0

    def _free(self, sku: str) -> float:
        """What a case may set aside: what cases that waited before it are to get is not free (G5)."""
        if sku not in self._shelf.counted:
            return float("inf")
        return self._shelf.quantities[sku, "sellable"] - self._older[sku]

    def _carry(self, move: StockMove, sku: str, quantity: int) -> None:
        left = quantity
        for source in self._sources(move, sku):
            part = min(left, self._there(sku, source))
            self._move(move, sku, source, part)
            self._aside[sku] -= part if source == "reserved" else 0
            left -= part
        if left and move.why not in ("released", "not_found"):
            self._move(move, sku, "correction", left)
            self.to_count[sku] += left

    def _sources(self, move: StockMove, sku: str) -> tuple[Place, ...]:
        if move.source == "reserved" and move.why in ("sent", "used"):
            return ("reserved", "sellable") if sku in self._shelf.counted else ("sellable",)
        return (move.source,)

    def _there(self, sku: str, source: Place) -> int:
        """What can be taken of a place: of what is set aside, the case's own."""
        if source == "reserved":
            return self._aside[sku]
        if source not in INSIDE or (source == "sellable" and sku not in self._shelf.counted):
            return 1_000_000_000
        return self._shelf.quantities[sku, source]

    def _move(self, move: StockMove, sku: str, source: Place, quantity: int) -> None:
        self._shelf.move(sku, source, move.target, quantity, move.key, move.why, case_no=self._case.case_no)


def _known(session: Session, case_no: str) -> set[str]:
    return set(session.execute(select(stock_moves.c.key).where(stock_moves.c.case_no == case_no)).scalars())


def _set_aside(session: Session, case_no: str) -> Counter[str]:
    """What is set aside for a case by now, by the moves that did it."""
    here = stock_moves.c
    sign = either((here.target == "reserved", here.quantity), else_=-here.quantity)
    found = select(here.sku, func.sum(sign)).where(
        here.case_no == case_no, or_(here.target == "reserved", here.source == "reserved")
    )
    return Counter({sku: int(quantity) for sku, quantity in session.execute(found.group_by(here.sku))})


def _older_waits(session: Session, case: Case, since: datetime) -> Counter[str]:
    """What cases are to get that waited before this one."""
    wait = stock_waits.c
    found = select(wait.sku, func.sum(wait.quantity)).where(
        wait.case_no != case.case_no,
        or_(wait.since < since, (wait.since == since) & (wait.case_no < case.case_no)),
    )
    return Counter({sku: int(quantity) for sku, quantity in session.execute(found.group_by(wait.sku))})
