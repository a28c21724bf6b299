"""Another product goes out instead (L10, G6)."""

from models.pots import Pots
from models.remedies.parts import price_difference
from models.remedies.remedy import Outcome, Remedy, SettlementAsk


def settle(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> Outcome:
    """Another product goes out: dearer is collected before shipping, cheaper refunded (G6)."""
    draws, dearer, difference = price_difference(pots, ask)
    return Outcome(rule="G6", draws=draws, owes=dearer, difference=dearer, sources=difference)


REMEDY = Remedy(
    name="substitute",
    settle=settle,
    withdraws_parcel=True,
    needs_stock=True,
    needs_lines=True,
    keeps_goods=True,
    other_goods=True,
    invoice="other",
    in_advance=True,
    sends_goods=True,
)
