"""Which card decides: two for one device are two promises; of several devices the first to end counts."""

from datetime import date

import pytest

from models.goods.warranty import Card, carded_until


def a_card(card_no: str, serial: str | None, until: str) -> Card:
    """A card that ends on that day."""
    end = date.fromisoformat(until)
    return Card(card_no=card_no, serial=serial, sku="LAMP-09", starts_on=end.replace(year=end.year - 1), months=12)


OLD, LONGER = a_card("W-1", "SN-7", "2026-11-04"), a_card("W-2", "SN-7", "2027-11-04")
OTHER, PAPER = a_card("W-3", "SN-8", "2027-03-01"), a_card("W-4", None, "2026-12-24")


@pytest.mark.parametrize(
    ("cards", "named", "until"),
    [
        ((OLD, LONGER), ("SN-7",), "2027-11-04"),  # both were issued for it: the later promise holds
        ((LONGER, OLD), ("SN-7",), "2027-11-04"),
        ((OLD, LONGER), ("W-1",), "2027-11-04"),  # whichever of its cards the customer finds in the drawer
        ((OLD, LONGER), (), "2027-11-04"),  # one device, so nothing is doubtful
        ((OLD, OTHER), (), "2026-11-04"),  # one of two devices, and nobody knows which
        ((OLD, LONGER, OTHER), (), "2027-03-01"),
        ((OLD, LONGER, OTHER), ("SN-8",), "2027-03-01"),
        ((OLD, OTHER, PAPER), ("W-4",), "2026-12-24"),
        ((OTHER, PAPER), (), "2026-12-24"),
    ],
)
def test_the_card_that_decides(cards: tuple[Card, ...], named: tuple[str, ...], until: str) -> None:
    assert carded_until(cards, named) == date.fromisoformat(until)
