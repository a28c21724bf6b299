"""A shop that counts its stock: short ways to fill its shelf, look at it, and bring cases to an exchange."""

from sqlalchemy import Engine, func, select

from models.stock.places import INSIDE, OUTSIDE
from models.tables import stock_moves, stock_places
from store.engine import reading, writing
from store.stock import counting, listing
from store.stock.counting import Count, Hand
from tests.builders import DAY, NOW
from tests.models.story import found
from tests.store.till import Till

KETTLE, CUP = "KETTLE-17", "CUP-04"


def hand(key: str, reason: str = "counted at closing time") -> Hand:
    return Hand(key=key, by="liu", reason=reason, at=NOW + DAY)


def counted(engine: Engine, key: str = "first", **skus: int) -> None:
    """So much is on the shelf; names of articles are written with an underscore for the hyphen."""
    counts = [Count(sku.replace("_", "-"), quantity) for sku, quantity in skus.items()]
    with writing(engine) as session:
        counting.count(session, counts, hand(key))


def places(engine: Engine, sku: str = KETTLE) -> dict[str, int]:
    """Where the units of an article are, places without any left out."""
    with reading(engine) as session:
        return {place: n for place, n in listing.article(session, sku).places.items() if n}


def inspected(till: Till, disposition: str = "restock", quantity: int = 1) -> str:
    """A case whose kettles came back faulty, and went where the inspection says; answers its number."""
    case_no = till.opened(lines={1: quantity})
    till.drive(
        case_no,
        ("agent", "authorise_return"),
        ("customer", "ship_return", {"carrier": "sf", "waybill": f"SF {case_no}"}),
        ("warehouse", "book_in"),
        ("warehouse", "confirm_fault", {"lines": [found(quantity=quantity, disposition=disposition)]}),
    )
    return case_no


def exchanging(till: Till, disposition: str = "supplier", quantity: int = 1) -> str:
    """The same, and the customer gets new ones."""
    case_no = inspected(till, disposition, quantity)
    till.drive(case_no, ("agent", "choose_remedy", {"remedy": "exchange", "customer_agrees": True}))
    return case_no


def nowhere_twice(engine: Engine) -> None:
    """What every move took from one place it gave to another, and the places are what the moves say."""
    moved: dict[tuple[str, str], int] = {}
    with reading(engine) as session:
        for row in session.execute(select(stock_moves)):
            assert row.quantity > 0
            assert row.source != row.target
            moved[row.sku, row.source] = moved.get((row.sku, row.source), 0) - row.quantity
            moved[row.sku, row.target] = moved.get((row.sku, row.target), 0) + row.quantity
        there = {(row.sku, row.place): row.quantity for row in session.execute(select(stock_places)) if row.quantity}
        least = session.execute(select(func.min(stock_places.c.quantity))).scalar() or 0
    assert {key: n for key, n in moved.items() if key[1] in INSIDE and n} == there
    assert least >= 0
    for sku in {sku for sku, _ in moved}:
        inside = sum(n for (one, place), n in moved.items() if one == sku and place in INSIDE)
        outside = sum(n for (one, place), n in moved.items() if one == sku and place in OUTSIDE)
        assert inside == -outside  # all that is here came in, and nothing else
