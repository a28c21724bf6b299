"""Somebody comes (T4, T19)."""

from models.pots import Pots
from models.remedies.parts import way_out
from models.remedies.remedy import Outcome, Remedy, SettlementAsk


def settle(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> Outcome:
    """A technician comes; the customer owes the quote where the fault is his (F10)."""
    return way_out("T19", pots, ask)


REMEDY = Remedy(name="visit", settle=settle, needs_order=False)
