"""The shelf under lock: what is where of some articles, and moves that never take more than is there.

Whoever moves stock locks its articles in the order of their names, after the order and the case, so that no two wait
for each other.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from models.stock.places import INSIDE, SHELF, Place, Why
from models.tables import stock_items, stock_moves, stock_places
from store.documents import put, put_new


class Shelf:
    """Some articles, held until the transaction ends; `write` puts down what was moved."""

    def __init__(self, session: Session, skus: Iterable[str], at: datetime) -> None:
        self._session, self._at = session, at
        wanted = sorted(set(skus))
        fresh = [{"sku": sku, "counted": False, "arrivals": 0, "changed_at": at} for sku in wanted]
        put_new(session, stock_items, fresh)
        here = stock_items.c
        held = select(here.sku, here.counted, here.arrivals).where(here.sku.in_(wanted)).order_by(here.sku)
        rows = session.execute(held.with_for_update()).all()
        self.counted = {row.sku for row in rows if row.counted}
        self.arrivals = {row.sku: row.arrivals for row in rows}
        self.quantities: Counter[tuple[str, Place]] = Counter()
        place = stock_places.c
        for row in session.execute(select(place.sku, place.place, place.quantity).where(place.sku.in_(wanted))):
            self.quantities[row.sku, row.place] = row.quantity
        self._before = Counter(self.quantities)
        self._moves: list[dict[str, Any]] = []
        self._came: set[str] = set()

    def move(self, sku: str, source: Place, target: Place, quantity: int, key: str, why: Why, **more: Any) -> None:
        """Units from one place to another. The caller has seen that they are there."""
        source, target = self._really(sku, source), self._really(sku, target)
        if source == target or quantity <= 0:
            return
        for place, sign in ((source, -1), (target, 1)):
            if place in INSIDE:
                self.quantities[sku, place] += sign * quantity
        if target == "sellable":
            self._came.add(sku)
        named = {"case_no": None, "by": None, "reason": None, **more}
        row = {"key": key, "sku": sku, "source": source, "target": target, "quantity": quantity, "why": why}
        same = next((one for one in self._moves if all(one[name] == row[name] for name in _KEY)), None)
        if same:
            same["quantity"] += quantity
        else:
            self._moves.append({**row, **named, "at": self._at})

    def _really(self, sku: str, place: Place) -> Place:
        return "uncounted" if place in SHELF and sku not in self.counted else place

    def count_from_now(self, sku: str, name: str | None) -> None:
        """The shop keeps the stock of this article here from now on."""
        self.counted.add(sku)
        row = {"sku": sku, "counted": True, "arrivals": self.arrivals[sku], "changed_at": self._at}
        put(self._session, stock_items, [row | ({"name": name} if name else {})], keep=("arrivals",))

    def write(self) -> None:
        """Write the moves, and the places as they are by them."""
        if not self._moves:
            return
        put_new(self._session, stock_moves, self._moves)
        changed = [(sku, place) for sku, place in self.quantities if self._differs(sku, place)]
        rows = [{"sku": sku, "place": place, "quantity": self.quantities[sku, place]} for sku, place in sorted(changed)]
        put(self._session, stock_places, rows)
        touched = sorted({row["sku"] for row in self._moves})
        more = [{"wanted": sku, "now": self.arrivals[sku] + (sku in self._came), "at": self._at} for sku in touched]
        self._session.execute(_TOUCH, more)

    def _differs(self, sku: str, place: Place) -> bool:
        return self.quantities[sku, place] != self._before[sku, place]


_KEY = ("key", "sku", "source", "target")
_TOUCH = (
    update(stock_items)
    .where(stock_items.c.sku == bindparam("wanted"))
    .values(arrivals=bindparam("now"), changed_at=bindparam("at"))
)
