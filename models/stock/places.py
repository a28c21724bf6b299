"""The places of the stock ledger and the moves between them: every move is from one place to another.

So the units of an article are nowhere twice, and all places together hold what came in, whatever is moved. What is
reserved for a case is a place too: a unit is either free to sell or set aside, never both.
"""

from typing import Any, Final, Literal, get_args

from pydantic import Field

from models.value import Value

#: Ours, and counted: never below zero.
Inside = Literal["sellable", "reserved", "quarantine", "refurbish", "scrap", "supplier", "transit", "lent"]
#: The other side of what comes and goes; `uncounted` is the shelf of an article of which the shop keeps no stock here.
Outside = Literal["customer", "opening", "correction", "used", "lost", "uncounted"]
Place = Inside | Outside
INSIDE: Final[tuple[Inside, ...]] = get_args(Inside)
OUTSIDE: Final[tuple[Outside, ...]] = get_args(Outside)
PLACES: Final[tuple[Place, ...]] = (*INSIDE, *OUTSIDE)
#: On the shelf: free to sell, or set aside for a case. Only these are `uncounted` where nobody counts.
SHELF: Final[frozenset[Place]] = frozenset({"sellable", "reserved"})
#: Where somebody may count, and so may put a number.
COUNTABLE = Literal["sellable", "quarantine", "refurbish", "scrap", "supplier"]

Why = Literal[
    "opening",  # the first count
    "counted",  # another count than the ledger had
    "moved",  # by hand
    "came",  # goods of a customer came in
    "sorted",  # an inspection said where they go (G3)
    "withdrawn",  # a parcel that did not leave (L7)
    "reserved",  # for a case (L14)
    "released",  # the case needs it no more
    "not_found",  # set aside by the ledger, and not there
    "sent",
    "arrived",  # at the customer's
    "came_back",  # refused at the door (L16)
    "lost",
    "lent",
    "returned",  # a loaner
    "used",  # in a repair
]
WHYS: Final[tuple[Why, ...]] = get_args(Why)

What = Literal["returned", "sent", "withdrawn", "loaner", "part"]
Items = tuple[tuple[str, int], ...]


class Held(Value):
    """Units that a case has to do with, and where they are: the customer's, those sent to him, parts, loaners."""

    what: What
    sku: str
    quantity: int
    place: Place
    serial: str | None = Field(None, exclude_if=lambda serial: serial is None)


class Step(Value):
    """Units on their way from one place to another, before they have a key."""

    source: Place
    target: Place
    why: Why
    items: Items

    @property
    def takes(self) -> bool:
        """Whether it sets units aside, which the shelf may refuse; every other step says what has happened."""
        return self.why == "reserved"


class StockMove(Step):
    """A step under its key, by which a repeat moves nothing."""

    key: str


Stock = tuple[Held, ...]


def together(items: Any) -> Items:
    """The items with each article once, in the order of their names; nothing of what is zero."""
    sums: dict[str, int] = {}
    for sku, quantity in items:
        sums[sku] = sums.get(sku, 0) + quantity
    return tuple((sku, sums[sku]) for sku in sorted(sums) if sums[sku] > 0)
