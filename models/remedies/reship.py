"""What was lost or never arrived is sent once more (L5, L6)."""

from models.pots import Pots
from models.remedies.parts import way_out
from models.remedies.remedy import Outcome, Remedy, SettlementAsk


def settle(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> Outcome:
    """The same goods go out again, at the cost of whoever is liable (L5)."""
    return way_out("L5", pots, ask)


REMEDY = Remedy(
    name="reship", settle=settle, withdraws_parcel=True, needs_stock=True, needs_lines=True, sends_goods=True
)
