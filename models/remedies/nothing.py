"""Nothing is owed: the answer was the remedy."""

from models.pots import Pots
from models.remedies.remedy import Outcome, Remedy, SettlementAsk


def settle(pots: Pots, free_shipping: bool, ask: SettlementAsk) -> Outcome:
    return Outcome(rule="none", sources=("Nothing is paid: the case ends with an answer.",))


REMEDY = Remedy(name="none", settle=settle, needs_order=False, grants=False)
