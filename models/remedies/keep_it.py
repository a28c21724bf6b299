"""The customer keeps the goods and gets a part back (K1–K4)."""

from models.pots import Pots
from models.remedies.parts import paid_amount
from models.remedies.remedy import Outcome, Remedy, SettlementAsk


def settle(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> Outcome:
    """An accepted offer is paid without goods moving (K4)."""
    return paid_amount("K4", pots, ask)


REMEDY = Remedy(name="keep_it", settle=settle, pays=True, needs_amount=True, invoice="less")
