"""What a workshop has to do and has done: one order for each repair of a case, with parts, promise and end (G7)."""

from datetime import datetime
from typing import Literal

from models.stock.places import Items, together
from models.value import Value

#: Our own; any other name is a vendor's.
OWN_WORKSHOP = "own"
Ended = Literal["finished", "failed", "declined"]


class Part(Value):
    """A part that a repair needs; one with an article's number comes off our shelf."""

    name: str
    quantity: int
    sku: str | None = None
    unit_price: int | None = None  # minor units of the order's currency


class RepairOrder(Value):
    """One repair: who does it, what was found, which parts and hours it needs, until when, and how it ended (G7)."""

    workshop: str = OWN_WORKSHOP
    diagnosis: str | None = None
    parts: tuple[Part, ...] = ()
    labour: int | None = None  # minor units
    promised_at: datetime | None = None  # the date that the workshop has given
    asked_at: datetime
    begun_at: datetime | None = None
    ended_at: datetime | None = None
    ended: Ended | None = None
    report: str | None = None  # what was done and tested, or why it failed

    @property
    def open(self) -> bool:
        return self.ended is None

    @property
    def off_the_shelf(self) -> Items:
        """The parts that come from our own stock."""
        return together((part.sku, part.quantity) for part in self.parts if part.sku)


Repairs = tuple[RepairOrder, ...]


def under_way(repairs: Repairs) -> RepairOrder | None:
    """The repair that has not ended."""
    return repairs[-1] if repairs and repairs[-1].open else None
