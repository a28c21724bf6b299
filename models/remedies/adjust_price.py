"""Money that should not have been paid goes back: postage paid twice, a promised discount (K2)."""

from models.pots import Pots
from models.remedies.parts import paid_amount
from models.remedies.remedy import Outcome, Remedy, SettlementAsk


def settle(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> Outcome:
    """Overpaid postage and promised discounts are exact amounts (K2)."""
    return paid_amount("K2", pots, ask)


REMEDY = Remedy(name="adjust_price", settle=settle, pays=True, needs_amount=True, invoice="less")
